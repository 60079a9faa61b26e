/** From method and path to the verb, and from its result to the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { verbOf } from '@dpf/kube-faults';
import { collectionOf, type Api, type Call } from '../api.ts';
import { requestToken } from '../auth/service-accounts.ts';
import { encoderOf } from '../http/encode.ts';
import { decodeObject, mediaType } from '../http/request.ts';
import { sendBytes, sendJson, sendParts } from '../http/respond.ts';
import type { KubeObject } from '../objects.ts';
import { apiVersionOf } from '../resources/resource.ts';
import { asObject } from '../schema/metadata.ts';
import { badRequest, fault, invalid, methodNotAllowed, pathNotFound } from '../status.ts';
import { keyOf, type Stored } from '../store/collection.ts';
import { deleteOptions, remove } from './delete.ts';
import { patch } from './patch.ts';
import { checkWriteOptions } from './options.ts';
import { find, list } from './read.ts';
import { record } from './record.ts';
import { watch } from './watch.ts';
import { byUpdate, create, update } from './write.ts';

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
  if (verb === 'create' && name === undefined) return post(exchange);
  if (verb === 'update' && name !== undefined) return put(exchange);
  if (verb === 'patch' && name !== undefined) return patchOne(exchange);
  if (verb === 'delete' && subresource === undefined) return deleteOne(exchange);
  if (verb === 'deletecollection') return deleteMany(exchange);
  throw methodNotAllowed();
}

/** PUT …/namespaces/<name>/finalize exists for clients that free a stuck namespace. */
const isFinalize = ({ subresource, resource }: Call): boolean => subresource === 'finalize' && resource.collection === '/namespaces';

function given({ call, body, request }: Exchange): KubeObject {
  const { resource } = call;
  const object = asObject(decodeObject(body, mediaType(request)), { apiVersion: apiVersionOf(resource), kind: resource.kind });
  return resource.convert?.write(object) ?? object;
}

function answer({ api, call, request, response }: Exchange, code: number, stored: Stored): void {
  sendBytes(response, code, encoderOf(api, call, request).object(stored));
}

function post(exchange: Exchange): void {
  const { api, call } = exchange;
  checkWriteOptions(call, 'CreateOptions');
  const body = given(exchange);
  const stored = create(api, call, body, byUpdate(api, call));
  record(api, call, { verb: 'create', after: stored.object, body });
  answer(exchange, 201, stored);
}

function put(exchange: Exchange): void {
  const { api, call } = exchange;
  const { resource, name } = call;
  checkWriteOptions(call, 'UpdateOptions');
  const body = given(exchange);
  if (body.metadata.name !== name)
    throw badRequest(`the name of the object (${body.metadata.name}) does not match the name on the URL (${name})`);
  const old = find(api, call);
  if (!resource.builtin && !body.metadata.resourceVersion)
    throw invalid(
      { ...resource, kind: resource.plural },
      name,
      fault('metadata.resourceVersion', 'Invalid value: 0: must be specified for an update'),
    );
  const stored = update(api, call, old, body, byUpdate(api, call));
  record(api, call, { verb: 'update', before: old.object, after: stored.object, body });
  answer(exchange, 200, stored);
}

function patchOne(exchange: Exchange): void {
  const { api, call, request } = exchange;
  checkWriteOptions(call, 'PatchOptions');
  const old = collectionOf(api, call.resource).items.get(keyOf(call.namespace, call.name!));
  const { stored, created, body } = patch(api, call, old, exchange.body, mediaType(request));
  record(api, call, { verb: 'patch', before: old?.object, after: stored.object, body });
  answer(exchange, created ? 201 : 200, stored);
}

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

function deleteOne(exchange: Exchange): void {
  const { api, call, request, response } = exchange;
  checkWriteOptions(call, 'DeleteOptions');
  const body = decodeObject(exchange.body, mediaType(request));
  const old = find(api, call);
  const { stored, gone } = remove(api, call, old, deleteOptions(body, call.query));
  record(api, call, { verb: 'delete', before: old.object, ...(!gone && { after: stored.object }), body });
  if (!gone || RETURNED.has(call.resource.collection)) answer(exchange, 200, stored);
  else sendJson(response, 200, success(call, old.object));
}

async function deleteMany(exchange: Exchange): Promise<void> {
  const { api, call, request, response } = exchange;
  const body = decodeObject(exchange.body, mediaType(request));
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
  const { api, call, request, response, body } = exchange;
  if (request.method !== 'POST') throw methodNotAllowed();
  const asked = decodeObject(body, mediaType(request));
  const issued = requestToken(api, call, asked);
  const account = find(api, call).object;
  record(api, call, { verb: 'create', before: account, after: account, body: asked });
  sendJson(response, 201, issued);
}
