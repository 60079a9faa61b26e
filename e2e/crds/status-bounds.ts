/** The bounds of a status, which controllers write: a value at every bound, which is accepted, and one beyond it, which is not. */
import type { Schema } from '../../hack/generate-types.ts';
import { UNCHECKED, long, times } from './rows/row.ts';

export interface Bound {
  what: string;
  status: unknown;
  /** What is said of it; absent where it is accepted. */
  message?: string;
}
/** A value in place of the one that stands in a valid status. */
interface Variant {
  what: string;
  path: string;
  value: unknown;
  message?: string;
}

/** Everything that a status can be tried with, from its schema alone. */
export function statusBounds(schema: Schema): Bound[] {
  return [...variants(schema, 'status')].map(({ what, path, value, message }) => ({
    what: `${path}: ${what}`,
    status: valid(schema, 'status', path, value),
    ...(message !== undefined && { message }),
  }));
}

/** A valid value with every field of the schema; what lies at `path` is `value`. */
function valid(schema: Schema, here: string, path: string, value: unknown): unknown {
  if (here === path) return value;
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, valid(field, `${here}.${name}`, path, value)]);
      return schema.additionalProperties
        ? { key: valid(schema.additionalProperties, `${here}.key`, path, value) }
        : Object.fromEntries(fields);
    }
    case 'array':
      return [valid(schema.items!, `${here}[0]`, path, value)];
    case 'integer':
      return schema.minimum ?? 0;
    case 'boolean':
      return true;
    default:
      return text(schema);
  }
}

const text = ({ format, enum: allowed, pattern, maxLength }: Schema): string =>
  format === 'date-time' ? '2026-01-01T00:00:00Z' : (allowed?.[0] ?? 'a'.repeat(pattern?.includes('{64}') ? maxLength! : 1));

function* variants(schema: Schema, path: string): Generator<Variant> {
  const accepted = (what: string, value: unknown): Variant => ({ what, path, value });
  const refused = (what: string, value: unknown, message: string): Variant => ({ what, path, value, message: `${path}: ${message}` });
  const unchecked = (what: string, value: unknown, message: string): Variant => ({
    what,
    path,
    value,
    message: `[${path}: ${message}, ${UNCHECKED}]`,
  });
  // A status is judged alone: fields are named from it on.
  const within = path.replace(/^status[.]/, '');
  const invalid = (shown: unknown, why: string) => `Invalid value: ${JSON.stringify(shown)}: ${within} in body ${why}`;
  const { maxLength, minLength, pattern, minimum, maximum, maxItems, maxProperties } = schema;
  if (maxLength !== undefined) {
    yield accepted('the longest', long(maxLength));
    yield unchecked('longer than the longest', long(maxLength + 1), `Too long: may not be more than ${maxLength} bytes`);
  }
  if (minLength !== undefined) yield refused('shorter than the shortest', '', invalid('', `should be at least ${minLength} chars long`));
  if (pattern !== undefined) yield refused('of another form', '$(id)', invalid('$(id)', `should match '${pattern}'`));
  if (schema.enum) {
    const allowed = schema.enum.map((value) => JSON.stringify(value)).join(', ');
    for (const value of schema.enum) yield accepted(value, value);
    yield unchecked('another word', 'Other', `Unsupported value: "Other": supported values: ${allowed}`);
  }
  if (schema.format === 'date-time') yield unchecked('no time', 'soon', invalid('soon', 'must be of type date-time: "soon"'));
  if (minimum !== undefined)
    yield refused('less than the least', minimum - 1, invalid(minimum - 1, `should be greater than or equal to ${minimum}`));
  if (maximum !== undefined) {
    yield accepted('the greatest', maximum);
    yield refused('more than the greatest', maximum + 1, invalid(maximum + 1, `should be less than or equal to ${maximum}`));
  }
  if (schema.type === 'integer') {
    const is = schema.format ? 'float64' : 'number';
    const checked = schema.format ? `with format ${schema.format}` : '(default format)';
    const why = `${invalid(is, `must be of type ${schema.format ?? 'integer'}: "${is}"`)}, status: Invalid value: "": Checked value must be of type integer ${checked} in ${within}`;
    yield unchecked('half', 1.5, why);
  }
  if (maxItems !== undefined && !schema['x-kubernetes-list-map-keys'])
    yield unchecked(
      'too many',
      times(maxItems + 1, () => valid(schema.items!, '', '-', undefined)),
      `Too many: ${maxItems + 1}: must have at most ${maxItems} items`,
    );
  if (maxProperties !== undefined) {
    const all = Object.fromEntries(
      times(maxProperties + 1, (index) => [`k${index}`, valid(schema.additionalProperties!, '', '-', undefined)]),
    );
    yield unchecked('too many', all, `Too many: ${maxProperties + 1}: must have at most ${maxProperties} items`);
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* variants(field, `${path}.${name}`);
  if (schema.items) yield* variants(schema.items, `${path}[0]`);
  if (schema.additionalProperties) yield* variants(schema.additionalProperties, `${path}.key`);
}
