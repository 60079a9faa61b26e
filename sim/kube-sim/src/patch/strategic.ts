/** Strategic merge patch, for built-in kinds: lists with a merge key are merged item by item; `$patch`, `$retainKeys` and the like direct it. */
import { equal, isMap, type JsonMap } from '../objects.ts';
import { fieldSchema, type Schema } from '../schema/schema.ts';
import { badRequest } from '../status.ts';

const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

export function strategicPatch(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!isMap(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  if (patch['$patch'] === 'delete') return {};
  const result: JsonMap = isMap(target) ? { ...target } : {};
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) for (const name of Object.keys(result)) if (!retained.includes(name)) delete result[name];
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_FROM)) {
      const list = name.slice(DELETE_FROM.length);
      if (Array.isArray(result[list]))
        result[list] = result[list].filter((item) => !(value as unknown[]).some((gone) => equal(gone, item)));
    } else if (name.startsWith('$')) continue;
    else if (value === null) delete result[name];
    else result[name] = patchValue(result[name], value, fieldSchema(schema, name));
  }
  for (const [name, order] of Object.entries(patch))
    if (name.startsWith(ORDER)) {
      const list = name.slice(ORDER.length);
      if (Array.isArray(result[list]) && Array.isArray(order)) result[list] = inOrder(result[list], order, fieldSchema(schema, list));
    }
  return result;
}

function patchValue(target: unknown, value: unknown, schema: Schema | undefined): unknown {
  if (!Array.isArray(value)) return strategicPatch(target, value, schema);
  if (schema?.['x-kubernetes-patch-strategy'] !== 'merge') return value.map(withoutDirectives);
  const key = schema['x-kubernetes-patch-merge-key'];
  const items = Array.isArray(target) ? [...(target as unknown[])] : [];
  if (!key) return [...items, ...value.filter((item) => !items.some((known) => equal(known, item)))];
  if (value.some((item) => isMap(item) && item['$patch'] === 'replace')) return value.filter((item) => isMap(item) && !item['$patch']);
  return patchItems(items, value, key, schema.items);
}

function patchItems(items: unknown[], value: unknown[], key: string, schema: Schema | undefined): unknown[] {
  for (const item of value) {
    if (!isMap(item) || item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = items.findIndex((known) => isMap(known) && known[key] === item[key]);
    if (item['$patch'] === 'delete') {
      if (index >= 0) items.splice(index, 1);
    } else if (index >= 0) items[index] = strategicPatch(items[index], item, schema);
    else items.push(withoutDirectives(item));
  }
  return items;
}

/** The items that the order names come in that order, at the places which they hold among the others. */
function inOrder(items: unknown[], order: unknown[], schema: Schema | undefined): unknown[] {
  const key = schema?.['x-kubernetes-patch-merge-key'];
  const nameOf = (item: unknown) => JSON.stringify(key && isMap(item) ? item[key] : item);
  const rank = new Map(order.map((item, index) => [nameOf(item), index]));
  const named = items.filter((item) => rank.has(nameOf(item))).sort((a, b) => rank.get(nameOf(a))! - rank.get(nameOf(b))!);
  return items.map((item) => (rank.has(nameOf(item)) ? named.shift() : item));
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, child]) => !name.startsWith('$') && child !== null)
      .map(([name, child]) => [name, withoutDirectives(child)]),
  );
}
