/** Events that one object may cause in a burst, and the time after which it may cause one more (client-go's spam filter), in milliseconds. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Objects that are remembered; the longest silent is forgotten first. */
const OBJECTS = 4_096;

/** A token bucket per object. */
export class EventBudget {
  readonly #spent = new Map<string, { tokens: number; at: number }>();

  /** Whether the object may cause one more event now (milliseconds). */
  take(object: string, now: number): boolean {
    const known = this.#spent.get(object) ?? { tokens: BURST, at: now };
    const tokens = Math.min(BURST, known.tokens + (now - known.at) / REFILL_MS);
    const granted = tokens >= 1;
    this.#spent.delete(object);
    this.#spent.set(object, { tokens: granted ? tokens - 1 : tokens, at: now });
    if (this.#spent.size > OBJECTS) this.#spent.delete(this.#spent.keys().next().value as string);
    return granted;
  }
}
