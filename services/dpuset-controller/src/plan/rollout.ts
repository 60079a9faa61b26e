/**
 * The grants of a rolling update: which hosts may be disrupted now. A grant is taken in DpuSet.status first (a compare-and-swap), then written on the Dpus.
 */
import type { Dpu, DpuSet, DpuSetStatus, Grant } from '@dpf/api';
import { budgetOf, costOf, usedBy, waitsForGrant, type Host } from './availability.ts';
import { needsUpdate, revisionOf, templatePatch } from './template.ts';

export type Rollout = NonNullable<DpuSetStatus['rollout']>;

/** A change of a Dpu under its grant, to be written only once the grant stands in DpuSet.status, and only over the resourceVersion of `dpu`. */
export interface GrantedPatch {
  dpu: Dpu;
  number: number;
  spec: Record<string, unknown>;
}

export interface RolloutPlan {
  rollout: Rollout;
  patches: GrantedPatch[];
  /** Why hosts that need the template's revision are not granted now; undefined: all that fit are. */
  held?: string;
  /** A new unavailability is being written: grants follow in the next reconcile, at once. */
  again: boolean;
}

export interface RolloutFacts {
  set: DpuSet;
  hosts: Host[];
  /** DPUs that the set wants; percentages are of it. */
  desired: number;
  /** DPUs out of service, as status will say. */
  unavailable: number;
  now: Date;
}

/** Gives back, replaces and takes grants; then says which Dpus are to be patched under those that stand. */
export function planRollout(facts: RolloutFacts): RolloutPlan {
  const { set, hosts } = facts;
  const before = set.status?.rollout ?? {};
  const halted = set.spec.paused === true || !isRolling(set);
  const numbers = numbersAfter(before, hosts);
  const kept = (before.granted ?? []).flatMap((grant) => {
    const alive = dpusOf(grant, hosts);
    if (alive.every((dpu) => isReleased(dpu, grant))) return [];
    const spent = alive.some((dpu) => carried(dpu) > grant.number || (carried(dpu) === grant.number && needsUpdate(dpu, set)));
    // The template moved on while this host was being updated: the same slot, a new number.
    return [spent && !halted ? { host: grant.host, number: numbers.next(), uids: uidsToUpdate(grant.host, hosts, set, alive) } : grant];
  });
  const wanting = hosts.filter((host) => !kept.some((grant) => grant.host === host.name) && host.dpus.some((dpu) => wantsUpdate(dpu, set)));
  const noted = facts.unavailable <= (set.status?.unavailable ?? -1);
  const { taken, held } = halted ? { taken: [] } : take(wanting, kept, noted, facts, () => numbers.next());
  const granted = [...kept, ...taken];
  const revision = revisionOf(set);
  const under = granted.length > 0 || wanting.length > 0;
  const startedAt = before.revision === revision && before.startedAt !== undefined ? before.startedAt : facts.now.toISOString();
  return {
    rollout: { revision, granted, ...(under ? { startedAt } : {}), ...(numbers.last > 0 ? { lastNumber: numbers.last } : {}) },
    patches: halted ? [] : patchesUnder(granted, set, hosts),
    again: !halted && !noted && wanting.length > 0,
    ...(held === undefined ? {} : { held }),
  };
}

