import { EMBEDDED } from '../fleet/embedded.ts';
import { misbehaviour } from './misbehaviour-stories.ts';

misbehaviour('The embedded API server misbehaves', () => EMBEDDED);
