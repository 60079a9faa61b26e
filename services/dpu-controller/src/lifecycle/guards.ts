/** What comes before every phase: deletion, a new revision, a requested retry, the pause between tries, spec.paused, a lost host. */
import { DPU_ANNOTATIONS, REASONS, type Reason } from '@dpf/api';
import { restartsIn } from './attempt.ts';
import { isBeyondWord, withDeadline } from './deadlines.ts';
import {
  at,
  attemptOf,
  idOf,
  inputsNow,
  isBeingDeleted,
  isClaimed,
  isForced,
  isOwned,
  operationOf,
  pciOf,
  phaseOf,
  readySibling,
  sameInputs,
  uidOf,
} from './facts.ts';
import type { Observed } from './observed.ts';
import type { Advance, Effect, Outcome } from './outcome.ts';

/** The outcome that a guard demands, or undefined: the phase decides. */
export type Guard = (o: Observed) => Outcome | undefined;

/** In this order; the first that answers wins. */
export const GUARDS: readonly Guard[] = [deletion, revision, requestedRetry, pauseBetweenTries, paused, lostHost];

/** From any phase, at a safe point: never between the first byte pushed and the end of the install, unless forced, or its host is gone beyond that end. */
function deletion(o: Observed): Outcome | undefined {
  if (!isBeingDeleted(o) || phaseOf(o) === 'Deleting') return undefined;
  const operation = o.dpu.status?.operation;
  const beyondWord = isBeyondWord(o);
  if (isClaimed(o) && !isForced(o) && !beyondWord) {
    return withDeadline(o, {
      kind: 'stay',
      reason: 'DeletionWaitsForInstall',
      message: `the agent of host ${o.dpu.spec.nodeName} to end the installation that it has begun; then the Dpu is deleted`,
      operation: 'cancel',
      effects: [{ do: 'submit', id: idOf(o, 'install') }],
    });
  }
  return {
    kind: 'advance',
    to: 'Deleting',
    reason: 'Deleting',
    message: beyondWord
      ? `Node ${o.dpu.spec.nodeName} is gone, and the time in which its agent could end the installation too: there is no host to clean`
      : 'the Dpu is being deleted',
    effects: operation?.state === 'Open' ? [{ do: 'withdraw', id: operation.id }] : [],
  };
}

/**
 * A new attempt, unless the agent may be at work on the card or a reset of its host is due.
 * Rule end-before-next: a claimed operation ends by the agent's word before the next attempt is made.
 */
function nextAttempt(o: Observed, start: Omit<Advance, 'kind' | 'effects'>): Advance | undefined {
  const phase = phaseOf(o);
  if (isClaimed(o) || phase === 'Rebooting' || (phase === 'Deleting' && start.to !== 'Deleting')) return undefined;
  const operation = o.dpu.status?.operation;
  const effects: Effect[] = operation?.state === 'Open' ? [{ do: 'withdraw', id: operation.id }] : [];
  return { kind: 'advance', ...start, effects };
}

/** A flash starts only from a granted revision; a Dpu made by hand is its own grant. In Error any change of the spec is worth a try, unless its reset would hit a Ready DPU of the host that no grant covers. */
function revision(o: Observed): Outcome | undefined {
  const { status, spec, metadata } = o.dpu;
  const attempt = status?.attempt;
  if (!attempt || !(attempt.inputs || phaseOf(o) === 'Error')) return undefined;
  const granted = (spec.grant ?? 0) > (attempt.grant ?? 0);
  const changed = metadata.generation !== attempt.generation;
  const now = inputsNow(o);
  const disturbs = isOwned(o) && readySibling(o) !== undefined;
  // The grant was given while its card was being made just that: Ready takes it over, once it is known what the inputs are now.
  if (granted && !namesOthers(o) && (isFlashed(o) || (phaseOf(o) === 'Ready' && !now))) return undefined;
  const isNew = granted || (changed && (phaseOf(o) === 'Error' ? !disturbs : !isOwned(o) && namesOthers(o)));
  if (!isNew) return undefined;
  if (phaseOf(o) === 'Ready' && now && attempt.inputs && sameInputs(now, attempt.inputs))
    return { kind: 'advance', to: 'Ready', reason: 'AlreadyProvisioned', message: 'the card has the granted revision already' };
  return nextAttempt(o, {
    to: 'Initializing',
    reason: 'NewRevision',
    message: granted ? `revision of grant ${spec.grant}` : `generation ${metadata.generation}`,
    attempt: { retries: 0, result: phaseOf(o) === 'Ready' ? 'Succeeded' : 'Superseded' },
  });
}

/** The card has the image of this attempt, which is not at its end. */
function isFlashed(o: Observed): boolean {
  const phase = phaseOf(o);
  if (phase === 'OSInstalling') return operationOf(o, 'install')?.state === 'Succeeded';
  return phase === 'HostNetworkConfiguration' || phase === 'DPUClusterConfig';
}

