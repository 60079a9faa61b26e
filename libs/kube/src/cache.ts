import type { KindInfo, KubeObject } from '@dpf/api';
import type { ReflectOptions, Store, StoreEvent } from './ports.ts';
import { compareResourceVersion } from './resource-version.ts';
import { SharedTexts } from './shared-texts.ts';
import { IndexedStore, keyOf } from './store.ts';

/** What a list or a watch says, made into a store and the events of its changes. Nothing that a handler, transform or index throws gets out. */
export class Cache<T extends KubeObject> {
  readonly #store: IndexedStore<T>;
  readonly #handlers = new Set<(event: StoreEvent<T>) => void>();
  readonly #transform: (object: T) => T;
  readonly #texts = new SharedTexts();
  readonly #kind: KindInfo;
  readonly #onError: (error: Error) => void;

  constructor(kind: KindInfo, options: Pick<ReflectOptions<T>, 'transform' | 'indexes'>, onError: (error: Error) => void) {
    this.#kind = kind;
    this.#onError = onError;
    const guarded = Object.entries(options.indexes ?? {}).map(([name, values]) => [
      name,
      (object: T) => this.#guard(() => values(object), []),
    ]);
    this.#store = new IndexedStore<T>(Object.fromEntries(guarded) as ReflectOptions<T>['indexes']);
    const { transform } = options;
    this.#transform = transform ? (object) => this.#guard(() => transform(object), object) : (object) => object;
  }

  get store(): Store<T> {
    return this.#store;
  }

  onEvent(handler: (event: StoreEvent<T>) => void): () => void {
    // Every subscription is one of its own, also of the same function.
    const mine = (event: StoreEvent<T>) => handler(event);
    this.#handlers.add(mine);
    return () => this.#handlers.delete(mine);
  }

  /** An object as a watch or a list shows it. A watch may repeat what is known already, or older; a list is the truth. */
  put(raw: T, source: 'watch' | 'list'): void {
    const old = this.#store.get(raw.metadata);
    if (old && old.metadata.uid !== raw.metadata.uid) this.remove(old.metadata);
    else if (old) {
      const order = compareResourceVersion(raw.metadata.resourceVersion, old.metadata.resourceVersion);
      if (order === 0 || (order < 0 && source === 'watch')) return;
    }
    const object = this.#lean(raw);
    this.#store.set(object);
    this.#emit(old && old.metadata.uid === object.metadata.uid ? { type: 'updated', object, old } : { type: 'added', object });
  }

  /** An object as an answer shows it. Only what is known already: of another one the answer may be older than its end. */
  learn(raw: T): void {
    if (this.#store.get(raw.metadata)?.metadata.uid === raw.metadata.uid) this.put(raw, 'watch');
  }

  /** Drops an object. `last`: its last state, as a watch tells it; of another incarnation or an older version it is ignored. */
  remove(ref: { namespace?: string; name: string }, last?: T): void {
    const known = this.#store.get(ref);
    if (!known) return;
    const stale = last && compareResourceVersion(last.metadata.resourceVersion, known.metadata.resourceVersion) < 0;
    if (stale) return;
    this.#store.remove(keyOf(ref));
    this.#emit({ type: 'deleted', object: last && last.metadata.uid === known.metadata.uid ? this.#lean(last) : known });
  }

  /** Refs of all that is known and not among the keys. */
  except(keys: ReadonlySet<string>): { namespace?: string; name: string }[] {
    return this.#store
      .list()
      .map((object) => object.metadata)
      .filter((metadata) => !keys.has(keyOf(metadata)));
  }

  #lean(raw: T): T {
    const { managedFields: _, ...metadata } = raw.metadata as T['metadata'] & { managedFields?: unknown };
    return this.#texts.shareIn(this.#transform({ ...raw, apiVersion: this.#kind.apiVersion, kind: this.#kind.kind, metadata }));
  }

  #emit(event: StoreEvent<T>): void {
    for (const handler of [...this.#handlers]) this.#guard(() => handler(event), undefined);
  }

  #guard<R>(run: () => R, otherwise: R): R {
    try {
      return run();
    } catch (error) {
      this.#onError(error instanceof Error ? error : new Error(String(error)));
      return otherwise;
    }
  }
}
