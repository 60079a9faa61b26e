/** The few numbers that a series is told by. */

/** The value in the middle; of an even number the lower one. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

export const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
