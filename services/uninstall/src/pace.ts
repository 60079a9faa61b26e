/** Time, as a step is given it. */
export interface Pace {
  /** Milliseconds since 1970. */
  readonly deadline: number;
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
