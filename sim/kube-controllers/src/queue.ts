/** Places to look at: each once, however often it is named, and after the changes that named it are committed. */
import type { Place } from './api.ts';

export class Queue {
  readonly #look: (place: Place) => void;
  readonly #due = new Map<string, Place>();
  #turn: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(look: (place: Place) => void) {
    this.#look = look;
  }

  add(place: Place): void {
    this.#due.set(`${place.resource} ${place.key}`, place);
    if (!this.#stopped) this.#turn ??= setImmediate(() => this.#run());
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#turn);
  }

  #run(): void {
    this.#turn = undefined;
    const due = [...this.#due.values()];
    this.#due.clear();
    due.forEach(this.#look);
  }
}
