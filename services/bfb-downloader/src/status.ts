/** The status of a Bfb after an outcome. Pure; the only place that knows what a status looks like. */
import type { Bfb, BfbStatus, Condition } from '@dpf/api';
import type { Outcome } from './outcome.ts';

/** Longest message in a status, in characters: the bound of lastError.message in the CRD. An address alone may have 2048. */
const MESSAGE_LIMIT = 4096;

/** @param now milliseconds since the epoch */
export function nextStatus(bfb: Bfb, outcome: Outcome, now: number): BfbStatus {
  const before: BfbStatus = { ...bfb.status };
  if (outcome.startOver)
    for (const field of ['attempts', 'nextRetryTime', 'lastError', 'progress', 'sha256', 'size', 'versions'] as const) delete before[field];
  const status: BfbStatus = {
    ...before,
    observedGeneration: bfb.metadata.generation ?? 0,
    phase: outcome.phase,
    fileName: bfb.spec.fileName ?? `${bfb.metadata.namespace}-${bfb.metadata.name}.bfb`,
  };
  if (outcome.published) {
    const { sha256, size, versions } = outcome.published;
    Object.assign(status, { sha256, size, versions, progress: { bytes: size, total: size, percent: 100 } });
  }
  if (outcome.failure) {
    const { reason, message, retryAt } = outcome.failure;
    status.attempts = (status.attempts ?? 0) + 1;
    status.nextRetryTime = new Date(retryAt).toISOString();
    status.lastError = { reason, message: message.slice(0, MESSAGE_LIMIT) };
    delete status.progress;
  }
  if (outcome.phase === 'Ready') for (const field of ['attempts', 'nextRetryTime', 'lastError'] as const) delete status[field];
  if (outcome.phase === 'Downloading') delete status.nextRetryTime;
  status.conditions = conditions(bfb, outcome, now);
  return status;
}

function conditions(bfb: Bfb, outcome: Outcome, now: number): Condition[] {
  const { phase, reason, message } = outcome;
  const condition = (type: string, is: boolean | 'Unknown', why: string, text: string): Condition => {
    const status = is === 'Unknown' ? 'Unknown' : is ? 'True' : 'False';
    const old = bfb.status?.conditions?.find((c) => c.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : new Date(now).toISOString();
    return {
      type,
      status,
      reason: why,
      message: text.slice(0, MESSAGE_LIMIT),
      lastTransitionTime,
      observedGeneration: bfb.metadata.generation ?? 0,
    };
  };
  const ready = phase === 'Ready';
  return [
    condition('Ready', ready, reason, message),
    ready && bfb.spec.sha256
      ? condition('Verified', true, 'DigestMatches', 'the image has the sha256 of the spec')
      : bfb.spec.sha256
        ? condition('Verified', reason === 'DigestMismatch' ? false : 'Unknown', reason, message)
        : condition('Verified', false, 'DigestNotGiven', 'spec.sha256 is not set, the image is used as downloaded'),
    condition('Reconciling', phase !== 'Ready' && phase !== 'Error', reason, message),
    condition('Stalled', phase === 'Error', reason, message),
  ];
}
