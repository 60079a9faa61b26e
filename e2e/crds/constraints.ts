/** The bounds and rules that a schema holds, one by one: each must be met by a row that breaks it. */
import type { Schema } from '../../hack/generate-types.ts';

export interface Constraint {
  /** The field and what it must keep, for people. */
  name: string;
  /** True when a fault, as the API server tells it, is that this constraint was broken. */
  brokenBy(field: string, message: string): boolean;
}

const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** Fields as causes name them: `[]` stands for an index, `{}` for a key. */
const fieldPattern = (path: string) => new RegExp(`^${literal(path).replaceAll('\\[\\]', '\\[\\d+\\]').replaceAll('\\{\\}', '[.[][^]+')}$`);

/** Every constraint of `schema` and below, `path` being its field. */
export function* constraints(schema: Schema, path: string): Generator<Constraint> {
  const at = fieldPattern(path);
  const native = (keyword: string, words: string): Constraint => ({
    name: `${path}: ${keyword}`,
    brokenBy: (field, message) => at.test(field) && message.includes(words),
  });
  const items = (count: number) => `must have at most ${count} items`;
  if (schema.maxLength !== undefined)
    yield native(`maxLength ${schema.maxLength}`, `Too long: may not be more than ${schema.maxLength} bytes`);
  if (schema.minimum !== undefined) yield native(`minimum ${schema.minimum}`, `should be greater than or equal to ${schema.minimum}`);
  if (schema.maximum !== undefined) yield native(`maximum ${schema.maximum}`, `should be less than or equal to ${schema.maximum}`);
  if (schema.maxItems !== undefined) yield native(`maxItems ${schema.maxItems}`, items(schema.maxItems));
  if (schema.maxProperties !== undefined) yield native(`maxProperties ${schema.maxProperties}`, items(schema.maxProperties));
  if (schema.enum) yield native('enum', `supported values: ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`);
  if (schema.pattern !== undefined) yield native('pattern', `should match '${schema.pattern}'`);
  if (schema['x-kubernetes-list-type'] === 'map')
    yield { name: `${path}: unique`, brokenBy: (field, message) => field.startsWith(`${path}[`) && message.startsWith('Duplicate value') };
  for (const rule of schema['x-kubernetes-validations'] ?? [])
    yield {
      name: `${path}: ${rule.rule}`,
      brokenBy: (field, message) => message.endsWith(rule.message!) && (fieldPattern(path + (rule.fieldPath ?? '')).test(field) || !path),
    };
  for (const name of schema.required ?? []) {
    const missing = fieldPattern(path ? `${path}.${name}` : name);
    yield { name: `${path}: ${name} required`, brokenBy: (field, message) => missing.test(field) && message === 'Required value' };
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* constraints(child, path ? `${path}.${name}` : name);
  if (schema.items) yield* constraints(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* constraints(schema.additionalProperties, `${path}{}`);
}
