import type { KubeObject } from '@dpf/api';
import type { ObjectRef, Store } from './ports.ts';

type IndexFunction<T> = (object: T) => readonly string[];

interface Index<T> {
  valuesOf: IndexFunction<T>;
  /** By value. Under most values there is one object, which needs no map around it. */
  found: Map<string, T | Map<string, T>>;
}

/** The key of an object in a store. */
export const keyOf = (ref: { namespace?: string; name: string }): string => `${ref.namespace ?? ''}/${ref.name}`;

/** The objects of a kind, found by name and by the values of named index functions, which tell the same of the same object each time. */
export class IndexedStore<T extends KubeObject> implements Store<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, Index<T>>;

  constructor(indexes: Record<string, IndexFunction<T>> = {}) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, valuesOf]) => [name, { valuesOf, found: new Map() }]));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(keyOf(ref));
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  byIndex(index: string, value: string): T[] {
    const known = this.#indexes.get(index);
    if (!known) throw new TypeError(`the store has no index ${index}`);
    const found = known.found.get(value);
    if (found === undefined) return [];
    return found instanceof Map ? [...found.values()] : [found];
  }

  /** @throws whatever an index function throws; the store is then unchanged */
  set(object: T): void {
    const key = keyOf(object.metadata);
    const indexed = [...this.#indexes.values()].map(({ valuesOf, found }) => [found, valuesOf(object)] as const);
    this.remove(key);
    this.#objects.set(key, object);
    for (const [found, values] of indexed) for (const value of values) add(found, value, key, object);
  }

  remove(key: string): T | undefined {
    const object = this.#objects.get(key);
    if (!object) return undefined;
    this.#objects.delete(key);
    for (const { valuesOf, found } of this.#indexes.values()) for (const value of valuesOf(object)) drop(found, value, key);
    return object;
  }
}

function add<T extends KubeObject>(found: Index<T>['found'], value: string, key: string, object: T): void {
  const there = found.get(value);
  if (there instanceof Map) there.set(key, object);
  else if (there === undefined || keyOf(there.metadata) === key) found.set(value, object);
  else {
    found.set(
      value,
      new Map([
        [keyOf(there.metadata), there],
        [key, object],
      ]),
    );
  }
}

function drop<T extends KubeObject>(found: Index<T>['found'], value: string, key: string): void {
  const there = found.get(value);
  if (there instanceof Map ? there.delete(key) && there.size === 0 : there && keyOf(there.metadata) === key) found.delete(value);
}
