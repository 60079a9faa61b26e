/** Tokens of service accounts: issued by TokenRequest, bound to a Pod or a Secret, good as long as what they are bound to is there. */
import { randomUUID } from 'node:crypto';
import { invalidValue } from '@dpf/kube-schema';
import type { Api, Call } from '../api.ts';
import { userInfo, type User } from './user.ts';
import { at, isMap, timestamp, type JsonMap, type KubeObject } from '../objects.ts';
import { apiVersionOf, type Resource } from '../resources/resource.ts';
import { badRequest, conflict, invalid, notFound } from '../status.ts';
import { find } from '../verbs/read.ts';
import { API_AUDIENCE, ISSUER } from './keys.ts';

const SHORTEST = 600;
const LONGEST = 2 ** 32;
const DEFAULT = 3600;
/** Kinds that a token may be bound to, and where they are kept. */
const BOUND: Record<string, string> = { Pod: '/pods', Secret: '/secrets', Node: '/nodes' };
const EXTRA = 'authentication.kubernetes.io';

const reference = ({ metadata }: KubeObject): JsonMap => ({ name: metadata.name, uid: metadata.uid });

/** Answers POST …/serviceaccounts/<name>/token. */
export function requestToken(api: Api, call: Call, body: unknown): JsonMap {
  const account = find(api, call).object;
  const spec = (at(body, 'spec') ?? {}) as JsonMap;
  const audiences = Array.isArray(spec['audiences']) && spec['audiences'].length > 0 ? (spec['audiences'] as string[]) : [API_AUDIENCE];
  const seconds = Number(spec['expirationSeconds'] ?? DEFAULT);
  if (seconds < SHORTEST || seconds > LONGEST)
    throw invalid(
      { group: 'authentication.k8s.io', kind: 'TokenRequest' },
      account.metadata.name,
      invalidValue('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes'),
    );
  const bound = boundObject(api, call, account, spec['boundObjectRef']);
  const now = Math.floor(api.clock().getTime() / 1000);
  const nodeName = bound && at(bound, 'spec', 'nodeName');
  const node = typeof nodeName === 'string' ? api.store.collection('/nodes').items.get(nodeName)?.object : undefined;
  const namespace = call.namespace!;
  const token = api.keys.sign({
    iss: ISSUER,
    sub: `system:serviceaccount:${namespace}:${account.metadata.name}`,
    aud: audiences,
    iat: now,
    nbf: now,
    exp: now + seconds,
    jti: randomUUID(),
    'kubernetes.io': {
      namespace,
      serviceaccount: reference(account),
      ...(bound && { [bound.kind.toLowerCase()]: reference(bound) }),
      ...(nodeName !== undefined && nodeName !== '' && { node: node ? reference(node) : { name: nodeName } }),
    },
  });
  const expirationTimestamp = timestamp(new Date((now + seconds) * 1000));
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: account.metadata.name, namespace, creationTimestamp: timestamp(api.clock()) },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec['boundObjectRef'] ?? null },
    status: { token, expirationTimestamp },
  };
}

function boundObject(api: Api, call: Call, account: KubeObject, given: unknown): KubeObject | undefined {
  if (!isMap(given)) return undefined;
  const kind = String(given['kind']);
  const collection = BOUND[kind];
  if (!collection) throw badRequest(`cannot bind token to object of type ${kind}`);
  const name = String(given['name']);
  const resource = api.registry.storedIn(collection) as Resource;
  const found = api.store.collection(collection).items.get(resource.namespaced ? `${call.namespace}/${name}` : name)?.object;
  if (!found) throw notFound(resource, name);
  if (given['uid'] !== undefined && given['uid'] !== '' && given['uid'] !== found.metadata.uid)
    throw conflict(
      { group: '', plural: kind },
      name,
      `the UID in the bound object reference (${String(given['uid'])}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  const runsAs = at(found, 'spec', 'serviceAccountName');
  if (kind === 'Pod' && runsAs !== account.metadata.name)
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account.metadata.name)} to pod running with different serviceaccount name.`,
    );
  return { ...found, kind, apiVersion: apiVersionOf(resource) };
}

interface Known {
  user: User;
  /** Those of the audiences asked about that the token is meant for. */
  audiences: string[];
}

/** Who shows a token. @throws Error that says why it is not good, or not for any of the audiences */
function know(api: Api, token: string, audiences: string[]): Known {
  const claims = api.keys.open(token);
  if (!claims || claims['iss'] !== ISSUER) throw new Error('invalid bearer token');
  if (Number(claims['exp']) <= api.clock().getTime() / 1000) throw new Error('service account token has expired');
  const bound = claims['kubernetes.io'] as JsonMap;
  const namespace = String(bound['namespace']);
  for (const what of ['serviceaccount', 'pod', 'secret']) {
    const to = bound[what];
    if (!isMap(to)) continue;
    const found = api.store.collection(`/${what}s`).items.get(`${namespace}/${String(to['name'])}`);
    if (found?.object.metadata.uid !== to['uid']) throw new Error(`the ${what} that the token is bound to is gone`);
  }
  const meant = [claims['aud']].flat().map(String);
  const shared = meant.filter((audience) => audiences.includes(audience));
  if (shared.length === 0)
    throw new Error(`token audiences ${JSON.stringify(meant)} is invalid for the target audiences ${JSON.stringify(audiences)}`);
  const extra: Record<string, string[]> = { [`${EXTRA}/credential-id`]: [`JTI=${String(claims['jti'])}`] };
  for (const what of ['pod', 'node'])
    for (const name of ['name', 'uid']) {
      const value = at(bound, what, name);
      if (typeof value === 'string') extra[`${EXTRA}/${what}-${name}`] = [value];
    }
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { user: { name: String(claims['sub']), uid: String(at(bound, 'serviceaccount', 'uid')), groups, extra }, audiences: shared };
}

/** The user of a service-account token that is good for the API; undefined where it is not. */
export function serviceAccountUser(api: Api, token: string): User | undefined {
  try {
    return know(api, token, [API_AUDIENCE]).user;
  } catch {
    return undefined;
  }
}

/** Answers POST …/tokenreviews. */
export function reviewToken(api: Api, body: unknown): JsonMap {
  const token = String(at(body, 'spec', 'token') ?? '');
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const asked = at(body, 'spec', 'audiences');
  const about = Array.isArray(asked) && asked.length > 0 ? asked.map(String) : [API_AUDIENCE];
  let status: JsonMap;
  try {
    const { user, audiences } = know(api, token, about);
    status = { authenticated: true, user: userInfo(user), audiences };
  } catch (error) {
    status = { user: {}, error: (error as Error).message };
  }
  const spec = { token, audiences: asked ?? [] };
  return { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', metadata: {}, spec, status };
}
