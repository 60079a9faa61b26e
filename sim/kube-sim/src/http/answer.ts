/** Who asks for what, whether they may, and where it is answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parsePath, verbOf, type ResourcePath } from '@dpf/kube-faults';
import type { Api } from '../api.ts';
import { ANONYMOUS, authenticate, isOpen } from '../auth/authenticate.ts';
import { refusalOf } from '../auth/bootstrappers.ts';
import { REVIEWS } from '../auth/reviews.ts';
import type { User } from '../auth/user.ts';
import { apiVersionOf } from '../resources/resource.ts';
import { methodNotAllowed, notPermitted, pathNotFound, pathNotPermitted, unauthorized, type ApiFailure } from '../status.ts';
import { dispatch } from '../verbs/dispatch.ts';
import { VERSION, discovery } from './discovery.ts';
import { openApiOf } from './openapi.ts';
import { decodeObject, mediaType, readBody } from './request.ts';
import { sendBytes, sendFailure, sendJson } from './respond.ts';

/** The listener of requests. */
export function answering(api: Api): (request: IncomingMessage, response: ServerResponse) => void {
  const openApi = openApiOf(api.registry);
  return (request, response) =>
    void answer(api, openApi, request, response).catch((error: unknown) => {
      request.resume();
      sendFailure(response, error);
    });
}

async function answer(api: Api, openApi: ReturnType<typeof openApiOf>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const { pathname, searchParams: query } = new URL(url, 'https://localhost');
  const path = pathname.replace(/(.)\/$/, '$1');
  const user = authenticate(api, request);
  const target = parsePath(path);
  const verb = target ? verbOf(method, target.name !== undefined, query) : method.toLowerCase();
  const userAgent = headers['user-agent'] ?? '';
  const resourceName = target ? [target.plural, target.subresource].filter(Boolean).join('/') : '';
  api.requests.add({ verb, resource: resourceName, userAgent });
  if (!user) throw unauthorized();
  const refused = isOpen(method, path) ? undefined : refusal(user, verb, target, path);
  if (refused) throw refused;
  const body = method === 'GET' ? Buffer.alloc(0) : await readBody(request);

  const review = target && REVIEWS.find(({ group, plural }) => group === target.group && plural === target.plural);
  if (review) {
    if (method !== 'POST') throw methodNotAllowed();
    return sendJson(response, 201, review.answer(api, user, decodeObject(body, mediaType(request))));
  }
  const resource = target && api.registry.find(apiVersionOf(target), target.plural);
  // Objects of a namespaced kind are reached through their namespace; only lists span all of them.
  const fits = resource?.namespaced ? target?.namespace !== undefined || target?.name === undefined : target?.namespace === undefined;
  if (!target || !resource || !fits) return answerOther(api, openApi, request, response, path);
  const { namespace, name, subresource } = target;
  const warn = (text: string) => void response.appendHeader('Warning', `299 - "${text.replace(/["\\]/g, '\\$&')}"`);
  return dispatch({ api, call: { resource, namespace, name, subresource, user, userAgent, query, warn }, request, response, body });
}

/** Nobody reads more than what is open; bootstrap tokens have a few permissions; everybody else may everything. */
function refusal(user: User, verb: string, target: ResourcePath | undefined, path: string): ApiFailure | undefined {
  if (user === ANONYMOUS) return target ? notPermitted(user.name, verb, target) : pathNotPermitted(user.name, verb, path);
  return target && refusalOf(user, verb, target);
}

/** Everything that is no resource: health, version, discovery, OpenAPI. */
function answerOther(
  api: Api,
  openApi: ReturnType<typeof openApiOf>,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): void {
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return sendBytes(response, 200, Buffer.from('ok'), 'text/plain');
  if (path === '/version') return sendJson(response, 200, VERSION);
  const document = path.startsWith('/openapi/v3') ? openApi(path) : undefined;
  if (document) return sendJson(response, 200, document);
  const found = /^\/apis?(\/|$)/.test(path) ? discovery(api.registry, path, request.headers.accept) : undefined;
  if (found) return sendJson(response, 200, found.body, found.type);
  // Where a built-in group is served, its paths answer for themselves.
  const group = /^\/(?:api|apis\/([^/]+))\/([^/]+)\//.exec(path);
  if (group && api.registry.all().some((each) => each.builtin && each.group === (group[1] ?? '') && each.version === group[2]))
    throw pathNotFound();
  sendBytes(response, 404, Buffer.from('404 page not found\n'), 'text/plain; charset=utf-8');
}
