/**
 * Error: tries spent, or the input can never succeed. The node effect stays. Left by a change of the spec, a requested retry, a deletion (guards), and by
 * itself when what was wrong is another now: where no DPU of the host is in service, for that one's disruption nobody granted.
 */
import { attemptOf, inputsNow, readySibling, sameInputs } from '../facts.ts';
import type { Observed } from '../observed.ts';
import type { Outcome } from '../outcome.ts';

const RECHECK_MS = 5 * 60_000;

export function error(o: Observed): Outcome {
  const { lastError } = o.dpu.status ?? {};
  const change = changeSince(o);
  const disturbed = readySibling(o);
  if (change !== undefined && disturbed === undefined)
    return { kind: 'advance', to: 'Initializing', reason: 'NewAttempt', message: change, attempt: { retries: 0, result: 'Failed' } };
  const stay = { kind: 'stay', condition: 'Ready', stalled: true, recheckMs: RECHECK_MS } as const;
  if (change !== undefined)
    return {
      ...stay,
      reason: 'RetryWouldDisturb',
      message: `a grant or a person to begin another try, for it resets Dpu ${disturbed}, which is Ready: ${change}`,
    };
  return {
    ...stay,
    reason: lastError?.class === 'neverSucceeds' ? 'CannotSucceed' : 'RetriesSpent',
    message: `a person to cure: ${lastError?.message ?? 'the failure'}`,
  };
}

/** Why another try may end otherwise than the last one. */
function changeSince(o: Observed): string | undefined {
  const { lastError, operation } = o.dpu.status ?? {};
  const { inputs, generation } = attemptOf(o);
  const booted = o.host !== 'absent' && (o.host.agent?.boot ?? 0) > (operation?.bootToLeave ?? Infinity);
  if (lastError?.class === 'needsReset' && booted) return 'the host has booted since the failure';
  const now = inputsNow(o);
  if (now && inputs && !sameInputs(now, inputs)) return 'image, flavor or cluster were replaced since the failure';
  // Where nothing is disturbed the guard has begun the attempt already.
  return generation !== undefined && o.dpu.metadata.generation !== generation ? 'the spec was changed since the failure' : undefined;
}
