/** OpenAPI v3 documents, one per group and version: what kubectl needs to explain kinds and to know that the server checks fields. */
import { createHash } from 'node:crypto';
import type { JsonMap } from '../objects.ts';
import { METADATA, TEXT } from '../metadata.ts';
import { apiPathOf, type Registry, type Resource } from '../resources/resource.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
const reversed = (group: string) => (group || 'api.k8s.io').split('.').reverse().join('.');
const nameOf = ({ group, version, kind }: Resource) => `${reversed(group)}.${version}.${kind}`;
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const text = (description: string) => ({ type: 'string', description });
const COMMON = { [META]: METADATA, [LIST_META]: { type: 'object', properties: { resourceVersion: TEXT, continue: TEXT } } };

function kindSchema(resource: Resource): JsonMap {
  const { group, version, kind, schema } = resource;
  return {
    ...schema,
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
    properties: {
      apiVersion: text('APIVersion defines the versioned schema of this representation of an object.'),
      kind: text('Kind is a string value representing the REST resource this object represents.'),
      ...schema.properties,
      metadata: { ...ref(META), description: "Standard object's metadata." },
    },
  };
}

const query = (name: string) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });

function pathsOf(resource: Resource): JsonMap {
  const { group, version, kind, plural, namespaced } = resource;
  const identity = { 'x-kubernetes-group-version-kind': { group, version, kind } };
  const answers = { responses: { 200: { description: 'OK', content: { 'application/json': { schema: ref(nameOf(resource)) } } } } };
  const operation = (action: string) => ({ 'x-kubernetes-action': action, ...identity, ...answers });
  const write = (action: string) => ({ ...operation(action), parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(query) });
  const patch = { ...write('patch'), requestBody: { content: { 'application/apply-patch+yaml': { schema: { type: 'object' } } } } };
  const all = `/${apiPathOf(resource)}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}`;
  return {
    [all]: { get: operation('list'), post: write('post') },
    [`${all}/{name}`]: { get: operation('get'), put: write('put'), patch, delete: operation('delete') },
  };
}

function documentOf(resources: Resource[]): JsonMap {
  const schemas: JsonMap = { ...COMMON };
  for (const resource of resources) {
    const { group, version, kind } = resource;
    schemas[nameOf(resource)] = kindSchema(resource);
    schemas[`${nameOf(resource)}List`] = {
      type: 'object',
      required: ['items'],
      'x-kubernetes-group-version-kind': [{ group, version, kind: `${kind}List` }],
      properties: { items: { type: 'array', items: ref(nameOf(resource)) }, metadata: ref(LIST_META) },
    };
  }
  return {
    openapi: '3.0.0',
    info: { title: 'kube-sim', version: 'v1' },
    paths: Object.assign({}, ...resources.map(pathsOf)) as JsonMap,
    components: { schemas },
  };
}

/** Answers /openapi/v3 and what is below it; undefined where there is nothing. */
export function openApiOf(registry: Registry): (path: string) => JsonMap | undefined {
  let generation = -1;
  /** By path (`apis/apps/v1`), made anew when the resources change. */
  let documents = new Map<string, { body: JsonMap; hash: string }>();
  const refresh = () => {
    generation = registry.generation;
    const byVersion = Map.groupBy(registry.all(), apiPathOf);
    documents = new Map(
      [...byVersion].map(([path, resources]) => {
        const body = documentOf(resources);
        const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32);
        return [path, { body, hash: hash.toUpperCase() }];
      }),
    );
  };
  return (path) => {
    if (generation !== registry.generation) refresh();
    if (path !== '/openapi/v3') return documents.get(path.replace('/openapi/v3/', ''))?.body;
    const list = [...documents].map(([name, { hash }]) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }]);
    return { paths: Object.fromEntries(list) as JsonMap };
  };
}
