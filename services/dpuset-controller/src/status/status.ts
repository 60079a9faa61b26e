/** DpuSet.status, from the plan alone. */
import { isDeepStrictEqual } from 'node:util';
import { PHASES, type Dpu, type DpuSet, type DpuSetStatus, type Phase } from '@dpf/api';
import { isFailed, isReady, unavailableOf } from '../plan/availability.ts';
import { needsUpdate } from '../plan/template.ts';
import type { Plan } from '../plan/plan.ts';
import { conditionsOf, type Counts } from './conditions.ts';

/** The whole status that follows from a plan. */
export function statusOf(set: DpuSet, plan: Plan, now: Date): DpuSetStatus {
  const counts: Counts = {
    desired: plan.desired,
    current: plan.own.length,
    updated: plan.own.filter((dpu) => isUpdated(dpu, set)).length,
    ready: plan.staying.filter(isReady).length,
    unavailable: unavailableOf(plan.staying, plan.desired, plan.rollout.rollout.granted ?? []),
    failed: plan.own.filter(isFailed).length,
  };
  return {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...counts,
    dpuStatistics: statistics(plan.own),
    rollout: plan.rollout.rollout,
    conditions: conditionsOf(set, plan, counts, now),
  };
}

/** The merge patch from the status that stands to the one that shall; undefined: nothing changed, nothing is written. */
export function statusPatch(before: DpuSetStatus | undefined, after: DpuSetStatus): Record<string, unknown> | undefined {
  if (isDeepStrictEqual(before, after)) return undefined;
  const gone = before?.rollout?.startedAt !== undefined && after.rollout?.startedAt === undefined ? { startedAt: null } : {};
  return { ...after, rollout: { ...after.rollout, ...gone } };
}

/** What the template asks for was put on the card by the attempt that this spec led to, and nothing says otherwise since. */
function isUpdated(dpu: Dpu, set: DpuSet): boolean {
  const { provisioned, attempt, outdated } = dpu.status ?? {};
  return (
    !needsUpdate(dpu, set) &&
    outdated === undefined &&
    provisioned !== undefined &&
    (attempt?.grant ?? 0) === (dpu.spec.grant ?? 0) &&
    provisioned.bfbSha256 === attempt?.inputs?.bfbSha256 &&
    provisioned.flavorHash === attempt.inputs.flavorHash
  );
}

function statistics(dpus: readonly Dpu[]): Record<Phase, number> {
  const counts = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  for (const dpu of dpus) counts[dpu.status?.phase ?? 'Initializing']++;
  return counts;
}
