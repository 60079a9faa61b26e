/** Which bounds are explored. */
import { explore, type Verdict } from './checker.ts';
import { grantModel } from './grant-model.ts';
import { hostModel, type HostBounds } from './host/host-model.ts';
import { allBut, type RuleName, type Rules } from './rules.ts';

/** A model within bounds, to be explored with some rules. */
export interface Scope {
  name: string;
  explore(rules: Rules): Verdict;
}

const host = (cards: number, faults: number, only?: HostBounds['only']): Scope => {
  const bounds = { cards, faults, ...(only && { only }) };
  return { name: `${hostModel(bounds, allBut()).name}, at most ${faults} faults`, explore: (rules) => explore(hostModel(bounds, rules)) };
};
const grants = (faults: number): Scope => ({
  name: `1 DpuSet, 3 hosts, at most ${faults} faults`,
  explore: (rules) => explore(grantModel({ hosts: 3, faults }, rules)),
});

const REBOOTS = ['agent killed', 'orphaned push child', 'host reboots', 'reset fails', 'late announcement'];

/** In half a minute: for every change. */
export const QUICK: Scope[] = [host(1, 3), host(2, 2), host(2, 3, REBOOTS), grants(4)];

/** In minutes, and up to 4 GB. */
export const DEEP: Scope[] = [
  host(1, 4),
  host(2, 2),
  host(2, 3, ['stopped replica', 'delete, re-create', 'agent killed']),
  host(2, 3, REBOOTS),
  host(2, 3, ['stopped replica', 'spec change', 'delete, re-create', 'agent killed', 'deadline']),
  grants(5),
];

/** Where a counterexample is looked for: fewest faults first. */
const HUNT: Scope[] = [host(1, 0), host(2, 0), host(1, 1), host(2, 1), host(1, 2), grants(2), grants(3), grants(4), host(1, 3), host(2, 2)];

/** The counterexample with the fewest faults, then steps, to all rules but these. Undefined: none within the bounds. */
export function counterexample(
  without: readonly RuleName[],
  scopes: readonly Scope[] = HUNT,
): { scope: Scope; verdict: Verdict } | undefined {
  for (const scope of scopes) {
    const verdict = scope.explore(allBut(...without));
    if (verdict.broken) return { scope, verdict };
  }
  return undefined;
}

/** Bounds within which the lack of each rule shows, the smallest known. */
export const SHOWN_IN: Record<RuleName, Scope> = {
  'claim-recorded': host(1, 1),
  'end-before-next': host(1, 1),
  'card-lock': host(1, 2),
  'push-once': host(1, 1),
  'log-from-push': host(1, 1),
  'op-has-uid': host(1, 1),
  'holder-has-attempt': host(1, 2),
  sweep: host(1, 2),
  'sweep-reads-node-first': host(1, 2),
  'force-leaves-claim': host(1, 2),
  'claim-outdates': host(1, 3, ['late announcement', 'delete, re-create', 'force-delete']),
  'finalizer-first': host(1, 1),
  'reset-alone': host(2, 0),
  'reset-on-node': host(1, 1),
  'reset-journaled': host(2, 1),
  'boot-of-report': host(2, 0),
  'boots-are-ordered': host(2, 1),
  'job-forgotten': host(2, 0),
  'grant-numbered': grants(3),
  'release-numbered': grants(3),
  'grant-names-uid': grants(4),
  'set-before-list': grants(3),
};
