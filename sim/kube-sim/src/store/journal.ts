/** State that outlives the process: a folder with the keys of the server and a log of all changes, which every start makes short again. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../objects.ts';
import type { Store } from './store.ts';

/** PEM of what clients trust and hold: the CA and the key of service-account tokens. */
export interface KeptKeys {
  caPem: string;
  caKeyPem: string;
  tokenKeyPem: string;
}

/** A line of the log: an object as it is now, or that it was removed; without a collection the revision alone. */
interface Line {
  collection: string;
  revision: number;
  key: string;
  object?: KubeObject;
}

export class Journal {
  readonly #keys: string;
  readonly #log: string;
  #file: number | undefined;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#keys = join(folder, 'keys.json');
    this.#log = join(folder, 'state.jsonl');
  }

  /** undefined at the first start. */
  keys(): KeptKeys | undefined {
    return existsSync(this.#keys) ? (JSON.parse(readFileSync(this.#keys, 'utf8')) as KeptKeys) : undefined;
  }

  keepKeys(keys: KeptKeys): void {
    writeFileSync(this.#keys, JSON.stringify(keys), { mode: 0o600 });
  }

  /** Fills an empty store with what was kept, and from then on writes down every change before it is answered. */
  attach(store: Store): void {
    if (existsSync(this.#log)) for (const line of linesOf(readFileSync(this.#log, 'utf8'))) restore(store, line);
    store.compact();
    this.#shorten(store);
    this.#file = openSync(this.#log, 'a');
    store.onChange(({ type, revision, key, now }, { id }) => {
      const line: Line = { collection: id, revision, key, ...(type !== 'DELETED' && { object: now.object }) };
      if (this.#file !== undefined) writeSync(this.#file, JSON.stringify(line) + '\n');
    });
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #shorten(store: Store): void {
    const lines: Line[] = [{ collection: '', revision: store.revision, key: '' }];
    for (const { id, items } of store.collections.values())
      for (const [key, { object, revision }] of items) lines.push({ collection: id, revision, key, object });
    writeFileSync(`${this.#log}.new`, lines.map((line) => JSON.stringify(line) + '\n').join(''), { mode: 0o600 });
    renameSync(`${this.#log}.new`, this.#log);
  }
}

/** A process that was killed may leave half a line at the end: that change was never answered. */
function linesOf(text: string): Line[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

function restore(store: Store, { collection, revision, key, object }: Line): void {
  store.revision = Math.max(store.revision, revision);
  if (collection !== '') store.restore(store.collection(collection), key, object);
}
