/** One store over the namespaces that are watched: a reflector each. */
import type { KindInfo, KubeObject } from '@dpf/api';
import type { Cluster, ReflectOptions, Reflector, Store, StoreEvent } from '@dpf/kube';

export interface Watched<T extends KubeObject> {
  readonly store: Store<T>;
  onEvent(handler: (event: StoreEvent<T>) => void): void;
  learn(object: T): void;
  start(): void;
  synced(signal?: AbortSignal): Promise<unknown>;
  readonly hasSynced: boolean;
  stop(): Promise<unknown>;
}

/** @param namespaces empty: all of them (or a kind that has none) */
export function watchKind<T extends KubeObject>(
  cluster: Cluster,
  kind: KindInfo,
  namespaces: readonly string[],
  options: Omit<ReflectOptions<T>, 'namespace'> = {},
): Watched<T> {
  const scopes = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }));
  const reflectors: Reflector<T>[] = scopes.map((scope) => cluster.reflect<T>(kind, { ...options, ...scope }));
  const store: Store<T> = {
    get: (ref) => reflectors.map((reflector) => reflector.store.get(ref)).find((object) => object !== undefined),
    byIndex: (index, value) => reflectors.flatMap((reflector) => reflector.store.byIndex(index, value)),
    list: () => reflectors.flatMap((reflector) => reflector.store.list()),
    get size() {
      return reflectors.reduce((sum, reflector) => sum + reflector.store.size, 0);
    },
  };
  return {
    store,
    onEvent: (handler) => reflectors.forEach((reflector) => reflector.onEvent(handler)),
    learn: (object) => reflectors.forEach((reflector) => reflector.learn(object)),
    start: () => reflectors.forEach((reflector) => reflector.start()),
    synced: (signal) => Promise.all(reflectors.map((reflector) => reflector.synced(signal))),
    get hasSynced() {
      return reflectors.every((reflector) => reflector.hasSynced);
    },
    stop: () => Promise.all(reflectors.map((reflector) => reflector.stop())),
  };
}
