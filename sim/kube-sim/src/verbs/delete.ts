/** DELETE: preconditions, finalizers, grace, propagation; deletecollection is a DELETE of everything that a list selects. */
import { unsupported } from '@dpf/kube-schema';
import { collectionOf, isDryRun, type Api, type Call } from '../api.ts';
import { at, isMap, timestamp, type KubeObject, type Metadata } from '../objects.ts';
import { conflict, invalid } from '../status.ts';
import { Stored, keyOf } from '../store/collection.ts';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

export interface DeleteOptions {
  uid?: string;
  resourceVersion?: string;
  gracePeriodSeconds?: number;
  /** Background unless said otherwise. */
  propagationPolicy?: string;
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** The options of a DELETE stand in its body, some also in the query. */
export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const options = isMap(body) ? body : {};
  const preconditions = isMap(options['preconditions']) ? options['preconditions'] : {};
  const grace = options['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? undefined;
  const policy = options['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  if (policy !== undefined && !POLICIES.includes(String(policy)))
    throw invalid({ group: '', kind: 'DeleteOptions' }, '', unsupported('propagationPolicy', policy, POLICIES));
  const { uid, resourceVersion } = preconditions as DeleteOptions;
  return { uid, resourceVersion, gracePeriodSeconds: grace === undefined ? undefined : Number(grace), propagationPolicy: policy as string };
}

/** Deletes an object, or marks it as going where something has to happen first. Returns its last or present state and whether it is gone. */
export function remove(api: Api, call: Call, stored: Stored, options: DeleteOptions): { stored: Stored; gone: boolean } {
  const { resource } = call;
  const { object } = stored;
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const precondition = (what: string, wanted: string | undefined, found: string | undefined, happened: string) => {
    if (wanted === undefined || wanted === found) return;
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). ${happened}`;
    throw conflict({ group: resource.group, plural: resource.kind }, name, why);
  };
  precondition('UID', options.uid, uid, 'The object might have been deleted and then recreated');
  precondition('ResourceVersion', options.resourceVersion, resourceVersion, 'The object might have been modified');
  const collection = collectionOf(api, resource);
  const grace = graceOf(call, object, options);
  const next = marked(api, call, object, options, grace);
  if (next === undefined) {
    if (isDryRun(call)) return { stored, gone: true };
    return { stored: api.store.remove(collection, keyOf(namespace, name), lastOf(api, call, object))!, gone: true };
  }
  if (next === object) return { stored, gone: false };
  return { stored: isDryRun(call) ? new Stored(next, stored.revision) : api.store.put(collection, next), gone: false };
}

/** The last state of an object that goes at once: a Pod is marked like one that was given time. */
function lastOf(api: Api, { resource }: Call, object: KubeObject): KubeObject {
  if (resource.collection !== '/pods' || object.metadata.deletionTimestamp) return object;
  const deletionTimestamp = timestamp(api.clock());
  return { ...object, metadata: { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 } };
}

/** Only Pods that run somewhere are given time to end. */
function graceOf(call: Call, object: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  if (call.resource.collection !== '/pods' || !at(object, 'spec', 'nodeName')) return 0;
  return gracePeriodSeconds ?? Number(at(object, 'spec', 'terminationGracePeriodSeconds') ?? 30);
}

/** The object as it is while it goes; undefined when nothing holds it back, itself when it is going already. */
function marked(api: Api, call: Call, object: KubeObject, options: DeleteOptions, grace: number): KubeObject | undefined {
  const { metadata } = object;
  const { propagationPolicy: policy } = options;
  const finalizers = (metadata.finalizers ?? []).filter((name) => policy === undefined || (name !== ORPHAN && name !== FOREGROUND));
  if (policy === 'Orphan') finalizers.push(ORPHAN);
  if (policy === 'Foreground') finalizers.push(FOREGROUND);
  const isNamespace = call.resource.collection === '/namespaces';
  if (finalizers.length === 0 && !isNamespace && grace === 0) return undefined;
  if (metadata.deletionTimestamp) return object;
  const marked: Metadata = {
    ...metadata,
    deletionTimestamp: timestamp(new Date(api.clock().getTime() + grace * 1000)),
    deletionGracePeriodSeconds: grace,
    ...(finalizers.length > 0 && { finalizers }),
    ...(metadata.generation !== undefined && { generation: metadata.generation + 1 }),
  };
  return { ...object, metadata: marked, ...(isNamespace && { status: { phase: 'Terminating' } }) };
}
