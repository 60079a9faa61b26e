/** The fields of an object as server-side apply counts them: every scalar, atomic value and keyed item is one, at its path. */
import { fieldSchema, itemKeys, type Schema } from '@dpf/kube-schema';
import { isMap, type JsonMap, type KubeObject } from '../objects.ts';
import { METADATA } from '../metadata.ts';

/** A path is the elements of FieldsV1 (`f:name`, `k:{"type":"Ready"}`, `v:"x"`) joined by this character. */
const JOIN = '\u0001';
export type Path = string;
export const elementsOf = (path: Path): string[] => path.split(JOIN);
export const within = (path: Path, element: string): Path => (path ? path + JOIN + element : element);
/** The paths of the maps and lists that a path lies in, outermost first. */
export function around(path: Path): Path[] {
  const found: Path[] = [];
  for (let end = path.indexOf(JOIN); end >= 0; end = path.indexOf(JOIN, end + 1)) found.push(path.slice(0, end));
  return found;
}
export const isBelow = (path: Path, ancestor: Path): boolean => path.startsWith(ancestor + JOIN);

/** Path → value; an item or map entry that is there but has fields of its own stands for itself with the value null. */
export type Leaves = Map<Path, unknown>;

/** The schema of a whole object: that of its kind, with metadata's own. */
export const objectSchema = (schema: Schema): Schema => ({ ...schema, properties: { ...schema.properties, metadata: METADATA } });

export const isAtomic = (schema: Schema | undefined, value: unknown): boolean => {
  if (Array.isArray(value)) return !['set', 'map'].includes(schema?.['x-kubernetes-list-type'] ?? 'atomic');
  return !isMap(value) || schema?.['x-kubernetes-map-type'] === 'atomic';
};

/** The path element of a list's item. */
export function itemElement(item: unknown, schema: Schema): string {
  if (schema['x-kubernetes-list-type'] === 'set') return `v:${JSON.stringify(item)}`;
  const keys = isMap(item) ? itemKeys(item, schema) : {};
  return `k:${JSON.stringify(Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}

/** Collects the fields of a value. */
export function leavesOf(value: unknown, schema: Schema | undefined, path: Path = '', leaves: Leaves = new Map()): Leaves {
  if (isAtomic(schema, value)) {
    leaves.set(path, value);
  } else if (Array.isArray(value)) {
    for (const item of value) {
      const here = within(path, itemElement(item, schema!));
      leavesOf(item, schema!.items, here, leaves);
      if (isMap(item) && !isAtomic(schema!.items, item)) leaves.set(here, null);
    }
  } else {
    for (const [name, child] of Object.entries(value as JsonMap)) {
      if (child === undefined) continue;
      const here = within(path, `f:${name}`);
      leavesOf(child, fieldSchema(schema, name), here, leaves);
      const empty = isMap(child) && Object.keys(child).length === 0;
      if (!leaves.has(here) && (empty || !schema?.properties?.[name])) leaves.set(here, null);
    }
  }
  return leaves;
}

/** The rest of metadata is kept by the server. */
const OWNABLE = new Set(['generateName', 'labels', 'annotations', 'finalizers', 'ownerReferences']);

/** The fields of an object that somebody can own: without apiVersion, kind and what the server keeps in metadata. */
export function ownableLeaves(object: KubeObject, schema: Schema): Leaves {
  const { metadata, ...rest } = object;
  const meta = Object.fromEntries(Object.entries(metadata).filter(([name]) => OWNABLE.has(name)));
  const { apiVersion: _apiVersion, kind: _kind, ...fields } = rest;
  return leavesOf(Object.keys(meta).length > 0 ? { ...fields, metadata: meta } : fields, objectSchema(schema));
}