/** The spec of existing Dpus follows the template; with OnDelete (Recreate is an alias) it stays until they are deleted. */
export const isRolling = (set: DpuSet): boolean => (set.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';

const carried = (dpu: Dpu): number => dpu.spec.grant ?? 0;
const wantsUpdate = (dpu: Dpu, set: DpuSet): boolean =>
  dpu.metadata.deletionTimestamp === undefined && (needsUpdate(dpu, set) || waitsForGrant(dpu));
/** Rule grant-names-uid: a grant is for the Dpus that it names and dies with them; one that came in their place is not patched under it. */
const dpusOf = (grant: Grant, hosts: Host[]): Dpu[] =>
  hosts.flatMap(({ dpus }) => dpus).filter(({ metadata }) => metadata.uid !== undefined && grant.uids.includes(metadata.uid));

/** Rule release-numbered: only a Dpu that carries this number, and is Ready with an attempt made for it at its own generation, gives the grant back. */
function isReleased(dpu: Dpu, grant: Grant): boolean {
  const { status, metadata, spec } = dpu;
  return (
    spec.grant === grant.number &&
    status?.attempt?.grant === grant.number &&
    status.phase === 'Ready' &&
    status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' &&
    status.observedGeneration === metadata.generation
  );
}

/** Numbers only grow, over every one that stands in the status or on a Dpu, whatever became of the status. */
function numbersAfter(before: Rollout, hosts: Host[]) {
  const known = [
    before.lastNumber ?? 0,
    ...(before.granted ?? []).map(({ number }) => number),
    ...hosts.flatMap(({ dpus }) => dpus.map(carried)),
  ];
  const numbers = { last: Math.max(...known), next: () => ++numbers.last };
  return numbers;
}

function uidsToUpdate(host: string, hosts: Host[], set: DpuSet, also: Dpu[] = []): string[] {
  const here = hosts.find(({ name }) => name === host)?.dpus ?? [];
  return here.filter((dpu) => also.includes(dpu) || wantsUpdate(dpu, set)).flatMap(({ metadata }) => metadata.uid ?? []);
}

/** Grants at a time, whatever the budget: they stand in one object, whose status every change writes again. Far below what the schema allows. */
const MOST_GRANTS = 1_000;

/** New grants, as many as fit. Hosts that were never in service come first and cost nothing, then those that are out of service anyway. */
function take(wanting: Host[], kept: Grant[], noted: boolean, facts: RolloutFacts, next: () => number): { taken: Grant[]; held?: string } {
  const { set, hosts, desired } = facts;
  const budget = budgetOf(set, desired);
  const slots = new Set(kept.map(({ host }) => host));
  let used = hosts.reduce((sum, host) => sum + usedBy(host, slots.has(host.name)), 0);
  const taken: Grant[] = [];
  const waiting: Host[] = [];
  const isFull = () => kept.length + taken.length >= MOST_GRANTS;
  const grant = ({ name }: Host) => taken.push({ host: name, number: next(), uids: uidsToUpdate(name, hosts, set) });
  for (const host of wanting.filter((one) => costOf(one) === 0))
    if (isFull()) waiting.push(host);
    else grant(host);
  const counted = wanting.filter((one) => costOf(one) > 0).sort((a, b) => usedBy(b, false) - usedBy(a, false));
  for (const host of counted) {
    const others = used - usedBy(host, false);
    // A host with more DPUs than the budget goes alone.
    const fits = others + costOf(host) <= budget || (others === 0 && costOf(host) > budget);
    if (noted && fits && !isFull()) {
      grant(host);
      used = others + costOf(host);
    } else waiting.push(host);
  }
  if (waiting.length === 0) return { taken };
  if (isFull()) return { taken, held: `${hostCount(waiting)}: ${MOST_GRANTS} hosts are granted at a time` };
  return { taken, held: `${hostCount(waiting)} for maxUnavailable (${budget}): ${used} unavailable or being updated` };
}

const hostCount = (hosts: Host[]): string =>
  hosts.length === 1 ? `host ${hosts[0]?.name} waits` : `${hosts.length} hosts (${hosts[0]?.name} …) wait`;

/** Rule grant-numbered: a grant's patch writes its number, and never goes over an equal or greater one: it holds for the very version that was read. */
function patchesUnder(granted: Grant[], set: DpuSet, hosts: Host[]): GrantedPatch[] {
  return granted.flatMap((grant) =>
    dpusOf(grant, hosts)
      .filter((dpu) => dpu.metadata.deletionTimestamp === undefined && carried(dpu) < grant.number)
      .map((dpu) => ({ dpu, number: grant.number, spec: { ...templatePatch(dpu, set), grant: grant.number } })),
  );
}
