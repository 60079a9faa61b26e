import type { KubeObject } from '@dpf/api';
import type { ObjectRef, Store } from './ports.ts';

type IndexFunction<T> = (object: T) => readonly string[];

/** The key of an object in a store. */
export const keyOf = (ref: { namespace?: string; name: string }): string => `${ref.namespace ?? ''}/${ref.name}`;

/** The objects of a kind, found by name and by the values of named index functions. */
export class IndexedStore<T extends KubeObject> implements Store<T> {
  readonly #objects = new Map<string, { object: T; values: Map<string, readonly string[]> }>();
  /** index → value → key → object. */
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>();
  readonly #functions: readonly [string, IndexFunction<T>][];

  constructor(indexes: Record<string, IndexFunction<T>> = {}) {
    this.#functions = Object.entries(indexes);
    for (const [name] of this.#functions) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(keyOf(ref))?.object;
  }

  list(): T[] {
    return Array.from(this.#objects.values(), ({ object }) => object);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indexes.get(index);
    if (!values) throw new TypeError(`the store has no index ${index}`);
    return [...(values.get(value)?.values() ?? [])];
  }

  /** @throws whatever an index function throws; the store is then unchanged */
  set(object: T): void {
    const key = keyOf(object.metadata);
    const values = new Map(this.#functions.map(([name, values]) => [name, [...values(object)]]));
    this.remove(key);
    this.#objects.set(key, { object, values });
    for (const [name, mine] of values) for (const value of mine) this.#bucket(name, value).set(key, object);
  }

  remove(key: string): T | undefined {
    const entry = this.#objects.get(key);
    if (!entry) return undefined;
    this.#objects.delete(key);
    for (const [name, values] of entry.values)
      for (const value of values) {
        const bucket = this.#bucket(name, value);
        bucket.delete(key);
        if (bucket.size === 0) this.#indexes.get(name)?.delete(value);
      }
    return entry.object;
  }

  #bucket(index: string, value: string): Map<string, T> {
    const values = this.#indexes.get(index) as Map<string, Map<string, T>>;
    let bucket = values.get(value);
    if (!bucket) values.set(value, (bucket = new Map()));
    return bucket;
  }
}
