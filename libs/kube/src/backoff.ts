/** Exponential backoff with jitter: ± 50 % around first · 2ⁿ, at most `max`. */
export class Backoff {
  #failures = 0;
  readonly #first: number;
  readonly #max: number;
  readonly #random: () => number;

  constructor([first, max]: readonly [number, number], random: () => number = Math.random) {
    this.#first = first;
    this.#max = max;
    this.#random = random;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const delay = this.#first * 2 ** Math.min(this.#failures++, 30) * (0.5 + this.#random());
    return Math.min(this.#max, delay);
  }

  reset(): void {
    this.#failures = 0;
  }
}
