/** status = f(object, outcome, now). Pure, and the only place that composes a Dpu's status. */
import { DPU_ANNOTATIONS, REASONS } from '@dpf/api';
import type { Condition, DpuAttempt, DpuOperation, DpuStatus, Phase } from '@dpf/api';
import { consequenceOf } from './attempt.ts';
import { CONDITION_OF, ROAD, withCondition } from './conditions.ts';
import { attemptOf, cardIsVisible, idOf, isClaimed, nameOf, phaseOf, pciOf } from './facts.ts';
import { unusableFormer } from './former-clusters.ts';
import { inHistory } from './history.ts';
import type { Observed } from './observed.ts';
import type { Advance, Fail, Outcome, Stay } from './outcome.ts';
import { progressOf } from './progress.ts';

/** The status that stands once this outcome is known. */
export function nextStatus(o: Observed, outcome: Outcome): DpuStatus {
  const base: DpuStatus = {
    ...o.dpu.status,
    observedGeneration: o.dpu.metadata.generation,
    phase: phaseOf(o),
    phaseSince: o.dpu.status?.phaseSince ?? iso(o),
    attempt: followSpec(o, attemptOf(o)),
    handledRetry: o.dpu.status?.attempt ? o.dpu.status.handledRetry : o.dpu.metadata.annotations?.[DPU_ANNOTATIONS.retry],
    pciDevice: `${pciOf(o).replace(/^(\w+)-(\w+)-(\w+)$/, '$1:$2:$3')}.0`,
  };
  switch (outcome.kind) {
    case 'stay':
      return stayed(o, base, outcome);
    case 'advance':
      return advanced(o, base, outcome);
    case 'fail':
      return failed(o, base, outcome);
  }
}

const iso = ({ now }: Observed): string => new Date(now).toISOString();

/** Until its inputs are frozen an attempt works on the spec as it is. */
function followSpec(o: Observed, attempt: DpuAttempt): DpuAttempt {
  return attempt.inputs ? attempt : { ...attempt, grant: o.dpu.spec.grant, generation: o.dpu.metadata.generation };
}

function stayed(o: Observed, status: DpuStatus, stay: Stay): DpuStatus {
  const phase = phaseOf(o);
  const attempt = status.attempt && {
    ...status.attempt,
    ...(stay.inputs ? { inputs: stay.inputs } : {}),
    resetDueAt: stay.resetDue ? (status.attempt.resetDueAt ?? iso(o)) : undefined,
  };
  const operation = changedOperation(o, stay) ?? status.operation;
  const text = `waiting for ${openEnded(stay.message)}${fixOf(stay)}`;
  const awaited = stay.condition ?? CONDITION_OF[phase];
  const set = conditionSetter(o, status);
  for (const [type, reason] of ROAD) {
    if (phase === 'Error' || phase === 'Deleting' || type === awaited) break;
    if (type === 'ClusterJoined' && !o.dpu.spec.cluster) continue;
    if (set.get(type)?.status !== 'True') set(type, 'True', reason, REASONS[reason].meaning);
  }
  if (awaited !== 'Ready') set(awaited, stay.unknown ? 'Unknown' : 'False', stay.reason, text);
  if (stay.met) set('Ready', 'True', stay.reason, REASONS[stay.reason].meaning);
  else set('Ready', 'False', stay.reason, text);
  const reconciling = !stay.met && !stay.stalled;
  set('Reconciling', reconciling ? 'True' : 'False', stay.reason, reconciling ? text : 'nothing is under way');
  set('Stalled', stay.stalled ? 'True' : 'False', stay.reason, stay.stalled ? text : 'nothing needs a person');
  return {
    ...status,
    ...stay.record,
    attempt,
    operation,
    conditions: formerCondition(o, stay, cardCondition(o, phase, set.all())),
    waitingFor: stay.met ? undefined : waitingFor(o, stay),
    progress: progressOf(phase, operation, stay),
  };
}

function changedOperation(o: Observed, { operation: change }: Stay): DpuOperation | undefined {
  const operation = o.dpu.status?.operation;
  if (change === undefined) return undefined;
  if (change !== 'cancel') return { id: idOf(o, change.open), kind: change.open, state: 'Open', openedAt: iso(o) };
  return operation?.state === 'Claimed' ? { ...operation, state: 'Cancelling', openedAt: iso(o) } : operation;
}

