import { knownAssets } from '@dpf/control-plane';
import { describe } from '@jest/globals';
import { realControlPlanes } from '../fleet/real.ts';
import { misbehaviour } from './misbehaviour-stories.ts';

const assets = knownAssets('all');
const real = 'folder' in assets ? describe : describe.skip;

real('behind a proxy', () =>
  misbehaviour('A real API server misbehaves', () => realControlPlanes('folder' in assets ? assets.folder : '', { faults: true })),
);
