/** The embedded API server: an HTTPS listener on loopback in front of the store. */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FaultLayer, parsePath, serveControl, verbOf, type ResourcePath } from '@dpf/kube-faults';
import { clientKubeconfig, createPki, type Pki } from '@dpf/pki';
import type { Api, Call } from './api.ts';
import type { User } from './auth/user.ts';
import { AuditLog, RequestCounters, type AuditEntry } from './audit.ts';
import { authenticate, isOpen, ANONYMOUS } from './auth/authenticate.ts';
import { createKeys } from './auth/keys.ts';
import { asReviewBody, findReview } from './auth/reviews.ts';
import { refusalOf } from './certificates/bootstrappers.ts';
import { answerSigningRequests } from './certificates/controller.ts';
import { CSR } from './certificates/resource.ts';
import { Housekeeping } from './controllers/housekeeping.ts';
import { keepClusterInfo } from './controllers/cluster-info.ts';
import { VERSION, discovery } from './http/discovery.ts';
import { OpenApi } from './http/openapi.ts';
import { decodeObject, mediaType, readBody } from './http/request.ts';
import { sendBytes, sendFailure, sendJson } from './http/respond.ts';
import { installDefinitions, systemCall } from './install.ts';
import { BUILT_IN, FIRST_NAMESPACES } from './resources/built-in.ts';
import { CRD, resourcesOf } from './resources/crd.ts';
import { Registry, apiVersionOf } from './resources/resource.ts';
import { methodNotAllowed, notPermitted, pathNotFound, pathNotPermitted, unauthorized, type ApiFailure } from './status.ts';
import { Journal } from './store/journal.ts';
import { Store } from './store/store.ts';
import { Watches, type Ending } from './store/watches.ts';
import { dispatch } from './verbs/dispatch.ts';
import { create } from './verbs/write.ts';

export interface KubeSimOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default: any free port. */
  port?: number;
  /** URL by which clients reach it, where it is another one than that of the listener: it stands in kubeconfigs and cluster-info. */
  advertisedUrl?: string;
  /** The CA to use; default: a new one. */
  pki?: Pki;
  /** Files or folders (*.yaml, *.yml, *.json) with CustomResourceDefinitions to install at the start. */
  crds?: string[];
  /** A file to which every audit entry is appended as a line of JSON. */
  auditLog?: string;
  /** A folder in which the state outlives the process; default: it does not. */
  dataDir?: string;
  /** Port of the control API of the faults; default: any free one. */
  faultsPort?: number;
  /** The present time; default: the machine's. */
  clock?: () => Date;
}

export interface KubeSim {
  url: string;
  /** Kubeconfig of an administrator, with a client certificate. */
  kubeconfig: string;
  caPem: string;
  pki: Pki;
  /** Accepted writes, oldest first; grows. */
  audit: readonly AuditEntry[];
  /** Counters of all requests. */
  requests: RequestCounters;
  /** Misbehaviour on demand, and the URL of its control API. */
  faults: FaultLayer;
  faultsUrl: string;
  /** Watches that are open now. */
  openWatches(): number;
  /** Forgets the history: lists that continue and watches that resume from before get 410. With `end`, open watches end too. */
  compact(end?: Ending): void;
  close(): Promise<void>;
}

