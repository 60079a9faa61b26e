/** The kind of a request: what is left when names, values and the kind of custom resource are taken away. */
import { parsePath, verbOf } from '../../sim/kube-faults/src/asked.ts';

/** Groups whose kinds are served by every API server; all others are custom resources, which a server treats alike. */
const BUILT_IN = /^$|\.k8s\.io$|^(apps|batch|policy|autoscaling)$/;
/** Parameters whose value says what is asked. */
const TELLING = new Set([
  'watch',
  'allowWatchBookmarks',
  'sendInitialEvents',
  'resourceVersionMatch',
  'dryRun',
  'fieldValidation',
  'force',
  'propagationPolicy',
  'includeObject',
]);
/** Parameters that change how long or how much, not what. */
const PASSED_OVER = new Set(['timeout', 'timeoutSeconds', 'pretty', 'hash']);

export interface Asked {
  method: string;
  /** Path with query. */
  url: string;
  contentType?: string | undefined;
  accept?: string | undefined;
}

/** What the answer is to be: an object as it is, a Table, metadata alone, or one of discovery's forms. */
const formOf = (accept = ''): string =>
  /as=(\w+)/.exec(accept)?.[1] ?? (accept.startsWith('application/vnd.kubernetes.protobuf') ? 'protobuf' : '');

function shapeOf(query: URLSearchParams): string {
  const one = (name: string, value: string) => {
    if (name === 'resourceVersion') return value === '0' ? 'resourceVersion=0' : value === '' ? '' : name;
    if (name === 'watch' || name === 'allowWatchBookmarks' || name === 'sendInitialEvents')
      return value === 'true' || value === '1' ? name : '';
    if (name === 'fieldSelector')
      return `fieldSelector:${value
        .split(',')
        .map((part) => part.split(/!?==?/)[0])
        .sort()
        .join('+')}`;
    return TELLING.has(name) ? `${name}=${value}` : name;
  };
  const parts = [...query].filter(([name]) => !PASSED_OVER.has(name)).map(([name, value]) => one(name, value));
  return [...new Set(parts.filter(Boolean))].sort().join('&');
}

/** A line such as `patch custom/status application/merge-patch+json ?fieldManager`; undefined for what is no request to the API. */
export function kindOf({ method, url, contentType, accept }: Asked): string | undefined {
  const { pathname, searchParams } = new URL(url, 'https://localhost');
  const target = parsePath(pathname);
  const path = pathname.replace(/\/$/, '');
  if (!target && !/^\/(api|apis|openapi|version|healthz|livez|readyz)(\/|$)/.test(path)) return undefined;
  const what = target ? resourceOf(target) : documentOf(path);
  const verb = target ? verbOf(method, target.name !== undefined, searchParams) : method.toLowerCase();
  const body = method === 'GET' ? '' : (contentType ?? '').split(';')[0]!;
  const shape = shapeOf(searchParams);
  return [verb, what, body, formOf(accept) && `as ${formOf(accept)}`, shape && `?${shape}`].filter(Boolean).join(' ');
}

function resourceOf({ group, plural, subresource }: { group: string; plural: string; subresource?: string }): string {
  const known = BUILT_IN.test(group);
  const name = known ? (group ? `${plural}.${group}` : plural) : 'custom';
  return subresource === undefined ? name : `${name}/${subresource}`;
}

/** Discovery and OpenAPI of whatever group. */
function documentOf(path: string): string {
  const [, root, ...rest] = path.split('/');
  if (root === 'apis') return ['/apis', '/apis/<group>', '/apis/<group>/<version>'][Math.min(rest.length, 2)]!;
  if (root === 'openapi') return `/openapi/${rest[0] ?? ''}${rest.length > 1 ? '/<document>' : ''}`;
  return path;
}
