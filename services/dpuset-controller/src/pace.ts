/** How often a set may be reconciled: at most a tenth of the time goes into listing its Dpus. */
export interface Pace {
  /** Milliseconds until the set may be listed again; 0: now. */
  waitMs(key: string): number;
  listed(key: string, ms: number): void;
  forget(key: string): void;
}

/** Small sets are never held up: a pause below this is none. */
const SHORTEST_PAUSE_MS = 200;
/** A slow API server does not keep a set waiting longer, in milliseconds. */
const LONGEST_PAUSE_MS = 60_000;

/** Per replica, in memory: forgetting it costs one list. */
export function createPace(now: () => number = Date.now): Pace {
  const until = new Map<string, number>();
  return {
    waitMs: (key) => Math.max(0, (until.get(key) ?? 0) - now()),
    listed: (key, ms) => {
      const pause = Math.min(9 * ms, LONGEST_PAUSE_MS);
      if (pause >= SHORTEST_PAUSE_MS) until.set(key, now() + pause);
      else until.delete(key);
    },
    forget: (key) => void until.delete(key),
  };
}