/** Starts a server that listens on loopback with TLS, and resolves once it answers. */
export async function startKubeSim(options: KubeSimOptions = {}): Promise<KubeSim> {
  const { host = '127.0.0.1', port = 0, clock = () => new Date() } = options;
  const journal = options.dataDir === undefined ? undefined : new Journal(options.dataDir);
  const kept = journal?.keys();
  const pki = options.pki ?? (await createPki(kept));
  const keys = createKeys(kept?.tokenKeyPem);
  journal?.keepKeys({ caPem: pki.caPem, caKeyPem: pki.caKeyPem, tokenKeyPem: keys.pem });
  const api: Api = {
    store: new Store(),
    registry: new Registry(),
    audit: new AuditLog(options.auditLog),
    requests: new RequestCounters(),
    keys,
    watches: new Watches(),
    clock,
  };
  for (const resource of [...BUILT_IN, CSR, CRD]) api.registry.add(resource);
  serveDefinitions(api);
  journal?.attach(api.store);
  for (const { object } of api.store.collection(CRD.collection).items.values())
    for (const each of resourcesOf(object)) api.registry.add(each);
  const housekeeping = new Housekeeping(api);
  for (const name of FIRST_NAMESPACES) {
    const call = systemCall(api, 'v1', 'namespaces');
    if (!api.store.collection(call.resource.collection).items.has(name))
      create(api, call, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, () => undefined);
  }
  await installDefinitions(api, options.crds ?? []);

  const openApi = new OpenApi(api.registry);
  const { certPem, keyPem } = await pki.server([
    ...new Set(['localhost', '127.0.0.1', '::1', host, 'kubernetes', 'kubernetes.default.svc', ...advertisedNames(options)]),
  ]);
  const faults = new FaultLayer({
    revision: () => api.store.revision,
    restart: () => api.store.collections.forEach((collection) => collection.startAt(api.store.revision)),
  });
  const server = createServer(
    { cert: certPem, key: keyPem, ca: pki.caPem, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: 60_000, noDelay: true },
    faults.wrap(
      (request, response) => void answer(api, openApi, request, response).catch((error: unknown) => sendFailure(response, error)),
    ),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const url = options.advertisedUrl ?? `https://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  const control = await serveControl(faults, options.faultsPort);
  const stopClusterInfo = keepClusterInfo(api, url, pki.caPem);
  const stopSigning = answerSigningRequests(api, pki);
  const admin = await pki.client('kubernetes-admin', ['system:masters']);
  return {
    url,
    kubeconfig: clientKubeconfig(url, pki.caPem, admin),
    caPem: pki.caPem,
    pki,
    audit: api.audit.entries,
    requests: api.requests,
    faults,
    faultsUrl: control.url,
    openWatches: () => api.watches.size,
    compact: (end) => {
      for (const collection of api.store.collections.values()) collection.compact();
      if (end) api.watches.endAll(end);
    },
    close: async () => {
      housekeeping.stop();
      stopClusterInfo();
      stopSigning();
      api.watches.endAll('cut');
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, control.close()]);
      journal?.close();
    },
  };
}

const advertisedNames = ({ advertisedUrl }: KubeSimOptions): string[] =>
  advertisedUrl === undefined ? [] : [new URL(advertisedUrl).hostname];

/** Serves the resources of every CustomResourceDefinition that is stored, from the moment it is. */
function serveDefinitions(api: Api): void {
  api.store.onChange(({ type, now, before }, collection) => {
    if (collection.id !== CRD.collection) return;
    const same = before && type === 'MODIFIED' && before.object.metadata.generation === now.object.metadata.generation;
    if (same) return;
    const { group, names } = now.object['spec'] as { group: string; names: { plural: string } };
    api.registry.remove((resource) => resource.group === group && resource.plural === names.plural);
    if (type !== 'DELETED') for (const resource of resourcesOf(now.object)) api.registry.add(resource);
  });
}

async function answer(api: Api, openApi: OpenApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET';
  const url = new URL(request.url ?? '/', 'https://localhost');
  const path = url.pathname.replace(/(.)\/$/, '$1');
  const user = authenticate(api, request);
  const target = parsePath(path);
  const userAgent = request.headers['user-agent'] ?? '';
  api.requests.add({
    verb: target ? verbOf(method, target.name !== undefined, url.searchParams) : method.toLowerCase(),
    group: target?.group ?? '',
    resource: target ? [target.plural, target.subresource].filter(Boolean).join('/') : '',
    user: user?.name ?? '',
    userAgent,
  });
  if (!user) {
    request.resume();
    throw unauthorized();
  }
  const verb = target ? verbOf(method, target.name !== undefined, url.searchParams) : method.toLowerCase();
  const refused = isOpen(method, path) ? undefined : refusal(user, verb, target, path);
  if (refused) {
    request.resume();
    throw refused;
  }
  const body = method === 'GET' ? Buffer.alloc(0) : await readBody(request);

  const review = target && findReview(target.group, target.plural);
  if (review) {
    if (method !== 'POST') throw methodNotAllowed();
    return sendJson(response, 201, review.answer(api, user, asReviewBody(decodeObject(body, mediaType(request)))));
  }
  const resource = target && api.registry.find(apiVersionOf(target), target.plural);
  // Objects of a namespaced kind are reached through their namespace; only lists span all of them.
  const fits = resource?.namespaced ? target?.namespace !== undefined || target?.name === undefined : target?.namespace === undefined;
  if (target && resource && fits) {
    const { namespace, name, subresource } = target;
    const call: Call = {
      resource,
      ...(namespace && { namespace }),
      ...(name && { name }),
      ...(subresource && { subresource }),
      user,
      userAgent,
      query: url.searchParams,
      warn: (text) => void response.appendHeader('Warning', `299 - "${text.replace(/["\\]/g, '\\$&')}"`),
    };
    return dispatch({ api, call, request, response, body });
  }
  answerOther(api, openApi, request, response, path);
}

/** Nobody reads more than what is open; bootstrap tokens have a few permissions; everybody else may everything. */
function refusal(user: User, verb: string, target: ResourcePath | undefined, path: string): ApiFailure | undefined {
  if (user === ANONYMOUS) return target ? notPermitted(user.name, verb, target) : pathNotPermitted(user.name, verb, path);
  return target && refusalOf(user, verb, target);
}

/** Everything that is no resource: health, version, discovery, OpenAPI. */
function answerOther(api: Api, openApi: OpenApi, request: IncomingMessage, response: ServerResponse, path: string): void {
  if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) return sendBytes(response, 200, Buffer.from('ok'), 'text/plain');
  if (path === '/version') return sendJson(response, 200, VERSION);
  const document = path.startsWith('/openapi/v3') ? openApi.answer(path) : undefined;
  if (document) return sendJson(response, 200, document);
  const found = /^\/apis?(\/|$)/.test(path) ? discovery(api.registry, path, request.headers.accept) : undefined;
  if (found) return sendJson(response, 200, found.body, found.type);
  // Where a built-in group is served, its paths answer for themselves.
  const group = /^\/(?:api|apis\/([^/]+))\/([^/]+)\//.exec(path);
  if (group && api.registry.all().some((each) => each.builtin && each.group === (group[1] ?? '') && each.version === group[2]))
    throw pathNotFound();
  sendBytes(response, 404, Buffer.from('404 page not found\n'), 'text/plain; charset=utf-8');
}
