/** All cases. */
import type { Case } from '../case.ts';
import { apply } from './apply.ts';
import { coreKinds } from './core-kinds.ts';
import { deletion } from './deletion.ts';
import { discovery } from './discovery.ts';
import { identity } from './identity.ts';
import { kubectl } from './kubectl.ts';
import { lists } from './lists.ts';
import { validation } from './validation.ts';
import { watches } from './watches.ts';
import { writes } from './writes.ts';

export const CASES: Case[] = [
  ...writes,
  ...apply,
  ...validation,
  ...deletion,
  ...lists,
  ...watches,
  ...coreKinds,
  ...identity,
  ...discovery,
  ...kubectl,
];
