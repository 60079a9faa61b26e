/** The one table of deadlines, and what becomes of a wait that is past its own. */
import type { FailureClass, Reason } from '@dpf/api';
import { CONDITION_OF } from './conditions.ts';
import { at, isBeingDeleted, isClaimed, phaseOf } from './facts.ts';
import type { Observed } from './observed.ts';
import type { Outcome, Stay } from './outcome.ts';
import { hasJoined } from './phases/tenant-node.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const AGAIN_MS = SECOND;

/** Given to the agent with an install; it keeps them (architecture §4). */
export const INSTALL_DEADLINES = { noByteSeconds: 360, noLogSeconds: 900, totalSeconds: 3_600 } as const;

export interface Deadline {
  readonly ms: number;
  readonly reason: Reason;
  /** `stall`: keep on, but say so; `cancel`: ask the agent to stop; or fail with a class. */
  readonly then: 'stall' | 'cancel' | { readonly class: FailureClass };
  /** The end is looked at when it comes. A look so much later shows that nobody watched: the wait begins anew instead. */
  readonly unwatchedMs?: number;
}

/** The waits that have a deadline. Those without: see architecture §4. */
export const DEADLINES = {
  agentReports: { ms: 3 * MINUTE, reason: 'AgentSilent', then: 'stall' },
  nodeEffect: { ms: MINUTE, reason: 'NodeEffectOverdue', then: 'stall' },
  /** The agent's own 60 min and some time to say so. */
  install: { ms: INSTALL_DEADLINES.totalSeconds * SECOND + 5 * MINUTE, reason: 'InstallOverdue', then: 'cancel' },
  /** From the request on: an agent that can stop the installation does so within seconds, one that lets it end for a deletion within its time. */
  cancel: { ms: 5 * MINUTE, reason: 'CancelOverdue', then: 'stall' },
  cancelAtEnd: { ms: INSTALL_DEADLINES.totalSeconds * SECOND + 5 * MINUTE, reason: 'CancelOverdue', then: 'stall' },
  resetTaken: { ms: 20 * MINUTE, reason: 'AgentSilent', then: 'stall' },
  hostReset: { ms: 20 * MINUTE, reason: 'RebootOverdue', then: 'stall' },
  hostNetwork: { ms: 5 * MINUTE, reason: 'HostNetworkOverdue', then: 'stall' },
  clusterJoin: { ms: 30 * MINUTE, reason: 'TenantNodeOverdue', then: { class: 'transient' }, unwatchedMs: 5 * MINUTE },
  cleanup: { ms: 10 * MINUTE, reason: 'CleanupBlocked', then: 'stall' },
} as const satisfies Record<string, Deadline>;

/** An operation that is open has to be taken: 2 min, where the configuration says nothing else. */
const operationTaken = ({ agentSilentMs }: Observed): Deadline => ({ ms: agentSilentMs, reason: 'AgentSilent', then: 'stall' });

/**
 * Since when the DPU could have been seen to join: its condition is False from then on. It is Unknown while the cluster is out of reach, for that says nothing
 * about the DPU, and after a time in which no controller looked.
 */
function joinAwaitedSince({ dpu, now }: Observed): number | undefined {
  const condition = dpu.status?.conditions?.find(({ type }) => type === CONDITION_OF.DPUClusterConfig);
  return condition?.status === 'False' ? at(condition.lastTransitionTime) : now;
}

