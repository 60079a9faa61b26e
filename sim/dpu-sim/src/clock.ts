/** The virtual clock: simulated milliseconds run `factor` times as fast as real ones, and go on where the state on disk stopped. */
export class SimClock {
  readonly factor: number;
  readonly #startedReal = performance.now();
  readonly #startedSim: number;

  /** @param factor simulated seconds per real second, > 0
   * @param startMs simulated milliseconds to start from */
  constructor(factor: number, startMs = 0) {
    this.factor = factor;
    this.#startedSim = startMs;
  }

  /** Simulated milliseconds since this state directory was new. */
  now(): number {
    return this.#startedSim + (performance.now() - this.#startedReal) * this.factor;
  }

  /** Real milliseconds that a simulated duration takes. */
  toReal(simMs: number): number {
    return simMs / this.factor;
  }

  /** Resolves after simulated milliseconds, and at least so many real ones; rejects with the signal's reason when aborted. */
  sleep(simMs: number, signal?: AbortSignal, leastRealMs = 0): Promise<void> {
    return realSleep(Math.max(this.toReal(simMs), leastRealMs), signal);
  }
}

/** Resolves after real milliseconds; rejects with the signal's reason when aborted. */
export function realSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Never resolves; rejects when aborted. For hardware that does nothing more until its next reset. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
