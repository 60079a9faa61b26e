/** Discovery: which groups, versions and resources there are, in the aggregated form that kubectl asks for and in the plain one. */
import type { JsonMap } from '../objects.ts';
import { REVIEWS, type Review } from '../auth/reviews.ts';
import { apiVersionOf, type Registry, type Resource } from '../resources/resource.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
export const VERSION = { major: '1', minor: '36', gitVersion: 'v1.36.0-kube-sim', gitTreeState: 'clean', platform: 'linux/amd64' };

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const STATUS_VERBS = ['get', 'patch', 'update'];

interface Kind {
  group: string;
  version: string;
  kind: string;
}

/** A resource as aggregated discovery has it. */
interface Served {
  resource: string;
  responseKind: Kind;
  scope: 'Namespaced' | 'Cluster';
  singularResource: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: { subresource: string; responseKind: Kind; verbs: string[] }[];
}

function fromResource({ group, version, kind, shortNames, categories, ...resource }: Resource): Served {
  const responseKind = { group, version, kind };
  const names = [...(resource.statusSubresource ? ['status'] : []), ...(resource.statusLike ?? [])];
  const subresources = names.map((subresource) => ({ subresource, responseKind, verbs: STATUS_VERBS }));
  const tokens = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
  if (resource.collection === '/serviceaccounts') subresources.push({ subresource: 'token', responseKind: tokens, verbs: ['create'] });
  return {
    resource: resource.plural,
    responseKind,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: VERBS,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}

const fromReview = ({ group, plural, kind }: Review): Served => ({
  resource: plural,
  responseKind: { group, version: 'v1', kind },
  scope: 'Cluster',
  singularResource: kind.toLowerCase(),
  verbs: ['create'],
});

/** group → version → what is served there. */
type Groups = Map<string, Map<string, Served[]>>;

function groupsOf(registry: Registry): Groups {
  const served = [...registry.all().map(fromResource), ...REVIEWS.map(fromReview)];
  const byGroup = Map.groupBy(served, ({ responseKind }) => responseKind.group);
  return new Map([...byGroup].map(([group, list]) => [group, Map.groupBy(list, ({ responseKind }) => responseKind.version)]));
}

function aggregated(groups: Groups, core: boolean): JsonMap {
  const items = [...groups]
    .filter(([group]) => (group === '') === core)
    .map(([group, versions]) => ({
      metadata: { ...(group && { name: group }), creationTimestamp: null },
      versions: [...versions].map(([version, resources]) => ({ version, freshness: 'Current', resources })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function resourceList(groupVersion: string, list: Served[]): JsonMap {
  const resources = list.flatMap(({ resource, responseKind, scope, singularResource, subresources = [], ...rest }) => {
    const namespaced = scope === 'Namespaced';
    const below = subresources.map(({ subresource, responseKind: { kind, group, version }, verbs }) => {
      const elsewhere = group !== responseKind.group && { group, version };
      return { name: `${resource}/${subresource}`, singularName: '', namespaced, kind, verbs, ...elsewhere };
    });
    return [{ name: resource, singularName: singularResource, namespaced, kind: responseKind.kind, ...rest }, ...below];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

function groupInfo(name: string, versions: Iterable<string>): JsonMap {
  const list = [...versions].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] };
}

function plain(groups: Groups, core: boolean, [group, version, ...more]: string[]): JsonMap | undefined {
  if (more.length > 0) return undefined;
  if (core && version === undefined) return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (group === undefined) {
    const named = [...groups].filter(([name]) => name !== '');
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(([name, versions]) => groupInfo(name, versions.keys())) };
  }
  const versions = groups.get(group);
  if (versions && version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupInfo(group, versions.keys()) };
  const list = versions?.get(version!);
  return list && resourceList(apiVersionOf({ group, version: version! }), list);
}

/** The discovery document at a path, with its media type; undefined where the path is none. */
export function discovery(registry: Registry, path: string, accept: string | undefined): { type: string; body: JsonMap } | undefined {
  const [root, ...parts] = path.split('/').filter(Boolean);
  const core = root === 'api';
  const groups = groupsOf(registry);
  if (parts.length === 0 && accept?.includes('as=APIGroupDiscoveryList') && accept.includes('v=v2'))
    return { type: AGGREGATED, body: aggregated(groups, core) };
  const body = plain(groups, core, core ? ['', ...parts] : parts);
  return body && { type: 'application/json', body };
}
