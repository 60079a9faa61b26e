/** What one running operation and the rest of the agent say to each other: progress one way, a cancel or the agent's end the other way. */
import type { ReportReply } from '@dpf/api';
import { AgentStopping, OperationCancelled, OperationDropped } from './failure.ts';

export class OperationControl {
  readonly #stop = new AbortController();
  readonly #waits = new AbortController();
  readonly #onProgress: (percent: number, message: string) => void;
  #unlessEffective = false;
  #effective = false;
  percent = 0;
  message = 'was taken by the agent';

  constructor(onProgress: (percent: number, message: string) => void = () => undefined) {
    this.#onProgress = onProgress;
  }

  /** Aborted when the operation is to stop at once. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted when it is of no use to wait for others: the agent ends, or nobody is there to hear how the operation ended. */
  get waits(): AbortSignal {
    return this.#waits.signal;
  }

  progress(percent: number, message: string): void {
    // Never back: what was done is done.
    this.percent = Math.round(Math.min(100, Math.max(this.percent, percent)));
    this.message = message;
    this.#onProgress(this.percent, this.message);
  }

  /** `unlessEffective` (a deletion's cancel) stops only what has not begun: an install whose push began is never cut off by it. */
  cancel(kind: NonNullable<ReportReply['cancel']>): void {
    if (kind === 'now') this.#stop.abort(new OperationCancelled('cancelled'));
    else this.#unlessEffective = true;
  }

  /** Nobody waits for it any more: it is stopped, and where it still waits for others it is dropped without a word. */
  abandon(): void {
    this.#waits.abort(new OperationDropped('nobody waits for it any more'));
    this.cancel('now');
  }

  /** The agent ends. */
  shutDown(): void {
    const reason = new AgentStopping('the agent is being stopped');
    this.#waits.abort(reason);
    this.#stop.abort(reason);
  }

  /** Throws OperationCancelled or AgentStopping when asked to stop. */
  check(): void {
    if (this.signal.aborted) throw this.signal.reason;
    if (this.#unlessEffective && !this.#effective) throw new OperationCancelled('cancelled before it began');
  }

  /** The operation is about to touch something: the last chance for a cancel that must not cut it off. */
  begin(): void {
    this.check();
    this.begun();
  }

  /** It had begun before the agent was restarted. */
  begun(): void {
    this.#effective = true;
  }
}
