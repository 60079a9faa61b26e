/** All cases. */
import type { Case } from '../case.ts';
import { deletion } from './deletion.ts';
import { lists } from './lists.ts';
import { watches } from './watches.ts';
import { writes } from './writes.ts';

export const CASES: Case[] = [...writes, ...deletion, ...lists, ...watches];
