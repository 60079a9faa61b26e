/** OpenAPI v3 schemas as CustomResourceDefinitions carry them. */
import { isMap, type JsonMap } from '../objects.ts';

export interface ValidationRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
}

export interface Schema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  default?: unknown;
  nullable?: boolean;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-validations'?: ValidationRule[];
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-patch-strategy'?: string;
}

/** The schema of a field; undefined where the schema says nothing about it. */
export function fieldSchema(schema: Schema | undefined, name: string): Schema | undefined {
  const own = schema?.properties?.[name];
  if (own) return own;
  const other = schema?.additionalProperties;
  return typeof other === 'object' ? other : undefined;
}

/** The values of a list-map item's keys; a key that is absent has its default. */
export function itemKeys(item: JsonMap, schema: Schema): JsonMap {
  const keys: JsonMap = {};
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = item[name] ?? schema.items?.properties?.[name]?.default;
    if (value !== undefined) keys[name] = value;
  }
  return keys;
}

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
