/** Error: tries spent, or the input can never succeed. The node effect stays. Left by a change of the spec, a requested retry, a deletion (guards). */
import { attemptOf, inputsNow, sameInputs } from '../facts.ts';
import type { Observed } from '../observed.ts';
import type { Outcome } from '../outcome.ts';

export function error(o: Observed): Outcome {
  const { lastError, operation } = o.dpu.status ?? {};
  const again = (message: string): Outcome => ({
    kind: 'advance',
    to: 'Initializing',
    reason: 'NewAttempt',
    message,
    attempt: { retries: 0, result: 'Failed' },
  });
  const booted = o.host !== 'absent' && (o.host.agent?.boot ?? 0) > (operation?.bootToLeave ?? Infinity);
  if (lastError?.class === 'needsReset' && booted) return again('the host has booted since the failure');
  const inputs = inputsNow(o);
  const frozen = attemptOf(o).inputs;
  if (inputs && frozen && !sameInputs(inputs, frozen)) return again('image, flavor or cluster were replaced since the failure');
  return {
    kind: 'stay',
    condition: 'Ready',
    reason: lastError?.class === 'neverSucceeds' ? 'CannotSucceed' : 'RetriesSpent',
    message: `a person to cure: ${lastError?.message ?? 'the failure'}`,
    stalled: true,
    recheckMs: 5 * 60_000,
  };
}
