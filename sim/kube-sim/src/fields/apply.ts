/** Server-side apply: merges what a manager wants into the object, by the schema, and keeps book of who owns what. */
import { fieldSchema, type Cause, type Schema } from '@dpf/kube-schema';
import { copy, equal, isMap, type JsonMap, type KubeObject, type ManagedFields } from '../objects.ts';
import { ApiFailure } from '../status.ts';
import { elementsOf, isAtomic, isBelow, itemElement, objectSchema, ownableLeaves, type Leaves, type Path } from './leaves.ts';
import { compare, entryOf, isWriter, ownedBy, without, type FieldSet, type Writer } from './managed.ts';

/** Lays `wanted` over `live`: maps field by field, keyed lists item by item, everything else as a whole. */
export function merge(live: unknown, wanted: unknown, schema: Schema | undefined): unknown {
  if (isAtomic(schema, wanted)) return copy(wanted);
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live)) return copy(wanted);
    const items = new Map(live.map((item) => [itemElement(item, schema!), item as unknown]));
    for (const item of wanted) {
      const element = itemElement(item, schema!);
      items.set(element, merge(items.get(element), item, schema!.items));
    }
    return [...items.values()];
  }
  const result: JsonMap = isMap(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(wanted as JsonMap)) result[name] = merge(result[name], value, fieldSchema(schema, name));
  return result;
}

/** Removes one field or item; containers that become empty go with it. Returns what is left. */
function remove(value: unknown, elements: string[], schema: Schema | undefined): unknown {
  const [element, ...rest] = elements;
  if (element === undefined) return undefined;
  if (element.startsWith('f:') && isMap(value)) {
    const name = element.slice(2);
    if (!(name in value)) return value;
    const { [name]: child, ...others } = value;
    const left = remove(child, rest, fieldSchema(schema, name));
    if (left !== undefined) return { ...value, [name]: left };
    return Object.keys(others).length > 0 ? others : undefined;
  }
  if (Array.isArray(value) && schema) {
    const items = value.flatMap((item: unknown) => {
      if (itemElement(item, schema) !== element) return [item];
      const left = remove(item, rest, schema.items);
      return left === undefined ? [] : [left];
    });
    return items.length > 0 ? items : undefined;
  }
  return value;
}

/** `.spec.items[type="a"].value`, as messages name a field. */
function display(path: Path): string {
  const named = (element: string): string => {
    const text = element.slice(2);
    if (element.startsWith('f:')) return `.${text}`;
    if (element.startsWith('v:')) return `[=${text}]`;
    const keys = JSON.parse(text) as JsonMap;
    return `[${Object.entries(keys)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(',')}]`;
  };
  return elementsOf(path).map(named).join('');
}

function conflictFailure(conflicts: { entry: ManagedFields; paths: Path[] }[]): ApiFailure {
  const by = ({ manager, operation, apiVersion, subresource }: ManagedFields) =>
    `conflict with "${manager}"${subresource ? ` with subresource "${subresource}"` : ''}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
  const causes: Cause[] = conflicts.flatMap(({ entry, paths }) =>
    paths.map((path) => ({ reason: 'FieldManagerConflict', message: by(entry), field: display(path) })),
  );
  const one = causes.length === 1;
  const groups = conflicts.map(({ entry, paths }) =>
    paths.length === 1 ? `${by(entry)}: ${display(paths[0]!)}` : `${by(entry)}:\n${paths.map((path) => `- ${display(path)}`).join('\n')}`,
  );
  const message = `Apply failed with ${causes.length} conflict${one ? '' : 's'}: ${groups.join('\n')}`;
  return new ApiFailure(409, 'Conflict', message, { causes });
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** What `kubectl apply` without --server-side wrote and nobody changed since: `kubectl apply --server-side` may take it over. */
function lastApplied(live: KubeObject, leaves: Leaves, schema: Schema): FieldSet {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return new Set();
  const applied = ownableLeaves(JSON.parse(text) as KubeObject, schema);
  const { changed } = compare(leaves, applied);
  return new Set([...applied.keys()].filter((path) => !changed.has(path)));
}

/** The object after the apply and its ownership. Fields that the manager applied before and now leaves out go, unless others own them. */
export function applyFields(
  live: KubeObject,
  wanted: KubeObject,
  schema: Schema,
  writer: Writer,
  force: boolean,
): { object: KubeObject; managedFields: ManagedFields[] } {
  const whole = objectSchema(schema);
  const entries = live.metadata.managedFields ?? [];
  const own = entries.find((entry) => isWriter(entry, writer));
  const others = entries.filter((entry) => entry !== own);
  const set: FieldSet = new Set(ownableLeaves(wanted, schema).keys());
  let merged: unknown = merge(live, wanted, whole);

  const owned = others.map(ownedBy);
  const heldByOthers = (path: Path) => owned.some((fields) => fields.has(path) || [...fields].some((field) => isBelow(field, path)));
  const wantedBelow = (path: Path) => [...set].some((field) => isBelow(field, path));
  const dropped = own ? [...ownedBy(own)].filter((path) => !set.has(path) && !wantedBelow(path) && !heldByOthers(path)) : [];
  // An item before its fields: without its key it could not be found any more.
  for (const path of dropped.sort()) merged = remove(merged, elementsOf(path), whole) ?? {};
  const object = merged as KubeObject;

  const before = ownableLeaves(live, schema);
  const { changed } = compare(before, ownableLeaves(object, schema));
  const allowed = writer.manager === 'kubectl' ? lastApplied(live, before, schema) : new Set<Path>();
  const conflicts = others
    .map((entry, index) => ({ entry, paths: [...owned[index]!].filter((path) => changed.has(path) && !allowed.has(path)) }))
    .filter(({ paths }) => paths.length > 0);
  if (conflicts.length > 0 && !force) throw conflictFailure(conflicts);
  const kept = others.map((entry) => without(entry, (path) => changed.has(path), writer.time)).filter((entry) => entry !== undefined);
  const result = set.size > 0 ? [...kept, entryOf(writer, set, own)] : kept;
  return { object, managedFields: equal(result, entries) ? entries : result };
}
