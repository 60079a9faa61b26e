/** Token buckets by key: how often an agent may call, so that one gone wild takes nothing from the others. */
export interface RateLimit {
  /** Takes one; answers the seconds to wait if there is none left, else 0. */
  take(key: string): number;
}

/** `perSecond` in the long run, `burst` at once. `now` in milliseconds. */
export function createRateLimit(perSecond: number, burst: number, now: () => number = Date.now): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(key) {
      const time = now();
      const bucket = buckets.get(key) ?? { left: burst, at: time };
      const left = Math.min(burst, bucket.left + ((time - bucket.at) / 1000) * perSecond);
      buckets.set(key, { left: left >= 1 ? left - 1 : left, at: time });
      return left >= 1 ? 0 : Math.ceil((1 - left) / perSecond);
    },
  };
}
