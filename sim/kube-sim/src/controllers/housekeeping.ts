/** The loops that a control plane runs beside the API: garbage collection by owner, emptying of namespaces and of deleted CRDs, ends of Pods. */
import type { Api, Call } from '../api.ts';
import type { KubeObject, OwnerReference } from '../objects.ts';
import { CLEANUP, CRD } from '../resources/crd.ts';
import type { Resource } from '../resources/resource.ts';
import type { Change, Collection, Stored } from '../store/collection.ts';
import { FOREGROUND, ORPHAN, remove, type DeleteOptions } from '../verbs/delete.ts';
import { record } from '../verbs/record.ts';

interface Place {
  collection: Collection;
  key: string;
}

export class Housekeeping {
  readonly #api: Api;
  /** Owner uid → where its dependents are. */
  readonly #dependents = new Map<string, Map<string, Place>>();
  readonly #due = new Map<string, Place>();
  #timer: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(api: Api) {
    this.#api = api;
    api.store.onChange((change, collection) => this.#seen(change, collection));
    for (const collection of api.store.collections.values())
      for (const [key, now] of collection.items) this.#seen({ type: 'ADDED', revision: now.revision, key, now }, collection);
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#timer);
  }

  #seen({ type, key, now, before }: Change, collection: Collection): void {
    const place = { collection, key };
    const id = `${collection.id} ${key}`;
    for (const { uid } of before?.object.metadata.ownerReferences ?? []) this.#dependents.get(uid)?.delete(id);
    const { metadata } = now.object;
    if (type === 'DELETED') {
      for (const dependent of this.#dependentsOf(metadata.uid)) this.#enqueue(dependent);
      this.#wakeHolders(now.object);
      return;
    }
    for (const { uid } of metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(uid) ?? new Map<string, Place>();
      this.#dependents.set(uid, known.set(id, place));
    }
    if (metadata.deletionTimestamp || (metadata.ownerReferences ?? []).length > 0) this.#enqueue(place);
  }

  #dependentsOf(uid: string | undefined): Place[] {
    return [...(this.#dependents.get(uid ?? '')?.values() ?? [])];
  }

  /** Whatever waits for this object to go looks again: its namespace, its definition, its owners. */
  #wakeHolders({ metadata, apiVersion }: KubeObject): void {
    const { store } = this.#api;
    if (metadata.namespace) this.#enqueue({ collection: store.collection('/namespaces'), key: metadata.namespace });
    const group = apiVersion.split('/')[0]!;
    const definitions = store.collection(CRD.collection);
    for (const key of definitions.items.keys()) if (key.endsWith(`.${group}`)) this.#enqueue({ collection: definitions, key });
    for (const { uid } of metadata.ownerReferences ?? []) {
      const owner = store.byUid.get(uid);
      if (owner) this.#enqueue(owner);
    }
  }

  #enqueue(place: Place): void {
    this.#due.set(`${place.collection.id} ${place.key}`, place);
    if (!this.#stopped) this.#timer ??= setImmediate(() => this.#run());
  }

  #run(): void {
    this.#timer = undefined;
    const due = [...this.#due.values()];
    this.#due.clear();
    for (const { collection, key } of due) {
      const stored = collection.items.get(key);
      const resource = this.#api.registry.storedIn(collection.id);
      if (stored && resource) this.#look(resource, stored);
    }
  }

