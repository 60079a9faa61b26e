export interface Backoff {
  /** Wait after the first failure; doubles with each further one. */
  baseMs: number;
  maxMs: number;
}

/**
 * How long a key that failed waits.
 * @param failures in a row, at least 1
 * @param chance 0..1, spreads the wait by ±20 % so that what failed together is not tried together
 */
export function backoffMs(failures: number, chance: number, { baseMs, maxMs }: Backoff): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30));
  return Math.round(full * (0.8 + 0.4 * chance));
}
