/**
 * Strategic merge patch, for built-in kinds: lists with a merge key are merged item by item; `$patch`, `$retainKeys` and
 * `$deleteFromPrimitiveList` direct it; the order of items (`$setElementOrder`) is not followed.
 */
import { fieldSchema, type Schema } from '@dpf/kube-schema';
import { equal, isMap, type JsonMap } from '../objects.ts';
import { badRequest } from '../status.ts';

const DELETE_FROM = '$deleteFromPrimitiveList/';

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

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, child]) => !name.startsWith('$') && child !== null)
      .map(([name, child]) => [name, withoutDirectives(child)]),
  );
}
