import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A JSON file that is either the old or the new one, whenever the simulator is killed. */
export class StateFile<T> {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }

  load(): T | undefined {
    return existsSync(this.#path) ? (JSON.parse(readFileSync(this.#path, 'utf8')) as T) : undefined;
  }

  save(value: T): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(`${this.#path}.new`, JSON.stringify(value, null, 1));
    renameSync(`${this.#path}.new`, this.#path);
  }
}
