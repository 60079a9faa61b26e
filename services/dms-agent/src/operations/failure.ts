/** How an operation ends when it does not succeed. */
import type { FailureClass, Reason } from '@dpf/api';

/** The operation failed, with a reason of the catalogue; `message` is a sentence for people that names the object. */
export class OperationFailure extends Error {
  override readonly name = 'OperationFailure';
  readonly reason: Reason;
  readonly class: FailureClass;
  readonly cutOff: boolean;
  constructor(reason: Reason, failureClass: FailureClass, message: string, options: { cutOff?: boolean } = {}) {
    super(message);
    this.reason = reason;
    this.class = failureClass;
    this.cutOff = options.cutOff ?? false;
  }
}

/** dpu-controller asked for the operation to be stopped, and it was. */
export class OperationCancelled extends Error {
  override readonly name = 'OperationCancelled';
}

/** The agent is being stopped: nothing is reported, the journal says how to go on. */
export class AgentStopping extends Error {
  override readonly name = 'AgentStopping';
}

/** Nothing was done and nothing is reported: the operation is asked for again by whoever still wants it. */
export class OperationDropped extends Error {
  override readonly name = 'OperationDropped';
}
