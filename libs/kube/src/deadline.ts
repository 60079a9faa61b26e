/** A caller's signal together with a time limit, as one signal. Must be disposed of, so that it leaves nothing on the caller's signal. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #end: number;
  readonly #abort = () => this.#controller.abort(this.#caller?.reason);
  /** The time limit is what ended it. */
  expired = false;

  constructor(ms: number, caller?: AbortSignal) {
    this.#caller = caller;
    this.#end = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#controller.abort(new DOMException(`no answer within ${ms / 1000} s`, 'TimeoutError'));
    }, ms);
    if (caller?.aborted) this.#abort();
    else caller?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds. */
  get left(): number {
    return this.#end - performance.now();
  }

  /** Takes the time limit away; the caller's signal still counts. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  dispose(): void {
    this.lift();
    this.#caller?.removeEventListener('abort', this.#abort);
  }
}
