/** Rules of metadata that hold for every kind. */
import { fault, forbiddenField, invalidValue, type Cause, type Schema } from '@dpf/kube-schema';
import { isMap, type KubeObject, type Metadata } from './objects.ts';
import { badRequest } from './status.ts';

export const TEXT: Schema = { type: 'string' };
const INTEGER: Schema = { type: 'integer' };
const TEXT_MAP: Schema = { type: 'object', additionalProperties: TEXT };
/** The metadata of every object. */
export const METADATA: Schema = {
  type: 'object',
  description: "Standard object's metadata.",
  properties: {
    name: TEXT,
    generateName: TEXT,
    namespace: TEXT,
    labels: TEXT_MAP,
    annotations: TEXT_MAP,
    finalizers: { type: 'array', items: TEXT, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
    ownerReferences: {
      type: 'array',
      items: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { uid: TEXT } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
    },
    managedFields: { type: 'array', items: { type: 'object' } },
    uid: TEXT,
    resourceVersion: TEXT,
    generation: INTEGER,
    creationTimestamp: TEXT,
    deletionTimestamp: TEXT,
    deletionGracePeriodSeconds: INTEGER,
  },
};

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NOT_A_SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const ANNOTATIONS_LIMIT = 256 * 1024;

/** Why a key of labels or annotations is none; undefined when it is fine. */
function keyFault(key: string): string | undefined {
  const [name, prefix, ...more] = key.split('/').reverse() as [string, string?, ...string[]];
  if (more.length > 0) return 'a qualified name must consist of a name with an optional DNS subdomain prefix and one "/"';
  if (prefix !== undefined && (prefix.length > 253 || !SUBDOMAIN.test(prefix))) return 'prefix part must be a lowercase RFC 1123 subdomain';
  if (name.length > 63) return 'name part must be no more than 63 bytes';
  if (!QUALIFIED.test(name))
    return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return undefined;
}

function labelFaults(labels: Record<string, string>): Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const why = keyFault(key);
    if (why) return [invalidValue('metadata.labels', key, why)];
    if (value.length > 63) return [invalidValue('metadata.labels', value, 'must be no more than 63 bytes')];
    const shape =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    return LABEL_VALUE.test(value) ? [] : [invalidValue('metadata.labels', value, shape)];
  });
}

/** Faults of the metadata of a new object or, with `old`, of a new version of it. */
export function metadataFaults(meta: Metadata, old?: Metadata): Cause[] {
  const causes: Cause[] = [];
  if (!old && meta.name.length > 253) causes.push(invalidValue('metadata.name', meta.name, 'must be no more than 253 characters'));
  if (!old && !SUBDOMAIN.test(meta.name)) causes.push(invalidValue('metadata.name', meta.name, NOT_A_SUBDOMAIN));
  causes.push(...labelFaults(meta.labels ?? {}));
  const annotations = Object.entries(meta.annotations ?? {});
  for (const [key] of annotations) {
    const why = keyFault(key.toLowerCase());
    if (why) causes.push(invalidValue('metadata.annotations', key, why));
  }
  if (annotations.reduce((size, [key, value]) => size + key.length + value.length, 0) > ANNOTATIONS_LIMIT)
    causes.push(fault('metadata.annotations', `Too long: may not be more than ${ANNOTATIONS_LIMIT} bytes`, 'FieldValueTooLong'));
  if ((meta.ownerReferences ?? []).filter(({ controller }) => controller).length > 1)
    causes.push(invalidValue('metadata.ownerReferences', null, 'Only one reference can have Controller set to true'));
  (meta.ownerReferences ?? []).forEach((owner, index) => {
    for (const name of ['apiVersion', 'kind', 'name', 'uid'] as const)
      if (!owner[name]) causes.push(invalidValue(`metadata.ownerReferences[${index}].${name}`, '', 'must not be empty'));
  });
  for (const finalizer of meta.finalizers ?? []) {
    const why = keyFault(finalizer);
    if (why) causes.push(invalidValue('metadata.finalizers', finalizer, why));
  }
  const added = old?.deletionTimestamp ? (meta.finalizers ?? []).filter((name) => !(old.finalizers ?? []).includes(name)) : [];
  const listed = added.map((name) => JSON.stringify(name)).join(', ');
  const late = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${listed}}`;
  if (added.length > 0) causes.push(forbiddenField('metadata.finalizers', late));
  return causes;
}

function hasShape(value: unknown, { type, items, additionalProperties }: Schema): boolean {
  if (type === 'array') return Array.isArray(value) && value.every((item) => hasShape(item, items!));
  if (type === 'object') return isMap(value) && Object.values(value).every((item) => !additionalProperties || hasShape(item, TEXT));
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}

/** Encoding from Go types leaves empty maps and lists out. Empty managedFields are an order to forget them, which is obeyed elsewhere. */
const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** Makes sure that what came in has the shape of an object, as decoding into Go types would; nulls count as absent. */
export function asObject(input: unknown, expected: { apiVersion: string; kind: string }): KubeObject {
  if (!isMap(input)) throw badRequest(`the body of the request is not an object`);
  const { apiVersion, kind } = input;
  if (typeof kind !== 'string' || !kind) throw badRequest("Object 'Kind' is missing in the body of the request");
  if (apiVersion !== expected.apiVersion || kind !== expected.kind)
    throw badRequest(
      `${kind} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${expected.kind}: the API version in the data (${apiVersion}) or its kind does not match the expected ${expected.apiVersion}, Kind=${expected.kind}`,
    );
  if (input['metadata'] !== undefined && input['metadata'] !== null && !isMap(input['metadata']))
    throw badRequest('metadata must be an object');
  const metadata = { ...(input['metadata'] as Metadata | null | undefined) } as Metadata;
  for (const [field, schema] of Object.entries(METADATA.properties!)) {
    if (metadata[field] === null || metadata[field] === undefined) delete metadata[field];
    else if (!hasShape(metadata[field], schema))
      throw badRequest(`json: cannot unmarshal metadata.${field}: it must be a ${schema.items ? 'list' : schema.type}`);
    else if (isEmpty(metadata[field]) && field !== 'managedFields') delete metadata[field];
  }
  return { ...input, apiVersion: expected.apiVersion, kind, metadata };
}
