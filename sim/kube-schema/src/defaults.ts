/** Defaulting: what is absent gets the value that the schema names. */
import { isMap } from './json.ts';
import type { Schema } from './schema.ts';

/** Fills in, in place, the defaults of absent fields; a null where none is allowed counts as absent. */
export function applyDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(item, schema.items);
    return;
  }
  if (!isMap(value)) return;
  for (const [name, known] of Object.entries(schema.properties ?? {})) {
    if (value[name] === null && !known.nullable) delete value[name];
    if (value[name] === undefined && known.default !== undefined) value[name] = structuredClone(known.default);
    if (value[name] !== undefined) applyDefaults(value[name], known);
  }
  const other = schema.additionalProperties;
  if (typeof other !== 'object') return;
  for (const name of Object.keys(value)) {
    if (schema.properties?.[name]) continue;
    if (value[name] === null && !other.nullable) delete value[name];
    else applyDefaults(value[name], other);
  }
}
