/** The loops over all kinds: garbage collection by owner, emptying of namespaces and of deleted definitions, ends of Pods. */
import { accountOf, type ControlledApi, type KubeObject, type Place } from './api.ts';
import { Queue } from './queue.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';
const NAMESPACES = '/namespaces';
const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';
const COLLECTOR = accountOf('generic-garbage-collector');

/** Looks after what is there and what comes; returns what stops that. */
export function keepHouse(api: ControlledApi): () => void {
  const housekeeping = new Housekeeping(api);
  api.onChange((place, now, before) => housekeeping.see(place, now, before));
  for (const { id: resource } of api.resources())
    for (const key of api.keys(resource)) housekeeping.see({ resource, key }, api.get({ resource, key }), undefined);
  return () => housekeeping.queue.stop();
}

class Housekeeping {
  readonly queue = new Queue((place) => this.#look(place));
  readonly #api: ControlledApi;
  /** Owner uid → where its dependents are. */
  readonly #dependents = new Map<string, Map<string, Place>>();

  constructor(api: ControlledApi) {
    this.#api = api;
  }

  see(place: Place, now: KubeObject | undefined, before: KubeObject | undefined): void {
    const id = `${place.resource} ${place.key}`;
    for (const { uid } of before?.metadata.ownerReferences ?? []) this.#dependents.get(uid)?.delete(id);
    if (!now) return this.#wakeOthers(before!);
    const { ownerReferences = [], deletionTimestamp } = now.metadata;
    for (const { uid } of ownerReferences) {
      const known = this.#dependents.get(uid) ?? new Map<string, Place>();
      this.#dependents.set(uid, known.set(id, place));
    }
    if (deletionTimestamp || ownerReferences.length > 0) this.queue.add(place);
  }

  #dependentsOf(uid: string | undefined): Place[] {
    return [...(this.#dependents.get(uid ?? '')?.values() ?? [])].filter((place) => this.#api.get(place));
  }

  /** What this object owned, and whatever waits for it to go, is looked at: its namespace, its definition, its owners. */
  #wakeOthers({ metadata, apiVersion }: KubeObject): void {
    for (const dependent of this.#dependentsOf(metadata.uid)) this.queue.add(dependent);
    if (metadata.namespace) this.queue.add({ resource: NAMESPACES, key: metadata.namespace });
    const group = apiVersion.split('/')[0]!;
    for (const key of this.#api.keys(DEFINITIONS)) if (key.endsWith(`.${group}`)) this.queue.add({ resource: DEFINITIONS, key });
    for (const { uid } of metadata.ownerReferences ?? []) {
      const owner = this.#api.find(uid);
      if (owner) this.queue.add(owner);
    }
  }

  #look(place: Place): void {
    const object = this.#api.get(place);
    if (!object) return;
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    if (!deletionTimestamp) this.#collect(place, object);
    else if (finalizers.includes(ORPHAN)) this.#orphan(place, object);
    else if (finalizers.includes(FOREGROUND)) this.#foreground(place, object);
    else if (place.resource === NAMESPACES) this.#empty(place, object);
    else if (place.resource === DEFINITIONS && finalizers.includes(CLEANUP)) this.#dropCustomResources(place, object);
    // Nothing runs in these Pods: their kubelet has ended them at once.
    else if (place.resource === '/pods') this.#api.delete('system:node', place, { gracePeriodSeconds: 0 });
  }

  /** An object whose owners are all gone goes too; references to missing owners go where another owner is left. */
  #collect(place: Place, object: KubeObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    const left = owners.filter(({ uid }) => this.#api.find(uid));
    if (left.length === owners.length) return;
    if (left.length === 0) this.#api.delete(COLLECTOR, place, {});
    else this.#change(COLLECTOR, place, object, { ownerReferences: left });
  }

  #orphan(place: Place, owner: KubeObject): void {
    for (const its of this.#dependentsOf(owner.metadata.uid)) {
      const dependent = this.#api.get(its)!;
      const ownerReferences = dependent.metadata.ownerReferences!.filter(({ uid }) => uid !== owner.metadata.uid);
      this.#change(COLLECTOR, its, dependent, { ownerReferences });
    }
    this.#dropFinalizer(COLLECTOR, place, owner, ORPHAN);
  }

  #foreground(place: Place, owner: KubeObject): void {
    const { uid } = owner.metadata;
    const isBlocked = (dependent: KubeObject | undefined) =>
      dependent?.metadata.ownerReferences?.some((reference) => reference.uid === uid && reference.blockOwnerDeletion);
    const dependents = this.#dependentsOf(uid);
    for (const its of dependents)
      if (!this.#api.get(its)!.metadata.deletionTimestamp) this.#api.delete(COLLECTOR, its, { propagationPolicy: 'Foreground' });
    if (!dependents.some((its) => isBlocked(this.#api.get(its)))) this.#dropFinalizer(COLLECTOR, place, owner, FOREGROUND);
  }

  /** A namespace goes once nothing is left in it. */
  #empty(place: Place, namespace: KubeObject): void {
    const user = accountOf('namespace-controller');
    const places = this.#api
      .resources()
      .filter(({ namespaced }) => namespaced)
      .flatMap(({ id: resource }) => this.#api.keys(resource).map((key) => ({ resource, key })))
      .filter(({ key }) => key.startsWith(`${place.key}/`));
    if (!this.#allGone(user, places)) return;
    this.#api.update(user, place, { ...namespace, spec: { finalizers: [] } }, 'finalize');
  }

  #dropCustomResources(place: Place, definition: KubeObject): void {
    const user = accountOf('crd-finalizer');
    const { group, names } = definition['spec'] as { group: string; names: { plural: string } };
    const resource = `${group}/${names.plural}`;
    const places = this.#api.keys(resource).map((key) => ({ resource, key }));
    if (this.#allGone(user, places)) this.#dropFinalizer(user, place, definition, CLEANUP);
  }

  /** Deletes what is not on its way out yet; true when nothing is left. */
  #allGone(user: string, places: Place[]): boolean {
    for (const each of places)
      if (this.#api.get(each) && !this.#api.get(each)!.metadata.deletionTimestamp) this.#api.delete(user, each, {});
    return places.every((each) => !this.#api.get(each));
  }

  #dropFinalizer(user: string, place: Place, object: KubeObject, finalizer: string): void {
    this.#change(user, place, object, { finalizers: object.metadata.finalizers!.filter((name) => name !== finalizer) });
  }

  #change(user: string, place: Place, object: KubeObject, metadata: Partial<KubeObject['metadata']>): void {
    this.#api.update(user, place, { ...object, metadata: { ...object.metadata, ...metadata } });
  }
}