  #look(resource: Resource, stored: Stored): void {
    const { object } = stored;
    const { metadata } = object;
    if (!metadata.deletionTimestamp) return this.#collect(resource, stored);
    const finalizers = metadata.finalizers ?? [];
    if (finalizers.includes(ORPHAN)) return this.#orphan(resource, stored);
    if (finalizers.includes(FOREGROUND)) return this.#foreground(resource, stored);
    if (resource.collection === '/namespaces') return this.#empty(resource, stored);
    if (resource.collection === CRD.collection && finalizers.includes(CLEANUP)) return this.#dropCustomResources(resource, stored);
    // Nothing runs in these Pods: their kubelet has ended them at once.
    if (resource.collection === '/pods') this.#delete(resource, stored, { gracePeriodSeconds: 0 }, 'system:node');
  }

  /** An object whose owners are all gone goes too; references to missing owners go where another owner is left. */
  #collect(resource: Resource, stored: Stored): void {
    const owners = stored.object.metadata.ownerReferences ?? [];
    const isThere = ({ uid }: OwnerReference) => this.#api.store.byUid.has(uid);
    const left = owners.filter(isThere);
    if (owners.length === 0 || left.length === owners.length) return;
    if (left.length === 0) this.#delete(resource, stored, { uid: stored.object.metadata.uid! }, 'generic-garbage-collector');
    else this.#write(resource, stored, { ...stored.object, metadata: { ...stored.object.metadata, ownerReferences: left } });
  }

  #orphan(resource: Resource, owner: Stored): void {
    for (const { collection, key } of this.#dependentsOf(owner.object.metadata.uid)) {
      const dependent = collection.items.get(key);
      const its = this.#api.registry.storedIn(collection.id);
      if (!dependent || !its) continue;
      const { ownerReferences = [], ...rest } = dependent.object.metadata;
      const left = ownerReferences.filter(({ uid }) => uid !== owner.object.metadata.uid);
      this.#write(its, dependent, { ...dependent.object, metadata: { ...rest, ...(left.length > 0 && { ownerReferences: left }) } });
    }
    this.#dropFinalizer(resource, owner, ORPHAN);
  }

  #foreground(resource: Resource, owner: Stored): void {
    const { uid } = owner.object.metadata;
    let blocking = 0;
    for (const { collection, key } of this.#dependentsOf(uid)) {
      const dependent = collection.items.get(key);
      const its = this.#api.registry.storedIn(collection.id);
      if (!dependent || !its) continue;
      if (!dependent.object.metadata.deletionTimestamp)
        this.#delete(its, dependent, { uid: dependent.object.metadata.uid!, propagationPolicy: 'Foreground' }, 'generic-garbage-collector');
      if (collection.items.has(key) && dependent.object.metadata.ownerReferences?.some((ref) => ref.uid === uid && ref.blockOwnerDeletion))
        blocking += 1;
    }
    if (blocking === 0) this.#dropFinalizer(resource, owner, FOREGROUND);
  }

  #empty(resource: Resource, namespace: Stored): void {
    const prefix = `${namespace.object.metadata.name}/`;
    let left = 0;
    for (const collection of this.#api.store.collections.values()) {
      const its = this.#api.registry.storedIn(collection.id);
      if (!its?.namespaced) continue;
      for (const key of collection.keys().filter((each) => each.startsWith(prefix))) {
        const stored = collection.items.get(key);
        if (stored && !stored.object.metadata.deletionTimestamp) this.#delete(its, stored, {}, 'namespace-controller');
        if (collection.items.has(key)) left += 1;
      }
    }
    if (left > 0 || (namespace.object.metadata.finalizers ?? []).length > 0) return;
    this.#api.store.remove(this.#api.store.collection(resource.collection), namespace.object.metadata.name);
  }

  #dropCustomResources(resource: Resource, definition: Stored): void {
    const { group, names } = definition.object['spec'] as { group: string; names: { plural: string } };
    const collection = this.#api.store.collection(`${group}/${names.plural}`);
    const its = this.#api.registry.storedIn(collection.id);
    for (const stored of [...collection.items.values()])
      if (its && !stored.object.metadata.deletionTimestamp) this.#delete(its, stored, {}, 'crd-finalizer');
    if (collection.items.size === 0) this.#dropFinalizer(resource, definition, CLEANUP);
  }

  #call(resource: Resource, { metadata }: KubeObject, who: string): Call {
    return {
      resource,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      name: metadata.name,
      user: { name: who === 'system:node' ? who : `system:serviceaccount:kube-system:${who}`, groups: [] },
      userAgent: 'kube-controller-manager',
      query: new URLSearchParams(),
    };
  }

  #delete(resource: Resource, old: Stored, options: DeleteOptions, who: string): void {
    const call = this.#call(resource, old.object, who);
    const { stored, gone } = remove(this.#api, call, old, options);
    if (stored !== old) record(this.#api, call, { verb: 'delete', before: old.object, ...(!gone && { after: stored.object }) });
  }

  #dropFinalizer(resource: Resource, stored: Stored, finalizer: string): void {
    const { finalizers = [], ...rest } = stored.object.metadata;
    const left = finalizers.filter((name) => name !== finalizer);
    this.#write(resource, stored, { ...stored.object, metadata: { ...rest, ...(left.length > 0 && { finalizers: left }) } });
  }

  /** Writes a new version, or removes the object where its last finalizer went. */
  #write(resource: Resource, old: Stored, next: KubeObject): void {
    const { store } = this.#api;
    const collection = store.collection(resource.collection);
    const { name, namespace, deletionTimestamp, finalizers } = next.metadata;
    const gone = deletionTimestamp !== undefined && (finalizers ?? []).length === 0;
    const stored = gone ? store.remove(collection, namespace ? `${namespace}/${name}` : name, next)! : store.put(collection, next);
    const call = this.#call(resource, next, 'generic-garbage-collector');
    record(this.#api, call, { verb: 'patch', before: old.object, ...(!gone && { after: stored.object }) });
  }
}