/** The spec names another image, flavor or cluster than the attempt was begun with. */
function namesOthers(o: Observed): boolean {
  const { spec } = o.dpu;
  const inputs = attemptOf(o).inputs;
  const { tenant } = o;
  const cluster = spec.cluster
    ? typeof tenant !== 'string' && tenant.state === 'Reachable'
      ? tenant.clusterUid
      : inputs?.clusterUid
    : undefined;
  return !inputs || inputs.bfb !== spec.bfb || inputs.dpuFlavor !== spec.dpuFlavor || inputs.clusterUid !== cluster;
}

function requestedRetry(o: Observed): Outcome | undefined {
  const { status, metadata } = o.dpu;
  const requested = metadata.annotations?.[DPU_ANNOTATIONS.retry];
  if (!status?.attempt || requested === undefined || requested === status.handledRetry) return undefined;
  return nextAttempt(o, {
    to: 'Initializing',
    reason: 'RetryRequested',
    message: 'asked for by annotation',
    attempt: { retries: 0, result: phaseOf(o) === 'Ready' ? 'Succeeded' : 'Superseded' },
  });
}

/** After a failure: waits for the time of the next try, then begins it. In Rebooting the pause is the reset's, and the phase keeps it. */
function pauseBetweenTries(o: Observed): Outcome | undefined {
  const { status } = o.dpu;
  const phase = phaseOf(o);
  const next = at(status?.attempt?.nextRetryTime);
  if (next === undefined || phase === 'Rebooting' || (phase === 'Deleting' && isForced(o))) return undefined;
  const begins = Math.min(next, soonerByAnnouncement(o));
  if (o.now >= begins)
    return nextAttempt(o, {
      to: restartsIn(phase),
      reason: 'NewAttempt',
      message: `after: ${status?.lastError?.message ?? 'a failure'}`,
      attempt: { retries: attemptOf(o).retries, result: 'Failed' },
    });
  const { reason, message, class: failureClass } = status?.lastError ?? {};
  return {
    kind: 'stay',
    reason: reason !== undefined && reason in REASONS ? (reason as Reason) : 'WaitingForRetry',
    message: `the next try at ${status?.attempt?.nextRetryTime}, after: ${message}`,
    recheckMs: begins - o.now,
    stalled: failureClass !== 'transient',
  };
}

/** When the next try begins because the agent announced itself after a preflight failed: what was wrong with card or host may be right now. */
function soonerByAnnouncement(o: Observed): number {
  const announced = o.host === 'absent' ? undefined : at(o.host.agent?.at);
  const failed = at(o.dpu.status?.lastError?.at);
  const changed = phaseOf(o) === 'Pending' && announced !== undefined && failed !== undefined && announced > failed;
  return changed ? failed + SHORTEST_PAUSE_MS : Infinity;
}
/** The two times are of two replicas' clocks: where they differ each failure may seem to be before the announcement, and would be tried again at once, and again. */
const SHORTEST_PAUSE_MS = 5_000;

/** Nothing new is started; a running install ends, and what follows it is finished. */
function paused(o: Observed): Outcome | undefined {
  if (!o.dpu.spec.paused || o.report) return undefined;
  const phase = phaseOf(o);
  const startsSomething =
    phase === 'Initializing' || phase === 'Pending' || phase === 'NodeEffect' || (phase === 'OSInstalling' && !isClaimed(o));
  const operation = o.dpu.status?.operation;
  const installed = operation?.kind === 'install' && operation.state === 'Succeeded';
  if (!startsSomething || installed) return undefined;
  return {
    kind: 'stay',
    reason: 'Paused',
    message: 'spec.paused to be cleared',
    effects: operation?.state === 'Open' ? [{ do: 'withdraw', id: operation.id }] : [],
  };
}

/** The Node went, or was made again without our claim, while the Dpu was being worked on. A report is heard first. */
function lostHost(o: Observed): Outcome | undefined {
  const phase = phaseOf(o);
  if (o.report || phase === 'Initializing' || phase === 'Deleting') return undefined;
  if (o.host === 'absent')
    return { kind: 'stay', reason: 'NodeNotFound', message: `Node ${o.dpu.spec.nodeName} to exist again`, stalled: true };
  const claim = o.host.claims[pciOf(o)];
  if (claim?.uid === uidOf(o)) return undefined;
  if (!claim)
    return { kind: 'stay', reason: 'ClaimingCard', message: 'the claim of the card', effects: [{ do: 'claimCard' }], quiet: true };
  return {
    kind: 'stay',
    reason: 'Conflict',
    message: `the claim of card ${pciOf(o)} on Node ${o.host.name}, which Dpu ${claim.namespace}/${claim.name} holds`,
    stalled: true,
  };
}
