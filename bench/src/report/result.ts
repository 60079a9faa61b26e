/** What a benchmark found: figures, each beside its peer or lower bound of the same run, and the goal. */

export interface Goal {
  /** `≤ 1.25 × the raw loop` */
  text: string;
  met: boolean;
  /** What was missed, and by how much. */
  miss?: string;
}

export interface Figure {
  what: string;
  /** With its unit. */
  measured: string;
  /** The peer or the lower bound, measured in the same run. */
  beside?: string;
  ratio?: number;
  goal?: Goal;
}

export interface Result {
  benchmark: string;
  /** On which API server. */
  on: string;
  figures: Figure[];
  /** What the figures are made of, for whoever asks. */
  notes: string[];
  /** What can be counted, for the test that compares counts and no times. */
  counts: Record<string, number>;
}

const two = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** At most `limit` of something. */
export function atMost(value: number, limit: number, unit: string): Goal {
  const met = value <= limit;
  return { text: `≤ ${limit}${unit}`, met, ...(met ? {} : { miss: `${two(value / limit)} times the goal` }) };
}

/** At least `limit` of something. */
export function atLeast(value: number, limit: number, unit: string): Goal {
  const met = value >= limit;
  return { text: `≥ ${limit}${unit}`, met, ...(met ? {} : { miss: `${two((100 * value) / limit)} % of the goal` }) };
}

/** One of two goals is enough. */
export function either(a: Goal, b: Goal): Goal {
  const met = a.met || b.met;
  return { text: `${a.text} or ${b.text}`, met, ...(met ? {} : { miss: [a.miss, b.miss].filter(Boolean).join('; ') }) };
}

/** A number for people: three digits are enough. */
export const shown = two;
