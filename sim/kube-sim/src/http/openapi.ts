/** OpenAPI v3 documents, one per group and version: what kubectl needs to explain kinds and to know that the server checks fields. */
import { createHash } from 'node:crypto';
import type { JsonMap } from '../objects.ts';
import { METADATA, TEXT } from '../schema/metadata.ts';
import { apiPathOf, apiVersionOf, type Registry, type Resource } from '../resources/resource.ts';

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

/** The documents by path (`apis/apps/v1`), made anew when the resources change. */
export class OpenApi {
  readonly #registry: Registry;
  #generation = -1;
  #documents = new Map<string, { body: JsonMap; hash: string }>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Answers /openapi/v3 and what is below it; undefined where there is nothing. */
  answer(path: string): JsonMap | undefined {
    this.#refresh();
    if (path === '/openapi/v3') {
      const paths: JsonMap = {};
      for (const [name, { hash }] of this.#documents) paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` };
      return { paths };
    }
    return this.#documents.get(path.replace('/openapi/v3/', ''))?.body;
  }

  #refresh(): void {
    if (this.#generation === this.#registry.generation) return;
    this.#generation = this.#registry.generation;
    const byVersion = Map.groupBy(this.#registry.all(), apiVersionOf);
    this.#documents = new Map(
      [...byVersion.values()].map((resources) => {
        const body = documentOf(resources);
        const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32);
        return [apiPathOf(resources[0]!), { body, hash: hash.toUpperCase() }];
      }),
    );
  }
}
