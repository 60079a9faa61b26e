/** As many texts are remembered twice over: those that objects have in common come again within so many. */
const MOST = 2_048;
/** V8 keeps shorter texts of JSON once by itself; longer ones are nobody else's. */
const [SHORTEST, LONGEST] = [11, 256];

/**
 * Makes objects use one copy of the texts that they have in common: reasons, messages, hashes, times are half of what 10,000 Dpus take. What is not met
 * again is forgotten.
 */
export class SharedTexts {
  #recent = new Map<string, string>();
  #older = new Map<string, string>();

  /** The same object, with the same values. */
  shareIn<V>(value: V): V {
    this.#shareAll(value as Record<string, unknown>);
    return value;
  }

  #shareAll(values: Record<string, unknown>): void {
    for (const key of Object.keys(values)) {
      const value = values[key];
      if (typeof value === 'string') {
        if (value.length >= SHORTEST && value.length <= LONGEST) values[key] = this.#one(value);
      } else if (typeof value === 'object' && value !== null) this.#shareAll(value as Record<string, unknown>);
    }
  }

  #one(text: string): string {
    const recent = this.#recent.get(text);
    if (recent !== undefined) return recent;
    const one = this.#older.get(text) ?? text;
    if (this.#recent.size === MOST) [this.#older, this.#recent] = [this.#recent, new Map()];
    this.#recent.set(one, one);
    return one;
  }
}
