/** The state of the server: collections under one revision counter, and an index by uid for owners. */
import type { KubeObject } from '../objects.ts';
import { Collection, Stored, keyOf, type Change } from './collection.ts';

export type StoreListener = (change: Change, collection: Collection) => void;

export class Store {
  revision = 1;
  readonly collections = new Map<string, Collection>();
  /** Where the object of a uid is. */
  readonly byUid = new Map<string, { resource: string; key: string }>();
  readonly #listeners: StoreListener[] = [];

  /** The collection of a resource (`<group>/<plural>`), made on first use. */
  collection(id: string): Collection {
    let found = this.collections.get(id);
    if (!found) this.collections.set(id, (found = new Collection(id, this.revision)));
    return found;
  }

  /** Writes an object and returns it with its new resourceVersion. The object must not be changed any more. */
  put(collection: Collection, object: KubeObject): Stored {
    const now = this.#stamp(object);
    const { namespace, name, uid } = object.metadata;
    const key = keyOf(namespace, name);
    const before = collection.items.get(key);
    if (uid) this.byUid.set(uid, { resource: collection.id, key });
    this.#commit(collection, { type: before ? 'MODIFIED' : 'ADDED', revision: now.revision, key, now, ...(before && { before }) });
    return now;
  }

  /** Removes an object; returns its last state, which bears the revision of the deletion. */
  remove(collection: Collection, key: string, last?: KubeObject): Stored | undefined {
    const before = collection.items.get(key);
    if (!before) return undefined;
    const now = this.#stamp(last ?? before.object);
    if (before.object.metadata.uid) this.byUid.delete(before.object.metadata.uid);
    this.#commit(collection, { type: 'DELETED', revision: now.revision, key, now, before });
    return now;
  }

  /** Puts back what a journal has kept, without a change: undefined takes it out again. */
  restore(collection: Collection, key: string, object: KubeObject | undefined): void {
    const before = collection.items.get(key)?.object;
    if (before?.metadata.uid) this.byUid.delete(before.metadata.uid);
    if (object?.metadata.uid) this.byUid.set(object.metadata.uid, { resource: collection.id, key });
    if (object) collection.items.set(key, new Stored(object, Number(object.metadata.resourceVersion)));
    else collection.items.delete(key);
  }

  /** Forgets the history of all collections. */
  compact(): void {
    for (const collection of this.collections.values()) collection.compact(this.revision);
  }

  /** Called after every change of any collection, watches having been told. */
  onChange(listener: StoreListener): void {
    this.#listeners.push(listener);
  }

  /** apiVersion and kind stand first in the JSON: lists of built-in kinds cut them off the bytes. */
  #stamp(object: KubeObject): Stored {
    const { apiVersion, kind, metadata, ...rest } = object;
    const revision = ++this.revision;
    return new Stored({ apiVersion, kind, metadata: { ...metadata, resourceVersion: String(revision) }, ...rest }, revision);
  }

  #commit(collection: Collection, change: Change): void {
    collection.commit(change);
    for (const listener of this.#listeners) listener(change, collection);
  }
}
