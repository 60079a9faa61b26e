/** The way of every write into the store: shape, defaults, ownership, rules, then one commit. All of it is synchronous, so a write is atomic. */
import { randomUUID } from 'node:crypto';
import { applyDefaults, fault, invalidValue, prune, required, validate } from '@dpf/kube-schema';
import { collectionOf, isDryRun, type Api, type Call } from '../api.ts';
import { afterUpdate, type Writer } from '../fields/managed.ts';
import { ownableLeaves } from '../fields/leaves.ts';
import { at, copy, equal, isMap, timestamp, type KubeObject, type ManagedFields, type Metadata } from '../objects.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';
import { asObject, metadataFaults } from '../metadata.ts';
import { ApiFailure, alreadyExists, badRequest, conflict, forbidden, invalid, notFound, staleObject } from '../status.ts';
import { Stored, keyOf } from '../store/collection.ts';

/** Who owns the fields of the next version. */
export type Ownership = (next: KubeObject, old: KubeObject | undefined) => ManagedFields[] | undefined;

export const writerOf = (api: Api, call: Call, operation: Writer['operation']): Writer => ({
  // The parameter, else the product of the User-Agent.
  manager: call.query.get('fieldManager') || call.userAgent.split(/[/ ]/)[0] || 'unknown',
  operation,
  apiVersion: apiVersionOf(call.resource),
  subresource: call.subresource,
  time: timestamp(api.clock()),
});

/** Create, update and patch: what changes belongs to the writer. */
export const byUpdate =
  (api: Api, call: Call): Ownership =>
  (next, old) =>
    afterUpdate(
      givenFields(next, old) ?? [],
      old ? ownableLeaves(old, call.resource.schema) : new Map(),
      ownableLeaves(next, call.resource.schema),
      writerOf(api, call, 'Update'),
      call.resource.builtin ? ['f:metadata', 'f:spec', 'f:status'] : ['f:metadata'],
    );

/** managedFields may be edited by clients (`[{}]` erases them); absent or empty: as they were. */
function givenFields(next: KubeObject, old: KubeObject | undefined): ManagedFields[] | undefined {
  const given = next.metadata.managedFields;
  if (!given || given.length === 0) return old?.metadata.managedFields;
  return given.filter((entry) => entry.manager !== undefined && isMap(entry.fieldsV1));
}

