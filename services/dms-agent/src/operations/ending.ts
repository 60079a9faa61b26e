/** Turns how an operation went into what is reported. */
import type { Ending } from '../journal/records.ts';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { AgentStopping, OperationCancelled, OperationDropped, OperationFailure } from './failure.ts';

/** Runs an operation that resolves to its sentence of success. @throws AgentStopping, OperationDropped: nothing is reported */
export async function endingOf(context: OperationContext, control: OperationControl, work: () => Promise<string>): Promise<Ending> {
  const boot = context.journal.data.boot;
  try {
    return { state: 'succeeded', percent: 100, message: await work(), boot };
  } catch (error) {
    if (error instanceof AgentStopping || error instanceof OperationDropped) throw error;
    const { percent } = control;
    if (error instanceof OperationCancelled) return { state: 'cancelled', percent, message: 'was cancelled', boot };
    const failure =
      error instanceof OperationFailure
        ? error
        : new OperationFailure('AgentFault', 'transient', `unexpected: ${(error as Error).message}`);
    if (failure !== error) context.warn('an operation met something unexpected', { err: error });
    const { message, reason, class: failureClass, cutOff } = failure;
    return { state: 'failed', percent, message, reason, class: failureClass, boot, ...(cutOff && { cutOff: true }) };
  }
}
