/** How an operation's failure, or inputs that changed before anything was done with them, end an attempt. */
import { type Reason, REASONS } from '@dpf/api';
import { attemptOf } from '../facts.ts';
import type { Observed } from '../observed.ts';
import type { Advance, Fail } from '../outcome.ts';

/** The failure that the agent reports; a reason that is not in the catalogue, or a report that was lost, is `otherwise`. */
export function failed(o: Observed, otherwise: Reason): Fail {
  const { report, dpu } = o;
  const reason = report?.reason !== undefined && report.reason in REASONS ? (report.reason as Reason) : otherwise;
  return {
    kind: 'fail',
    reason,
    message: report?.message ?? dpu.status?.operation?.message ?? REASONS[reason].meaning,
    class: report?.class ?? 'transient',
    cutOff: report?.cutOff,
  };
}

/** Nothing was touched with the frozen inputs: the attempt is begun anew, at no cost of a try. */
export function inputsChanged(o: Observed): Advance {
  const operation = o.dpu.status?.operation;
  return {
    kind: 'advance',
    to: 'Initializing',
    reason: 'InputsChanged',
    message: 'image, flavor or cluster changed before the installation began',
    effects: operation?.state === 'Open' ? [{ do: 'withdraw', id: operation.id }] : [],
    attempt: { retries: attemptOf(o).retries, result: 'Superseded' },
  };
}
