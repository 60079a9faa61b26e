/** CustomResourceDefinitions: the kind itself, and the resources that its objects define. */
import { attempt, fault, invalidValue, required, structuralFaults, type Cause, type Schema } from '@dpf/kube-schema';
import { at, isMap, timestamp, type JsonMap, type KubeObject } from '../objects.ts';
import type { Store } from '../store/store.ts';
import { NAME, column, printerColumns } from './columns.ts';
import { parseJsonPath } from './json-path.ts';
import { define } from './define.ts';
import type { Registry, Resource } from './resource.ts';

const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

interface Names {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}
interface Version {
  name: string;
  served: boolean;
  storage: boolean;
  schema?: { openAPIV3Schema: Schema };
  subresources?: { status?: JsonMap };
  additionalPrinterColumns?: Parameters<typeof printerColumns>[0];
}
interface Spec {
  group: string;
  scope: 'Namespaced' | 'Cluster';
  names: Names;
  versions: Version[];
}

const specOf = (object: KubeObject): Spec => object['spec'] as unknown as Spec;

const prepare: Resource['prepare'] = (object, old, { now }) => {
  const spec = specOf(object);
  if (!isMap(object['spec']) || !isMap(spec.names) || !Array.isArray(spec.versions)) return;
  spec.names.singular ||= spec.names.kind?.toLowerCase();
  spec.names.listKind ||= `${spec.names.kind}List`;
  object['spec'] = { conversion: { strategy: 'None' }, ...(object['spec'] as JsonMap) };
  if (old) return;
  object.metadata.finalizers = [...(object.metadata.finalizers ?? []), CLEANUP];
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: timestamp(now),
  });
  object['status'] = {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: spec.names,
    storedVersions: spec.versions.filter(({ storage }) => storage).map(({ name }) => name),
  };
};

function check(object: KubeObject): Cause[] {
  const spec = specOf(object);
  const causes: Cause[] = [];
  for (const name of ['group', 'scope', 'names', 'versions'] as const)
    if (!isMap(object['spec']) || spec[name] === undefined) causes.push(required(`spec.${name}`));
  if (causes.length > 0) return causes;
  const expected = `${spec.names.plural}.${spec.group}`;
  if (object.metadata.name !== expected)
    causes.push(invalidValue('metadata.name', object.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  if (spec.versions.filter(({ storage }) => storage).length !== 1)
    causes.push(fault('spec.versions', 'Invalid value: must have exactly one version marked as storage version'));
  spec.versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`;
    const schema = version.schema?.openAPIV3Schema;
    if (!schema) causes.push(required(`${path}.schema.openAPIV3Schema`, 'schemas are required'));
    else causes.push(...structuralFaults(schema, `${path}.schema.openAPIV3Schema`));
    (version.additionalPrinterColumns ?? []).forEach(({ jsonPath }, at) =>
      causes.push(...attempt(`${path}.additionalPrinterColumns[${at}].jsonPath`, () => parseJsonPath(jsonPath))),
    );
  });
  return causes;
}

export const CRD = define('CustomResourceDefinition', 'apiextensions.k8s.io', {
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  statusSubresource: true,
  statusAtCreation: true,
  generation: true,
  columns: [NAME, column('Created At', 'metadata.creationTimestamp')],
  prepare,
  check,
});

/** The resources that a definition serves: one per served version, all kept in one collection in the storage version. */
export function resourcesOf(definition: KubeObject): Resource[] {
  const { group, scope, names, versions } = specOf(definition);
  const stored = versions.find(({ storage }) => storage)!.name;
  return versions
    .filter(({ served }) => served)
    .map((version) => {
      const schema = version.schema!.openAPIV3Schema;
      const toVersion = (name: string) => (object: KubeObject) => ({ ...object, apiVersion: `${group}/${name}` });
      return {
        group,
        version: version.name,
        plural: names.plural,
        singular: names.singular ?? '',
        kind: names.kind,
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        namespaced: scope === 'Namespaced',
        builtin: false,
        collection: `${group}/${names.plural}`,
        schema,
        statusSubresource: at(version, 'subresources', 'status') !== undefined,
        generation: true,
        fields: {},
        columns: printerColumns(version.additionalPrinterColumns),
        ...(version.name !== stored && { convert: { read: toVersion(version.name), write: toVersion(stored) } }),
      };
    });
}

/** Serves the resources of every definition that is stored, from the moment it is. */
export function serveDefinitions(store: Store, registry: Registry): void {
  for (const { object } of store.collection(CRD.collection).items.values()) for (const each of resourcesOf(object)) registry.add(each);
  store.onChange(({ type, now, before }, { id }) => {
    if (id !== CRD.collection) return;
    if (type === 'MODIFIED' && before?.object.metadata.generation === now.object.metadata.generation) return;
    const { group, names } = specOf(now.object);
    registry.remove((resource) => resource.group === group && resource.plural === names.plural);
    if (type !== 'DELETED') for (const each of resourcesOf(now.object)) registry.add(each);
  });
}
