/** The conditions of a DpuSet: what a person and a tool (kubectl wait, kstatus, Argo CD) read of it. */
import type { Condition, Dpu, DpuSet, Reason } from '@dpf/api';
import { isFailed, isReady } from '../plan/availability.ts';
import type { Plan } from '../plan/plan.ts';
import { isRolling } from '../plan/rollout.ts';

export interface Counts {
  desired: number;
  current: number;
  updated: number;
  ready: number;
  unavailable: number;
  failed: number;
}

type Verdict = { status: 'True' | 'False'; reason: Reason; message: string };
const yes = (reason: Reason, message: string): Verdict => ({ status: 'True', reason, message });
const no = (reason: Reason, message: string): Verdict => ({ status: 'False', reason, message });

/** Every condition, with the time of its last change kept where its status stays. */
export function conditionsOf(set: DpuSet, plan: Plan, counts: Counts, now: Date): Condition[] {
  const verdicts: Record<string, Verdict> = {
    Ready: readiness(set, plan, counts),
    Progressing: progress(set, plan, counts),
    Paused: set.spec.paused
      ? yes('DpuSetPaused', 'spec.paused is true: nothing is created, updated or removed')
      : no('DpuSetNotPaused', ''),
    Stalled: stall(plan, counts),
    Conflict: conflict(plan),
  };
  return Object.entries(verdicts).map(([type, verdict]) => {
    const before = set.status?.conditions?.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now.toISOString();
    const observedGeneration = set.metadata.generation;
    return { type, ...verdict, lastTransitionTime, ...(observedGeneration === undefined ? {} : { observedGeneration }) };
  });
}

function readiness(set: DpuSet, plan: Plan, { desired, ready, updated, current }: Counts): Verdict {
  if (plan.deleting) return no('DpuSetDeleting', `${dpus(current)} still to be removed${summary(plan.own, isReady)}`);
  if (desired === 0) return no('NoDpuSelected', 'no DPU of any Node matches spec.nodeSelector and spec.dpuSelector');
  if (ready < desired) return no('DpusNotReady', `${ready} of ${dpus(desired)} ready${summary(plan.own, isReady)}`);
  if (updated < desired && isRolling(set))
    return no('DpusNotUpdated', `all ${dpus(desired)} are ready, ${updated} of them as the template says`);
  return yes('AllDpusReady', `${ready} of ${dpus(desired)} ready${updated < desired ? `, ${updated} of them as the template says` : ''}`);
}

function progress(set: DpuSet, plan: Plan, { desired, ready, updated, current }: Counts): Verdict {
  const { rollout, held } = plan.rollout;
  const granted = rollout.granted?.length ?? 0;
  if (plan.deleting) return yes('DpuSetDeleting', `${dpus(current)} still to be removed`);
  if (set.spec.paused) return no('DpuSetPaused', 'spec.paused is true; what is under way ends');
  if (granted > 0)
    return yes(
      'RollingOut',
      `${updated} of ${dpus(desired)} updated, ${granted} ${granted === 1 ? 'host' : 'hosts'} being updated${also(held)}`,
    );
  if (held !== undefined) return no('RolloutHeld', held);
  if (ready < desired) return yes('Provisioning', `${ready} of ${dpus(desired)} ready`);
  return no('RolloutComplete', `nothing to do for ${dpus(desired)}`);
}

function stall(plan: Plan, { failed }: Counts): Verdict {
  const [problem] = plan.problems;
  const [failure] = plan.failures;
  if (failure !== undefined) return yes('FailedCreate', failure);
  if (failed > 0) return yes('DpusFailed', summary(plan.own, (dpu) => !isFailed(dpu)).slice(2));
  if (plan.rollout.held !== undefined && !plan.rollout.rollout.granted?.length) return yes('RolloutHeld', plan.rollout.held);
  if (problem !== undefined)
    return yes('DiscoveryLabelInvalid', `${problem}${plan.problems.length > 1 ? ` (and ${plan.problems.length - 1} more)` : ''}`);
  return no('NotStalled', '');
}

function conflict({ conflicts }: Plan): Verdict {
  const [first] = conflicts;
  if (!first) return no('NoConflict', '');
  const more = conflicts.length > 1 ? ` (and ${conflicts.length - 1} more)` : '';
  return yes('CardTaken', `${first.holder} has card ${first.pci} of Node ${first.node}, which this set wants too${more}`);
}

/** What most of those that are not fine wait for, in the words of one of them: "; 3 of 5 waiting for DPUFlavor hbn to exist". */
function summary(own: readonly Dpu[], fine: (dpu: Dpu) => boolean): string {
  const groups = new Map<string, Dpu[]>();
  for (const dpu of own.filter((one) => !fine(one))) {
    const reason = reasonOf(dpu);
    groups.set(reason, [...(groups.get(reason) ?? []), dpu]);
  }
  const [largest] = [...groups.values()].sort((a, b) => b.length - a.length);
  const sample = largest?.[0];
  if (!largest || !sample) return '';
  const others = groups.size > 1 ? ` (and others for ${groups.size === 2 ? 'another reason' : `${groups.size - 1} other reasons`})` : '';
  return `; ${largest.length} of ${own.length} ${sentenceOf(sample)}${others}`;
}

const readyOf = ({ status }: Dpu) => status?.conditions?.find(({ type }) => type === 'Ready');
const reasonOf = (dpu: Dpu): string => (isFailed(dpu) ? dpu.status?.lastError?.reason : readyOf(dpu)?.reason) ?? dpu.status?.phase ?? '';

/** How a Dpu's own sentence goes on after "3 of 5": what it waits for, or how it failed. */
function sentenceOf(dpu: Dpu): string {
  const { status, metadata } = dpu;
  if (isFailed(dpu)) return `failed: ${status?.lastError?.message ?? 'see its conditions'}`;
  const message = readyOf(dpu)?.message || (status?.waitingFor && `waiting for ${status.waitingFor}`);
  if (message) return message;
  return status?.phase === undefined ? `not seen by dpu-controller yet` : `in phase ${status.phase} (${metadata.name})`;
}

const dpus = (count: number): string => `${count} ${count === 1 ? 'DPU' : 'DPUs'}`;
const also = (text: string | undefined): string => (text === undefined ? '' : `; ${text}`);
