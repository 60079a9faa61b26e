/** metadata.managedFields: who owns which field (one entry per manager, operation, version and subresource). */
import { equal, isMap, type JsonMap, type ManagedFields } from '../objects.ts';
import { around, elementsOf, within, type Leaves, type Path } from './leaves.ts';

export type FieldSet = Set<Path>;

/** Who writes: the manager, as what, through which version and subresource, when. */
export interface Writer {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
  time: string;
}

/** Reads FieldsV1; `.` marks a path that is itself a member besides the ones below it. */
export function decodeFields(fields: JsonMap, path: Path = '', set: FieldSet = new Set()): FieldSet {
  const names = Object.keys(fields);
  if (names.length === 0 && path) set.add(path);
  for (const name of names) {
    const child = fields[name];
    if (name === '.') set.add(path);
    else decodeFields(isMap(child) ? child : {}, within(path, name), set);
  }
  return set;
}

export function encodeFields(set: FieldSet): JsonMap {
  const root: JsonMap = {};
  // In order, so that what has others below it comes before them.
  for (const path of [...set].sort()) {
    let node = root;
    let here: Path = '';
    for (const element of elementsOf(path)) {
      if (set.has(here)) node['.'] = {};
      here = within(here, element);
      node = (node[element] ??= {}) as JsonMap;
    }
  }
  return root;
}

/** Fields that are new or have another value, and those that are gone. */
export function compare(before: Leaves, after: Leaves): { changed: FieldSet; removed: FieldSet } {
  const changed: FieldSet = new Set();
  const removed: FieldSet = new Set();
  for (const [path, value] of after) if (!before.has(path) || !equal(before.get(path), value)) changed.add(path);
  for (const path of before.keys()) if (!after.has(path)) removed.add(path);
  return { changed, removed };
}

export const isWriter = (entry: ManagedFields, writer: Writer): boolean =>
  entry.manager === writer.manager &&
  entry.operation === writer.operation &&
  entry.apiVersion === writer.apiVersion &&
  (entry.subresource ?? '') === (writer.subresource ?? '');

export const ownedBy = (entry: ManagedFields): FieldSet => decodeFields(entry.fieldsV1 ?? {});

export function entryOf(writer: Writer, set: FieldSet, before?: ManagedFields): ManagedFields {
  const fieldsV1 = encodeFields(set);
  if (before && equal(before.fieldsV1, fieldsV1)) return before;
  const { manager, operation, apiVersion, subresource, time } = writer;
  return { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1, ...(subresource && { subresource }) };
}

/** Takes fields away from an entry; undefined when it owns nothing any more. */
export function without(entry: ManagedFields, lost: (path: Path) => boolean, time: string): ManagedFields | undefined {
  const set = ownedBy(entry);
  const kept: FieldSet = new Set([...set].filter((path) => !lost(path)));
  if (kept.size === 0) return undefined;
  return kept.size === set.size ? entry : { ...entry, time, fieldsV1: encodeFields(kept) };
}

const containersOf = (leaves: Leaves): FieldSet => new Set([...leaves.keys()].flatMap(around));

/**
 * Ownership after a create, update or patch: what changed belongs to the writer alone, as do the maps and lists that it made.
 * @param always maps that every object of the kind has: nobody makes them
 */
export function afterUpdate(
  entries: ManagedFields[],
  before: Leaves,
  after: Leaves,
  writer: Writer,
  always: readonly Path[],
): ManagedFields[] {
  const { changed, removed } = compare(before, after);
  if (changed.size === 0 && removed.size === 0) return entries;
  const [then, now] = [containersOf(before), containersOf(after)];
  for (const container of now) if (!then.has(container) && !before.has(container) && !always.includes(container)) changed.add(container);
  for (const container of then) if (!now.has(container) && !after.has(container)) removed.add(container);
  const own = entries.find((entry) => isWriter(entry, writer));
  const lost = (path: Path) => changed.has(path) || removed.has(path);
  const others = entries.filter((entry) => entry !== own).flatMap((entry) => without(entry, lost, writer.time) ?? []);
  const set: FieldSet = new Set([...(own ? ownedBy(own) : []), ...changed]);
  for (const path of removed) set.delete(path);
  return set.size > 0 ? [...others, entryOf(writer, set, own)] : others;
}
