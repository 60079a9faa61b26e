/** All objects of one stored resource, and the bounded history of their changes. */
import type { KubeObject } from '../objects.ts';

/** One version of an object; its JSON is made once and then shared by every list, watch and answer. */
export class Stored {
  readonly object: KubeObject;
  readonly revision: number;
  #bytes: Buffer | undefined;

  constructor(object: KubeObject, revision: number) {
    this.object = object;
    this.revision = revision;
  }

  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(JSON.stringify(this.object)));
  }
}

/** A change; `now` of a deletion is the last state, with the revision of the deletion. */
export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  revision: number;
  key: string;
  now: Stored;
  before?: Stored;
}

/** Changes kept per resource for watches that resume and lists that continue. */
const HISTORY = 4096;

export const keyOf = (namespace: string | undefined, name: string): string => (namespace ? `${namespace}/${name}` : name);

/** Index of the first of the items from which on all are as wanted; as many as there are where none is. */
export function firstIndex<T>(items: readonly T[], wanted: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wanted(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export class Collection {
  readonly id: string;
  readonly items = new Map<string, Stored>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #sorted: string[] | undefined;
  /** Changes up to this revision are forgotten. */
  compactedTo: number;

  constructor(id: string, revision: number) {
    this.id = id;
    this.compactedTo = revision;
  }

  /** Keys in the order in which lists give them. */
  keys(): string[] {
    return (this.#sorted ??= [...this.items.keys()].sort());
  }

  /** Applies a change and tells the watches. */
  commit(change: Change): void {
    if (change.type === 'DELETED') this.items.delete(change.key);
    else this.items.set(change.key, change.now);
    if (change.type !== 'MODIFIED') this.#sorted = undefined;
    this.#history.push(change);
    if (this.#history.length > 2 * HISTORY) this.compactedTo = this.#history.splice(0, HISTORY).at(-1)!.revision;
    for (const listener of this.#listeners) listener(change);
  }

  /** The changes after a revision, or undefined when some of them are forgotten. */
  since(revision: number): Change[] | undefined {
    if (revision < this.compactedTo) return undefined;
    return this.#history.slice(firstIndex(this.#history, (change) => change.revision > revision));
  }

  /** Objects as they were at a revision, by key in list order; undefined when that is forgotten. */
  snapshot(revision: number): { keys: string[]; get: (key: string) => Stored | undefined } | undefined {
    const changes = this.since(revision);
    if (!changes) return undefined;
    if (changes.length === 0) return { keys: this.keys(), get: (key) => this.items.get(key) };
    const then = new Map<string, Stored | undefined>();
    for (const { key, before } of changes) if (!then.has(key)) then.set(key, before);
    const keys = [...new Set([...this.keys(), ...then.keys()])].sort();
    return { keys, get: (key) => (then.has(key) ? then.get(key) : this.items.get(key)) };
  }

  /** Forgets all changes, as a server does that starts anew at this revision. */
  compact(revision: number): void {
    this.#history = [];
    this.compactedTo = revision;
  }

  /** Calls back for every change from now on; returns the unsubscriber. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
