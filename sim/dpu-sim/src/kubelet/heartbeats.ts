/** The pulse of all kubelets of a simulator: one timer for all of them, their beats spread evenly, so that no fleet makes a storm. */
import type { SimClock } from '../clock.ts';

/** Simulated milliseconds between two renewals of a Lease (kubelet: a quarter of the 40 s that it lasts). */
const PERIOD_MS = 10_000;
/** However fast the simulator runs: real milliseconds between two beats of one node, and between any two. */
const LEAST_MS = 1_000;
const APART_MS = 10;

/** Rejecting is allowed: the next beat tries again. */
export type Beat = () => Promise<void>;

export class Heartbeats {
  readonly #clock: SimClock;
  /** In the order in which they are due. */
  readonly #due: Beat[] = [];
  readonly #beating = new Set<Beat>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** Beats now, and from now on until the signal. */
  add(beat: Beat, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#due.push(beat);
    signal.addEventListener('abort', () => this.#remove(beat), { once: true });
    this.#start(beat);
    this.#timer ??= setTimeout(() => this.#next(), this.#pause());
  }

  #next(): void {
    const beat = this.#due.shift() as Beat;
    this.#due.push(beat);
    this.#start(beat);
    this.#timer = setTimeout(() => this.#next(), this.#pause());
  }

  /** Real milliseconds to the next beat of whichever node. */
  #pause(): number {
    return Math.max(Math.max(this.#clock.toReal(PERIOD_MS), LEAST_MS) / this.#due.length, APART_MS);
  }

  #start(beat: Beat): void {
    if (this.#beating.has(beat)) return;
    this.#beating.add(beat);
    void beat()
      .catch(() => undefined)
      .finally(() => this.#beating.delete(beat));
  }

  #remove(beat: Beat): void {
    this.#due.splice(this.#due.indexOf(beat), 1);
    if (this.#due.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
