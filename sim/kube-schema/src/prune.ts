/** Pruning: what the schema does not know is not kept. */
import { isMap } from './json.ts';
import { fieldSchema, type Schema } from './schema.ts';

const keepsUnknown = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true || (!schema.type && !schema.properties);

/** Fields of every object that the schema of a kind does not list: apiVersion, kind and metadata have rules of their own. */
const ENVELOPE = new Set(['apiVersion', 'kind', 'metadata']);

/** Removes, in place, the fields that the schema does not know; returns their paths. */
export function prune(value: unknown, schema: Schema, path = '', envelope = true): string[] {
  if (Array.isArray(value))
    return schema.items ? value.flatMap((item, index) => prune(item, schema.items!, `${path}[${index}]`, false)) : [];
  if (!isMap(value)) return [];
  const unknown: string[] = [];
  for (const name of Object.keys(value)) {
    if (envelope && ENVELOPE.has(name)) continue;
    const here = path ? `${path}.${name}` : name;
    const known = fieldSchema(schema, name);
    if (known) unknown.push(...prune(value[name], known, here, false));
    else if (!keepsUnknown(schema)) {
      delete value[name];
      unknown.push(here);
    }
  }
  return unknown;
}
