/** All cases. */
import type { Case } from '../case.ts';
import { apply } from './apply.ts';
import { coreKinds } from './core-kinds.ts';
import { deletion } from './deletion.ts';
import { discovery } from './discovery.ts';
import { forms } from './forms.ts';
import { helm } from './helm.ts';
import { identity } from './identity.ts';
import { joining } from './joining.ts';
import { kubectl } from './kubectl.ts';
import { lists } from './lists.ts';
import { ours } from './ours.ts';
import { patches } from './patches.ts';
import { validation } from './validation.ts';
import { watches } from './watches.ts';
import { writes } from './writes.ts';

export const CASES: Case[] = [
  ...writes,
  ...patches,
  ...apply,
  ...validation,
  ...deletion,
  ...lists,
  ...forms,
  ...watches,
  ...coreKinds,
  ...identity,
  ...discovery,
  ...joining,
  ...ours,
  ...helm,
  ...kubectl,
];
