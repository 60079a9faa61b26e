/** Time, as a step is given it. */
export interface Pace {
  /** Milliseconds since 1970: until then things are waited for. */
  readonly deadline: number;
  /** Until then, a little later, what was not done is tried again; the Job is killed soon afterwards. */
  readonly end: number;
  now(): number;
  /** Until it is worth to look again. */
  wait(): Promise<unknown>;
  /** A line for whoever reads the Job's log. */
  say(line: string): void;
}

/**
 * Looks until nothing is awaited any more, or the deadline has come. What is awaited is said when it changes; a look that fails is repeated.
 * @param look answers what is awaited; undefined: nothing
 * @returns whether nothing is awaited
 */
export async function waitUntilNothing(pace: Pace, look: () => Promise<string | undefined>): Promise<boolean> {
  let said: string | undefined;
  for (;;) {
    const awaited = await look().catch((error: Error) => `the API server does not do what is asked: ${error.message}`);
    if (awaited === undefined) return true;
    if (awaited !== said) pace.say(awaited);
    said = awaited;
    if (pace.now() >= pace.deadline) return false;
    await pace.wait();
  }
}

/**
 * Makes passes over what there is to do until one leaves nothing, or the end has come.
 * @param pass answers what it left; undefined: nothing. When the time is over none is made that would only tell so of everything.
 */
export async function passUntilEnd(pace: Pace, pass: () => Promise<string | undefined>): Promise<void> {
  let left: string | undefined;
  await waitUntilNothing({ ...pace, deadline: pace.end }, async () => {
    if (left === undefined || pace.now() < pace.end) left = await pass();
    return left;
  });
}

/** Requests at a time: a thousand objects are done in seconds, and the API server has others to serve. */
const AT_ONCE = 8;

/** Does `work` to each item, a few at a time, and goes on past those that fail; answers these. Past the end nothing is begun any more. */
export async function workOff<T>(pace: Pace, items: readonly T[], work: (item: T) => Promise<unknown>): Promise<Failure<T>[]> {
  const failures: Failure<T>[] = [];
  const rest = items.values();
  const lane = async () => {
    for (const item of rest)
      try {
        if (pace.now() > pace.end) throw new Error('there was no time left');
        await work(item);
      } catch (error) {
        failures.push({ item, because: (error as Error).message });
      }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return failures;
}

export interface Failure<T> {
  item: T;
  because: string;
}