/** The deadlines that run now, each with the time it runs out (ms since 1970). */
function running(o: Observed, { resetDue, unknown }: Stay): (Deadline & { end: number })[] {
  const { status } = o.dpu;
  const from = (start: number | undefined, deadline: Deadline) => (start === undefined ? [] : [{ ...deadline, end: start + deadline.ms }]);
  const operation = status?.operation;
  const open = operation?.state === 'Open' ? operation : undefined;
  const phaseSince = at(status?.phaseSince);
  if (isClaimed(o) && operation && phaseOf(o) !== 'Deleting') {
    const reports = from(at(operation.reportedAt) ?? at(operation.openedAt), DEADLINES.agentReports);
    if (operation.state === 'Claimed') return [...from(at(operation.openedAt), DEADLINES.install), ...reports];
    return [...reports, ...from(at(operation.openedAt), isBeingDeleted(o) ? DEADLINES.cancelAtEnd : DEADLINES.cancel)];
  }
  switch (phaseOf(o)) {
    case 'Pending':
      return from(at(open?.openedAt), operationTaken(o));
    case 'NodeEffect':
      return from(phaseSince, DEADLINES.nodeEffect);
    case 'OSInstalling':
      return from(at(open?.openedAt), operationTaken(o));
    case 'Rebooting':
      // Both from the reset's submission: nobody took it, or nobody boots.
      if (!resetDue || o.host === 'absent') return [];
      return from(at(status?.attempt?.resetDueAt), o.host.reset ? DEADLINES.hostReset : DEADLINES.resetTaken);
    case 'HostNetworkConfiguration': {
      const silent = operation?.reportedAt === undefined ? from(at(open?.openedAt), operationTaken(o)) : [];
      return [...from(phaseSince, DEADLINES.hostNetwork), ...silent];
    }
    case 'DPUClusterConfig':
      // A failure means that the card is flashed anew: a Node that is Ready waits for nothing but our labels.
      return unknown || typeof o.tenant === 'string' || hasJoined(o) ? [] : from(joinAwaitedSince(o), DEADLINES.clusterJoin);
    case 'Deleting':
      return from(phaseSince, DEADLINES.cleanup);
    default:
      return [];
  }
}

/**
 * The Node is gone, and with it the agent's way to us; and an installation that went on without it has come to its end by now. Of a Node that is made again in
 * that time the agent reports.
 */
export function isBeyondWord({ host, dpu, now }: Observed): boolean {
  const operation = dpu.status?.operation;
  const asked = at(operation?.openedAt);
  if (host !== 'absent' || operation?.state !== 'Cancelling' || asked === undefined) return false;
  const heard = at(operation.reportedAt) ?? asked;
  return now >= Math.max(asked + DEADLINES.cancelAtEnd.ms, heard + DEADLINES.agentReports.ms);
}

/** A wait past its deadline becomes a stall, a cancel or a failure; any other wait looks again when its deadline ends. */
export function withDeadline(o: Observed, outcome: Outcome): Outcome {
  if (outcome.kind !== 'stay' || outcome.met) return outcome;
  const deadlines = running(o, outcome);
  const past = deadlines.find(({ end }) => o.now >= end);
  if (!past) {
    const soonest = Math.min(outcome.recheckMs ?? Infinity, ...deadlines.map(({ end }) => end - o.now));
    return Number.isFinite(soonest) && soonest < recheckOf(o, outcome) ? { ...outcome, recheckMs: soonest } : outcome;
  }
  if (past.unwatchedMs !== undefined && o.now >= past.end + past.unwatchedMs) return { ...outcome, unknown: true, recheckMs: AGAIN_MS };
  if (past.then === 'stall') return { ...outcome, quiet: false, stalled: true, reason: past.reason, message: stallMessage(past, outcome) };
  if (past.then === 'cancel') return { ...outcome, reason: past.reason, operation: 'cancel' };
  return { kind: 'fail', reason: past.reason, message: outcome.message, class: past.then.class };
}

function stallMessage(deadline: Deadline, stay: Stay): string {
  const { ms } = deadline;
  const time = ms < MINUTE ? `${Math.round(ms / SECOND)} s` : `${Math.round(ms / MINUTE)} min`;
  return `for more than ${time}: ${stay.message}`;
}

/** Milliseconds until a wait is looked at again: as stated, else as long as it has lasted, from 15 s up to 5 min, ±10 %. */
export function recheckOf(o: Observed, stay: Stay): number {
  const lasted = o.now - (at(o.dpu.status?.phaseSince) ?? o.now);
  return stay.recheckMs ?? Math.round(Math.min(5 * MINUTE, Math.max(15 * SECOND, lasted)) * (0.9 + 0.2 * o.chance));
}
