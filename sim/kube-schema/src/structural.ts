/** Structural schemas: the only ones that a definition may have. */
import { attempt, forbiddenField, required, type Cause } from './field.ts';
import { regex } from './pattern.ts';
import { compile } from './rules.ts';
import type { Schema } from './schema.ts';

/** Why a schema is not structural: every value must have a type, and what is listed be prunable by it. */
export function structuralFaults(schema: Schema, path: string): Cause[] {
  const causes: Cause[] = [];
  if (!schema.type && !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields'])
    causes.push(required(`${path}.type`, 'must not be empty for specified object fields'));
  if (schema.type === 'array' && !schema.items) causes.push(required(`${path}.items`, 'must be specified'));
  if (schema.properties && schema.additionalProperties)
    causes.push(forbiddenField(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  if (schema['x-kubernetes-list-type'] === 'map' && !schema['x-kubernetes-list-map-keys']?.length)
    causes.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema.pattern !== undefined) causes.push(...attempt(`${path}.pattern`, () => regex(schema.pattern!)));
  (schema['x-kubernetes-validations'] ?? []).forEach(({ rule, messageExpression }, index) => {
    const here = `${path}.x-kubernetes-validations[${index}]`;
    causes.push(...attempt(`${here}.rule`, () => compile(rule), `"${rule}": compilation failed: `));
    if (messageExpression) causes.push(...attempt(`${here}.messageExpression`, () => compile(messageExpression), 'compilation failed: '));
  });
  const below = Object.entries(schema.properties ?? {}).map(([name, child]) => [`properties[${name}]`, child] as const);
  for (const [at, child] of [...below, ['items', schema.items], ['additionalProperties', schema.additionalProperties]] as const)
    if (typeof child === 'object') causes.push(...structuralFaults(child, `${path}.${at}`));
  return causes;
}
