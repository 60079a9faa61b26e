/** PATCH: JSON, merge and strategic merge patches, and server-side apply. */
import { isTrue } from '@dpf/kube-faults';
import { applyPatch, type Operation } from 'rfc6902';
import { forbiddenField, immutable, required } from '@dpf/kube-schema';
import type { Api, Call } from '../api.ts';
import { applyFields } from '../fields/apply.ts';
import { objectSchema, ownableLeaves } from '../fields/leaves.ts';
import { entryOf } from '../fields/managed.ts';
import { decode } from '../http/request.ts';
import { copy, isMap, type KubeObject } from '../objects.ts';
import { mergePatch } from '../patch/merge.ts';
import { strategicPatch } from '../patch/strategic.ts';
import { served } from '../resources/resource.ts';
import { ApiFailure, badRequest, conflict, invalid, notFound, unsupportedMediaType } from '../status.ts';
import type { Stored } from '../store/collection.ts';
import { refuse } from './options.ts';
import { byUpdate, checkPlace, create, inputOf, update, writerOf } from './write.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

/** The object as it stands then, and the patch that was sent. */
export interface Patched {
  stored: Stored;
  body: unknown;
}

export function patch(api: Api, call: Call, old: Stored | undefined, body: Buffer, type: string): Patched {
  const { resource } = call;
  if (type === APPLY) return apply(api, call, old, asWanted(call, decode(body, type)));
  const accepted = [JSON_PATCH, MERGE, ...(resource.builtin ? [STRATEGIC] : []), APPLY];
  if (!accepted.includes(type) && resource.builtin) throw new ApiFailure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  if (!accepted.includes(type)) throw unsupportedMediaType(type, accepted);
  if (call.query.has('force')) refuse('PatchOptions', [forbiddenField('force', 'may not be specified for non-apply patch')]);
  if (!old) throw notFound(resource, call.name!);
  const given = decode(body, type);
  const next = inputOf(resource, patched(call, served(resource, old.object), given, type));
  const { uid, name } = old.object.metadata;
  if (next.metadata.uid !== uid) throw invalid(resource, name, immutable('metadata.uid', next.metadata.uid ?? ''));
  const stored = update(api, { ...call, patched: body.toString() }, old, next, byUpdate(api, call));
  return { stored, body: given };
}

function patched(call: Call, object: KubeObject, given: unknown, type: string): unknown {
  if (type === JSON_PATCH) return jsonPatch(object, given);
  if (!isMap(given)) throw badRequest('the patch must be an object');
  return type === MERGE ? mergePatch(object, given) : strategicPatch(object, given, objectSchema(call.resource.schema));
}

function jsonPatch(object: KubeObject, given: unknown): unknown {
  if (!Array.isArray(given)) throw badRequest('a JSON patch must be a list of operations');
  const result = copy(object);
  let errors: (Error | null)[];
  try {
    errors = applyPatch(result, given as Operation[]);
  } catch (error) {
    errors = [error as Error];
  }
  if (errors.some((error) => error !== null))
    throw new ApiFailure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  return result;
}

/** What a manager applies through the main resource is everything but status, through /status nothing else. */
function asWanted(call: Call, body: unknown): KubeObject {
  const { resource, name, namespace } = call;
  const wanted = inputOf(resource, body);
  if (wanted.metadata.managedFields) throw badRequest('metadata.managedFields must be nil');
  checkPlace({ ...wanted.metadata, name: wanted.metadata.name ?? name! }, name!, namespace);
  const { apiVersion, kind, metadata, status, ...rest } = wanted;
  const own = { ...metadata, name: name!, ...(namespace && { namespace }) };
  if (call.subresource === 'status') return { apiVersion, kind, metadata: own, ...(status !== undefined && { status }) };
  return { apiVersion, kind, metadata: own, ...rest, ...(!resource.statusSubresource && status !== undefined && { status }) };
}

function apply(api: Api, call: Call, old: Stored | undefined, wanted: KubeObject): Patched {
  const { resource } = call;
  if (!call.query.get('fieldManager')) refuse('PatchOptions', [required('fieldManager', 'is required for apply patch')]);
  const writer = writerOf(api, call, 'Apply');
  if (!old) {
    if (call.subresource) throw notFound(resource, call.name!);
    if (wanted.metadata.uid)
      throw conflict(
        resource,
        call.name!,
        `uid mismatch: the provided object specified uid ${wanted.metadata.uid}, and no existing object was found`,
      );
    const fields = new Set(ownableLeaves(wanted, resource.schema).keys());
    const stored = create(api, call, wanted, () => (fields.size > 0 ? [entryOf(writer, fields)] : []));
    return { stored, body: wanted };
  }
  const force = isTrue(call.query.get('force'));
  const { object, managedFields } = applyFields(old.object, wanted, resource.schema, writer, force);
  const stored = update(api, call, old, object, () => managedFields);
  return { stored, body: wanted };
}
