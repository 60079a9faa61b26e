/** Discovery: which groups, versions and resources there are, in the plain form and in the aggregated one that kubectl asks for. */
import type { JsonMap } from '../objects.ts';
import { REVIEWS } from '../auth/reviews.ts';
import { apiVersionOf, type Registry, type Resource } from '../resources/resource.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
export const VERSION = { major: '1', minor: '36', gitVersion: 'v1.36.0-kube-sim', gitTreeState: 'clean', platform: 'linux/amd64' };

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];

interface Served {
  group: string;
  version: string;
  name: string;
  singular: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
  shortNames: string[];
  categories: string[];
  /** Sub-resources: name, kind and verbs. */
  below: { name: string; kind: string; verbs: string[]; group?: string }[];
}

const fromResource = (resource: Resource): Served => ({
  ...resource,
  name: resource.plural,
  verbs: VERBS,
  below: [
    ...(resource.statusSubresource ? [{ name: 'status', kind: resource.kind, verbs: STATUS_VERBS }] : []),
    ...(resource.statusLike ?? []).map((name) => ({ name, kind: resource.kind, verbs: STATUS_VERBS })),
    ...(resource.collection === '/serviceaccounts'
      ? [{ name: 'token', kind: 'TokenRequest', verbs: ['create'], group: 'authentication.k8s.io' }]
      : []),
  ],
});
const reviews = (): Served[] =>
  REVIEWS.map(({ group, plural, kind }) => ({
    group,
    version: 'v1',
    name: plural,
    singular: kind.toLowerCase(),
    kind,
    namespaced: false,
    verbs: ['create'],
    shortNames: [],
    categories: [],
    below: [],
  }));

/** group → version → what is served there. */
function groups(registry: Registry): Map<string, Map<string, Served[]>> {
  const tree = new Map<string, Map<string, Served[]>>();
  for (const served of [...registry.all().map(fromResource), ...reviews()]) {
    const versions = tree.get(served.group) ?? new Map<string, Served[]>();
    tree.set(served.group, versions.set(served.version, [...(versions.get(served.version) ?? []), served]));
  }
  return tree;
}

const optional = (served: Served): JsonMap => ({
  ...(served.shortNames.length > 0 && { shortNames: served.shortNames }),
  ...(served.categories.length > 0 && { categories: served.categories }),
});

function resourceList(apiVersion: string, list: Served[]): JsonMap {
  const resources = list.flatMap((served) => [
    {
      name: served.name,
      singularName: served.singular,
      namespaced: served.namespaced,
      kind: served.kind,
      verbs: served.verbs,
      ...optional(served),
    },
    ...served.below.map(({ name, kind, verbs, group }) => ({
      name: `${served.name}/${name}`,
      singularName: '',
      namespaced: served.namespaced,
      kind,
      verbs,
      ...(group && { group, version: 'v1' }),
    })),
  ]);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources };
}

function groupInfo(name: string, versions: Iterable<string>): JsonMap {
  const list = [...versions].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] };
}

function aggregated(tree: Map<string, Map<string, Served[]>>, core: boolean): JsonMap {
  const scope = ({ namespaced }: Served) => (namespaced ? 'Namespaced' : 'Cluster');
  const items = [...tree]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]) => ({
      metadata: { ...(group && { name: group }), creationTimestamp: null },
      versions: [...versions].map(([version, list]) => ({
        version,
        freshness: 'Current',
        resources: list.map((served) => ({
          resource: served.name,
          responseKind: { group: served.group, version, kind: served.kind },
          scope: scope(served),
          singularResource: served.singular,
          verbs: served.verbs,
          ...optional(served),
          ...(served.below.length > 0 && {
            subresources: served.below.map(({ name, kind, verbs, group = served.group }) => ({
              subresource: name,
              responseKind: { group, version, kind },
              verbs,
            })),
          }),
        })),
      })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

/** The discovery document at a path, with its media type; undefined where the path is none. */
export function discovery(registry: Registry, path: string, accept: string | undefined): { type: string; body: JsonMap } | undefined {
  const parts = path.split('/').filter(Boolean);
  const tree = groups(registry);
  const json = (body: JsonMap | undefined) => body && { type: 'application/json', body };
  const core = parts[0] === 'api';
  if (parts.length === 1 && accept?.includes('as=APIGroupDiscoveryList') && accept.includes('v=v2'))
    return { type: AGGREGATED, body: aggregated(tree, core) };
  if (core && parts.length === 1) return json({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] });
  if (core) return parts.length === 2 && parts[1] === 'v1' ? json(resourceList('v1', tree.get('')!.get('v1')!)) : undefined;
  const [, group, version, ...more] = parts;
  if (more.length > 0) return undefined;
  if (group === undefined) {
    const all = [...tree].filter(([name]) => name !== '').map(([name, versions]) => groupInfo(name, versions.keys()));
    return json({ kind: 'APIGroupList', apiVersion: 'v1', groups: all });
  }
  const versions = tree.get(group);
  if (group === '' || !versions) return undefined;
  if (version === undefined) return json({ kind: 'APIGroup', apiVersion: 'v1', ...groupInfo(group, versions.keys()) });
  const list = versions.get(version);
  return list && json(resourceList(apiVersionOf({ group, version }), list));
}
