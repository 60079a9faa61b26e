/** Requests at a time of one reconcile: a large set does not take all connections. */
const AT_ONCE = 8;

/** Runs `work` for every item, a few at a time; the first failure ends it once those under way have ended. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const lane = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) {
      try {
        await work(item);
      } catch (error) {
        rest.length = 0;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, rest.length) }, lane));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}
