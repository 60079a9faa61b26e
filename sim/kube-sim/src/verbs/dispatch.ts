/** From method and path to the verb, and from its result to the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { verbOf } from '@dpf/kube-faults';
import { invalidValue } from '@dpf/kube-schema';
import { collectionOf, type Api, type Call } from '../api.ts';
import { requestToken } from '../auth/service-accounts.ts';
import { encoderOf } from '../http/encode.ts';
import { decodeObject, mediaType } from '../http/request.ts';
import { sendBytes, sendJson, sendParts } from '../http/respond.ts';
import type { KubeObject } from '../objects.ts';
import { invalid, methodNotAllowed, pathNotFound } from '../status.ts';
import { keyOf, type Stored } from '../store/collection.ts';
import { deleteOptions, remove } from './delete.ts';
import { patch } from './patch.ts';
import { checkWriteOptions } from './options.ts';
import { find, list } from './read.ts';
import { record, type Written } from './record.ts';
import { watch } from './watch.ts';
import { byUpdate, create, inputOf, update } from './write.ts';

export interface Exchange {
  api: Api;
  call: Call;
  request: IncomingMessage;
  response: ServerResponse;
  body: Buffer;
}

/** Answers a request for a resource. */
export async function dispatch(exchange: Exchange): Promise<void> {
  const { api, call, request, response } = exchange;
  const { resource, name, subresource } = call;
  const method = request.method ?? 'GET';
  if (subresource === 'token' && resource.collection === '/serviceaccounts') return token(exchange);
  const isStatus = (subresource === 'status' && resource.statusSubresource) || resource.statusLike?.includes(subresource ?? '');
  const known = subresource === undefined || isStatus || isFinalize(call);
  if (!known) throw pathNotFound();
  if (name === undefined && resource.namespaced && !call.namespace && method !== 'GET') throw methodNotAllowed();
  const verb = verbOf(method, name !== undefined, call.query);
  if (verb === 'watch') return watch(api, call, request, response);
  if (verb === 'get') return sendBytes(response, 200, encoderOf(api, call, request).object(find(api, call)));
  if (verb === 'list') return sendParts(response, encoderOf(api, call, request).list(list(api, call)));
  if (verb === 'deletecollection') return deleteMany(exchange);
  const write = (name !== undefined) === (verb !== 'create') && (verb !== 'delete' || subresource === undefined) ? WRITES[verb] : undefined;
  if (!write) throw methodNotAllowed();
  checkWriteOptions(call, `${verb[0]!.toUpperCase()}${verb.slice(1)}Options`);
  const { code = 200, stored, gone, ...written } = write(exchange);
  record(api, call, { ...written, ...(!gone && { after: stored.object }) });
  if (gone && !RETURNED.has(resource.collection)) sendJson(response, code, success(call, stored.object));
  else sendBytes(response, code, encoderOf(api, call, request).object(stored));
}

/** What became of a write: the object as it stands, or as it was last. */
interface Outcome extends Omit<Written, 'after'> {
  code?: number;
  stored: Stored;
  gone?: boolean;
}

const WRITES: Record<string, (exchange: Exchange) => Outcome> = {
  create(exchange) {
    const { api, call } = exchange;
    const body = inputOf(call.resource, sentIn(exchange));
    return { verb: 'create', code: 201, stored: create(api, call, body, byUpdate(api, call)), body };
  },
  update(exchange) {
    const { api, call } = exchange;
    const { resource, name } = call;
    const body = inputOf(resource, sentIn(exchange));
    const old = find(api, call);
    const isFaulty = !resource.builtin && !body.metadata.resourceVersion;
    const missing = invalidValue('metadata.resourceVersion', 0, 'must be specified for an update');
    if (isFaulty) throw invalid({ ...resource, kind: resource.plural }, name!, missing);
    return { verb: 'update', before: old.object, stored: update(api, call, old, body, byUpdate(api, call)), body };
  },
  patch({ api, call, request, body }) {
    const old = collectionOf(api, call.resource).items.get(keyOf(call.namespace, call.name!));
    return { verb: 'patch', code: old ? 200 : 201, before: old?.object, ...patch(api, call, old, body, mediaType(request)) };
  },
  delete(exchange) {
    const { api, call } = exchange;
    const body = sentIn(exchange);
    const old = find(api, call);
    return { verb: 'delete', before: old.object, ...remove(api, call, old, deleteOptions(body, call.query)), body };
  },
};

/** PUT …/namespaces/<name>/finalize exists for clients that free a stuck namespace. */
const isFinalize = ({ subresource, resource }: Call): boolean => subresource === 'finalize' && resource.collection === '/namespaces';

const sentIn = ({ body, request }: Exchange): unknown => decodeObject(body, mediaType(request));

const success = (call: Call, object: KubeObject) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: {
    name: object.metadata.name,
    ...(call.resource.group && { group: call.resource.group }),
    kind: call.resource.plural,
    uid: object.metadata.uid,
  },
});

/** Built-in kinds that answer a deletion with the deleted object. */
const RETURNED = new Set(['/pods', '/serviceaccounts']);

async function deleteMany(exchange: Exchange): Promise<void> {
  const { api, call, request, response } = exchange;
  const body = sentIn(exchange);
  const options = deleteOptions(body, call.query);
  const items: Stored[] = [];
  for (const old of list(api, call).items) {
    const { stored, gone } = remove(api, call, old, options);
    record(api, call, { verb: 'deletecollection', before: old.object, ...(!gone && { after: stored.object }), body });
    items.push(stored);
  }
  await sendParts(response, encoderOf(api, call, request).list({ items, revision: api.store.revision }));
}

function token(exchange: Exchange): void {
  const { api, call, request, response } = exchange;
  if (request.method !== 'POST') throw methodNotAllowed();
  const asked = sentIn(exchange);
  const issued = requestToken(api, call, asked);
  const account = find(api, call).object;
  record(api, call, { verb: 'create', before: account, after: account, body: asked });
  sendJson(response, 201, issued);
}
