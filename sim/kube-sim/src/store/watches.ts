/** The watches that are open on the server. */

/** How a watch is ended from outside: with the in-stream 410 of a compaction, or by cutting the connection. */
export type Ending = 'expired' | 'cut';

/** The watches that are open, so that they can be ended. */
export class Watches {
  readonly #open = new Set<(ending: Ending) => void>();

  get size(): number {
    return this.#open.size;
  }

  add(end: (ending: Ending) => void): () => void {
    this.#open.add(end);
    return () => this.#open.delete(end);
  }

  endAll(ending: Ending): void {
    for (const end of [...this.#open]) end(ending);
  }
}