/** Removes unknown fields and warns of them; with fieldValidation=Strict they are refused instead, with Ignore nothing is said. */
function shape(call: Call, object: KubeObject): void {
  const { kind, version, schema } = call.resource;
  const unknown = prune(object, schema);
  if (unknown.length > 0 && call.query.get('fieldValidation') === 'Strict') {
    const faults = unknown.map((path) => `unknown field "${path}"`).join(', ');
    const why = `strict decoding error: ${faults}`;
    if (call.patched !== undefined) throw invalid({ group: '', kind: '' }, '', invalidValue('patch', call.patched, why));
    throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`);
  }
  if (call.query.get('fieldValidation') !== 'Ignore') for (const path of unknown) call.warn?.(`unknown field "${path}"`);
  applyDefaults(object, schema);
}

function check(resource: Resource, next: KubeObject, old: KubeObject | undefined): void {
  const causes = metadataFaults(next.metadata, old?.metadata);
  if (causes.length === 0) causes.push(...validate(next, old, resource.schema));
  if (causes.length === 0) causes.push(...(resource.check?.(next, old) ?? []));
  if (causes.length > 0) throw invalid(resource, next.metadata.name, ...causes);
}

const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789';
const randomSuffix = (): string => Array.from({ length: 5 }, () => SUFFIX[Math.floor(Math.random() * SUFFIX.length)]).join('');

/** Refuses what cannot be in a namespace that is missing or going away. */
function checkNamespace(api: Api, resource: Resource, name: string, namespace: string | undefined): void {
  if (!resource.namespaced || !namespace) return;
  const found = api.store.collection('/namespaces').items.get(namespace);
  if (!found) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (found.object.metadata.deletionTimestamp)
    throw forbidden(resource, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
      fault('metadata.namespace', `namespace ${namespace} is being terminated`, 'NamespaceTerminating'),
    ]);
}

/** Refuses an object that says to be elsewhere than where the request goes. */
export function checkPlace(given: Metadata, name: string, namespace: string | undefined): void {
  if (given.name !== name) throw badRequest(`the name of the object (${given.name}) does not match the name on the URL (${name})`);
  if (namespace && given.namespace && given.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** The object that a client sent, in the form in which it is stored. */
export function inputOf(resource: Resource, sent: unknown): KubeObject {
  const object = asObject(sent, { apiVersion: apiVersionOf(resource), kind: resource.kind });
  return resource.convert?.write(object) ?? object;
}

/** Stores a new object (as stored, not as served) and returns it. */
export function create(api: Api, call: Call, input: KubeObject, own: Ownership): Stored {
  const { resource, namespace } = call;
  const collection = collectionOf(api, resource);
  const meta = input.metadata;
  checkPlace(meta, meta.name, namespace);
  const name = meta.name || (meta.generateName ? meta.generateName.slice(0, 58) + randomSuffix() : '');
  if (!name) throw invalid(resource, '', required('metadata.name', 'name or generateName is required'));
  if (meta.resourceVersion) throw new ApiFailure(500, '', 'resourceVersion should not be set on objects to be created');
  checkNamespace(api, resource, name, namespace);

  const metadata: Metadata = { ...meta, name, uid: randomUUID(), creationTimestamp: timestamp(api.clock()) };
  for (const field of ['generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) delete metadata[field];
  if (namespace) metadata.namespace = namespace;
  else delete metadata.namespace;
  if (resource.generation) metadata.generation = 1;
  // The input is left as it came (the audit log shows it); what is stored is a copy.
  const object: KubeObject = copy({ ...input, metadata });
  if (resource.statusSubresource && !resource.statusAtCreation) delete object['status'];
  shape(call, object);
  resource.prepare?.(object, undefined, { ...call, now: api.clock() });
  const managedFields = own(object, undefined);
  setOwners(object, managedFields);
  check(resource, object, undefined);
  if (collection.items.has(keyOf(namespace, name))) throw alreadyExists(resource, name);
  return isDryRun(call) ? new Stored(object, api.store.revision) : api.store.put(collection, object);
}

function setOwners({ metadata }: KubeObject, managedFields: ManagedFields[] | undefined): void {
  if (managedFields && managedFields.length > 0) metadata.managedFields = managedFields;
  else delete metadata.managedFields;
}

/** What only the server writes in metadata. */
const SYSTEM = ['uid', 'creationTimestamp', 'generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generateName'] as const;

/** Puts the parts that this request does not write back to what they were. */
function restrict(call: Call, next: KubeObject, old: KubeObject): KubeObject {
  const { resource, subresource } = call;
  if (subresource !== 'status' && !resource.statusLike?.includes(subresource ?? ''))
    return resource.statusSubresource ? { ...next, status: old['status'] } : next;
  const { labels, annotations, finalizers, ownerReferences } = old.metadata;
  const metadata = resource.builtin ? { ...next.metadata } : { ...next.metadata, labels, annotations, finalizers, ownerReferences };
  return { ...old, metadata: metadata as Metadata, status: next['status'] };
}

/** Stores a new version of an object and returns it; the present one where nothing changed. */
export function update(api: Api, call: Call, old: Stored, input: KubeObject, own: Ownership): Stored {
  const { resource } = call;
  const before = old.object;
  const { name, namespace, uid } = before.metadata;
  const given = input.metadata;
  checkPlace(given, name, namespace);
  if (given.uid && given.uid !== uid)
    throw conflict(resource, name, `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${uid}`);
  if (given.resourceVersion && given.resourceVersion !== before.metadata.resourceVersion) throw staleObject(resource, name);

  const shaped = copy(input);
  shape(call, shaped);
  const next = restrict(call, shaped, before);
  const meta: Metadata = { ...next.metadata, name, namespace, resourceVersion: before.metadata.resourceVersion! };
  for (const field of SYSTEM) (meta as Record<string, unknown>)[field] = before.metadata[field];
  next.metadata = meta;
  resource.prepare?.(next, before, { ...call, now: api.clock() });
  const managedFields = own(next, before);
  setOwners(next, managedFields);
  if (equal(next, before)) return old;

  if (resource.generation && changesSpec(resource, next, before)) meta.generation = (meta.generation ?? 0) + 1;
  check(resource, next, before);
  if (isDryRun(call)) return new Stored(next, old.revision);
  const collection = collectionOf(api, resource);
  const held = [
    ...(meta.finalizers ?? []),
    ...(resource.collection === '/namespaces' ? ((at(next, 'spec', 'finalizers') ?? []) as string[]) : []),
  ];
  const released = meta.deletionTimestamp && held.length === 0 && !meta.deletionGracePeriodSeconds;
  return released ? api.store.remove(collection, keyOf(namespace, name), next)! : api.store.put(collection, next);
}

/** Generation counts changes of anything but metadata, and status where that is a subresource. */
function changesSpec({ statusSubresource, builtin }: Resource, next: KubeObject, before: KubeObject): boolean {
  const { metadata: _m1, status: nextStatus, ...now } = next;
  const { metadata: _m2, status: oldStatus, ...then } = before;
  return !equal(now, then) || (!statusSubresource && !builtin && !equal(nextStatus, oldStatus));
}
