/** What an HTTP request asks of an API server, read from its method, URL and headers. */
import type { IncomingMessage } from 'node:http';

/** The resource part of a path: /api/v1/… or /apis/<group>/<version>/…. */
export interface ResourcePath {
  group: string;
  version: string;
  plural: string;
  namespace?: string;
  name?: string;
  subresource?: string;
}

/** Subresources of a Namespace itself, told apart from resources inside of it. */
const OF_NAMESPACE = new Set(['status', 'finalize']);

/** Undefined for a path that is no resource's. */
export function parsePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  const [group, version, ...rest] = core ? ['', ...parts.slice(1)] : parts.slice(1);
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  const scoped = rest[0] === 'namespaces' && rest.length > 2 && !(core && OF_NAMESPACE.has(rest[2]!));
  const [plural, name, subresource, ...more] = scoped ? rest.slice(2) : rest;
  if (!plural || more.length > 0) return undefined;
  return { group, version, plural, ...(scoped && { namespace: rest[1]! }), ...(name && { name }), ...(subresource && { subresource }) };
}

/** Query parameters of a boolean are written both ways. */
export const isTrue = (value: string | null): boolean => value === 'true' || value === '1';

/** The verb as Kubernetes' audit names it; server-side apply is a `patch`. */
export function verbOf(method: string, named: boolean, query: URLSearchParams): string {
  if (method === 'GET' || method === 'HEAD') return named ? 'get' : isTrue(query.get('watch')) ? 'watch' : 'list';
  if (method === 'DELETE') return named ? 'delete' : 'deletecollection';
  return { POST: 'create', PUT: 'update', PATCH: 'patch' }[method] ?? method.toLowerCase();
}

export interface Asked {
  verb: string;
  /** `dpus`, `dpus/status`; empty for what is no resource. */
  resource: string;
  namespace: string;
  name: string;
  userAgent: string;
  query: URLSearchParams;
}

export function askedBy(request: IncomingMessage): Asked {
  const url = new URL(request.url ?? '/', 'https://localhost');
  const target = parsePath(url.pathname);
  return {
    verb: verbOf(request.method ?? 'GET', !target || target.name !== undefined, url.searchParams),
    resource: target ? [target.plural, target.subresource].filter(Boolean).join('/') : '',
    namespace: target?.namespace ?? '',
    name: target?.name ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    query: url.searchParams,
  };
}