function advanced(o: Observed, status: DpuStatus, { to, reason, message, record, attempt: next }: Advance): DpuStatus {
  const from = phaseOf(o);
  const set = conditionSetter(o, status);
  const history = inHistory(status, from, o.now);
  const at = { phase: to, phaseSince: iso(o) };
  const attempt = status.attempt && { ...status.attempt, nextRetryTime: undefined };
  if (next && attempt) {
    const kept = to === 'Initializing' ? {} : { inputs: attempt.inputs, installed: attempt.installed };
    for (const [type] of ROAD) if (to === 'Initializing' && set.get(type)) set(type, 'Unknown', reason, message);
    return {
      ...status,
      ...at,
      ...record,
      attempt: followSpec(o, {
        number: attempt.number + 1,
        retries: next.retries,
        startedAt: iso(o),
        grant: attempt.grant,
        generation: attempt.generation,
        ...kept,
      }),
      operation: undefined,
      handledRetry: o.dpu.metadata.annotations?.[DPU_ANNOTATIONS.retry] ?? status.handledRetry,
      history: history(next.result, status.lastError?.reason),
      conditions: set.all(),
    };
  }
  const done = CONDITION_OF[from];
  if (to !== 'Deleting' && done !== 'Ready' && !(done === 'ClusterJoined' && !o.dpu.spec.cluster)) set(done, 'True', reason, message);
  return {
    ...status,
    ...at,
    ...record,
    attempt: attempt && {
      ...attempt,
      ...(to === 'Rebooting' ? { installed: attempt.number } : {}),
      ...(to === 'Ready' ? adopted(o, from) : {}),
    },
    operation: to === 'Deleting' && !isClaimed(o) ? undefined : status.operation,
    lastError: to === 'Ready' ? undefined : status.lastError,
    history: history(to === 'Ready' ? 'Succeeded' : to === 'Deleting' ? 'Superseded' : 'Running'),
    conditions: set.all(),
  };
}

/** Ready → Ready: the card has the granted revision already, so the grant is this attempt's. */
const adopted = (o: Observed, from: Phase): Partial<DpuAttempt> =>
  from === 'Ready' ? { grant: o.dpu.spec.grant, generation: o.dpu.metadata.generation } : {};

function failed(o: Observed, status: DpuStatus, failure: Fail): DpuStatus {
  const phase = phaseOf(o);
  const consequence = consequenceOf(failure, status, phase, o.now, o.chance);
  const { reason, message, class: failureClass } = failure;
  const history = inHistory(status, phase, o.now)('Failed', reason);
  const lastError = { reason, message: clipped(message), at: iso(o), class: failureClass };
  if (consequence.then === 'error') return { ...status, lastError, history, phase: 'Error', phaseSince: iso(o) };
  const nextRetryTime = new Date(o.now + consequence.pauseMs).toISOString();
  return { ...status, lastError, attempt: status.attempt && { ...status.attempt, nextRetryTime, retries: consequence.retries } };
}

/** What is awaited, on which object, since when, and what to do about it. The same wait keeps its time. */
function waitingFor(o: Observed, stay: Stay): string {
  const start = `${openEnded(stay.message)} (since `;
  const old = o.dpu.status?.waitingFor;
  return old?.startsWith(start) ? old : `${start}${iso(o)})${fixOf(stay)}`;
}

/** A sentence of somebody else's, at the end of ours, brings its full stop along. */
const openEnded = (message: string): string => clipped(message.replace(/\.$/, ''));

/** Room for what is said around it: the API takes 4096 characters, and an API server's own words know no bound. */
const clipped = (message: string): string => message.slice(0, 3_000);

const fixOf = ({ reason }: Stay): string => (REASONS[reason].fix === '' ? '' : `. ${REASONS[reason].fix}`);

/** The same list when it has none. */
const without = (conditions: Condition[], type: string): Condition[] =>
  conditions.some((condition) => condition.type === type) ? conditions.filter((condition) => condition.type !== type) : conditions;

/** Our own flash makes the card leave the bus: only where nothing of ours explains it is it worth a condition. */
function cardCondition(o: Observed, phase: Phase, conditions: Condition[]): Condition[] {
  const settled = phase === 'Ready' || phase === 'Error';
  const missing = settled && o.host !== 'absent' && !cardIsVisible(o.host, pciOf(o));
  if (!missing) return without(conditions, 'CardMissing');
  const change = { type: 'CardMissing', status: 'True', reason: 'CardMissing', message: REASONS.CardMissing.meaning } as const;
  return [...withCondition(conditions, change, iso(o))];
}

/** A Node that stays in a cluster which the DPU has left; where the clusters were not looked at, what was known holds. */
function formerCondition(o: Observed, { record }: Stay, conditions: Condition[]): Condition[] {
  if (!o.former) return conditions;
  const left = unusableFormer(o, record?.formerClusters ?? o.dpu.status?.formerClusters ?? []);
  if (left.length === 0) return without(conditions, 'FormerNodeLeft');
  const what = left.map(({ cluster, message }) => `Node ${o.dpu.metadata.name} of ${nameOf(cluster)} could not be removed: ${message}`);
  const message = `${openEnded(what.join('; '))}. ${REASONS.FormerNodeLeft.fix}`;
  return [...withCondition(conditions, { type: 'FormerNodeLeft', status: 'True', reason: 'FormerNodeLeft', message }, iso(o))];
}

function conditionSetter(o: Observed, status: DpuStatus) {
  let conditions: readonly Condition[] = status.conditions ?? [];
  const now = iso(o);
  const set = (type: string, value: Condition['status'], reason: string, message: string) => {
    conditions = withCondition(conditions, { type, status: value, reason, message }, now);
  };
  return Object.assign(set, {
    get: (type: string) => conditions.find((condition) => condition.type === type),
    all: () => conditions as Condition[],
  });
}
