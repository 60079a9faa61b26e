/** Structural validation with the messages of a real server. What an update leaves as it was is not judged again (ratcheting). */
import { equal, isMap, type JsonMap } from './json.ts';
import { regex } from './pattern.ts';
import { fault, invalidValue, required, unsupported, type Cause } from './field.ts';
import { quote as show } from './quote.ts';
import { checkRules } from './rules.ts';
import { fieldSchema, itemKeys, type Schema } from './schema.ts';

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : isMap(value) ? 'object' : Number.isInteger(value) ? 'integer' : typeof value;

function hasType(value: unknown, type: Schema['type']): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return isMap(value);
  return type === typeof value || type === typeOf(value);
}

/** Faults that leave the value too far from its schema for the rules in CEL to be tried. */
const BLOCKING = new Set([
  'FieldValueRequired',
  'FieldValueTypeInvalid',
  'FieldValueNotSupported',
  'FieldValueTooLong',
  'FieldValueTooMany',
]);
const UNCHECKED = fault(
  '<nil>',
  'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

/** All faults of an object; none of those that an update finds already there. */
export function validate(next: JsonMap, old: JsonMap | undefined, schema: Schema): Cause[] {
  const causes: Cause[] = [];
  checkValue(next, old, schema, '', causes);
  if (old) causes.forEach(nameWithinStatus);
  if (causes.some(({ reason }) => BLOCKING.has(reason))) return [...causes, UNCHECKED];
  checkRules(next, old, schema, '', causes);
  return causes;
}

/** Of an update only the status resource can leave faults in a status; it is judged alone there, and its fields are named from it on. */
function nameWithinStatus(cause: Cause): void {
  const { field, message } = cause;
  if (field?.startsWith('status.'))
    cause.message = message.replace(`: ${field} in body`, () => `: ${field.slice('status.'.length)} in body`);
  else if (field === '<nil>' && / in status\.\S+$/.test(message))
    Object.assign(cause, { field: 'status', message: message.replace(/ in status\.(\S+)$/, ' in $1') });
}

/** A value of the right type that is not as the schema wants it. */
const unfit = (path: string, shown: unknown, why: string): Cause => invalidValue(path, shown, `${path} in body ${why}`);
const notOfType = (path: string, type: string, found: string): Cause =>
  fault(path, `Invalid value: ${show(found)}: ${path} in body must be of type ${type}: ${show(found)}`, 'FieldValueTypeInvalid');

function checkValue(value: unknown, old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (old !== undefined && equal(value, old)) return;
  if (value === null && schema.nullable) return;

  if (schema['x-kubernetes-int-or-string']) {
    if (!Number.isInteger(value) && typeof value !== 'string') {
      causes.push(notOfType(path, 'integer,string', typeOf(value)));
      return checkCombinations(value, schema, path, causes);
    }
  } else if (schema.type === 'integer' && typeof value === 'number' && !Number.isInteger(value)) {
    return checkFraction(schema, path, causes);
  } else if (schema.type && !hasType(value, schema.type)) return void causes.push(notOfType(path, schema.type, typeOf(value)));

  if (schema.enum && !schema.enum.some((allowed) => equal(allowed, value))) causes.push(unsupported(path, value, schema.enum));
  if (typeof value === 'string') checkString(value, schema, path, causes);
  if (typeof value === 'number') checkNumber(value, schema, path, causes);
  if (Array.isArray(value)) checkArray(value, old, schema, path, causes);
  if (isMap(value)) checkObject(value, old, schema, path, causes);
  checkCombinations(value, schema, path, causes);
}

const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** The one format of text that is checked here. */
const isDateTime = (text: string): boolean => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text));

function checkString(value: string, { maxLength, minLength, pattern, format }: Schema, path: string, causes: Cause[]): void {
  const length = [...value].length;
  if (maxLength !== undefined && length > maxLength)
    causes.push(fault(path, `Too long: may not be more than ${maxLength} bytes`, 'FieldValueTooLong'));
  else if (minLength !== undefined && length < minLength) causes.push(unfit(path, value, `should be at least ${minLength} chars long`));
  else if (pattern !== undefined && !regex(pattern).test(value)) causes.push(unfit(path, value, `should match '${pattern}'`));
  if (format === 'date-time' && !isDateTime(value)) causes.push(notOfType(path, format, value));
}

const INTEGERS: Record<string, bigint> = { int32: 2n ** 31n, int64: 2n ** 63n };

function checkNumber(value: number, schema: Schema, path: string, causes: Cause[]): void {
  const { minimum, maximum, multipleOf, format = '' } = schema;
  const must = (why: string) => causes.push(unfit(path, value, why));
  if (multipleOf !== undefined && Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9)
    must(`should be a multiple of ${multipleOf}`);
  if (maximum !== undefined && schema.exclusiveMaximum && value >= maximum) must(`should be less than ${maximum}`);
  else if (maximum !== undefined && value > maximum) must(`should be less than or equal to ${maximum}`);
  if (minimum !== undefined && schema.exclusiveMinimum && value <= minimum) must(`should be greater than ${minimum}`);
  else if (minimum !== undefined && value < minimum) must(`should be greater than or equal to ${minimum}`);
  const size = INTEGERS[format];
  if (size !== undefined && Number.isInteger(value) && (BigInt(value) >= size || BigInt(value) < -size))
    must(`must be of type integer, format ${format}`);
}

/** The bounds of how many items a list, or how many properties a map, may have. */
function checkCount(count: number, min: number | undefined, max: number | undefined, what: string, path: string, causes: Cause[]): void {
  if (max !== undefined && count > max)
    causes.push(fault(path, `Too many: ${count}: must have at most ${max} item${max === 1 ? '' : 's'}`, 'FieldValueTooMany'));
  if (min !== undefined && count < min) causes.push(unfit(path, count, `should have at least ${min} ${what}`));
}

function checkArray(value: unknown[], old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  checkCount(value.length, schema.minItems, schema.maxItems, 'items', path, causes);
  const keyed = schema['x-kubernetes-list-type'] === 'map';
  const unique = keyed || schema['x-kubernetes-list-type'] === 'set';
  const keyOf = (item: unknown) => show(keyed && isMap(item) ? itemKeys(item, schema) : item);
  const before = new Map(keyed && Array.isArray(old) ? old.map((item) => [keyOf(item), item as unknown]) : []);
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const key = keyOf(item);
    const here = `${path}[${index}]`;
    if (schema.items) checkValue(item, before.get(key), schema.items, here, causes);
    if (unique && seen.has(key)) causes.push(fault(here, `Duplicate value: ${key}`, 'FieldValueDuplicate'));
    seen.add(key);
  });
}

function checkObject(value: JsonMap, old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  const below = (name: string) => (path ? `${path}.${name}` : name);
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  checkCount(names.length, schema.minProperties, schema.maxProperties, 'properties', path, causes);
  for (const name of schema.required ?? []) if (value[name] === undefined) causes.push(required(below(name)));
  for (const name of names) {
    const known = !path && name === 'metadata' ? undefined : fieldSchema(schema, name);
    if (known) checkValue(value[name], isMap(old) ? old[name] : undefined, known, below(name), causes);
  }
}

/** A fault that go-openapi names no field of. */
const unplaced = (message: string): Cause => fault('<nil>', `Invalid value: "": ${message}`);

/** A fraction where an integer is wanted is told of twice. */
function checkFraction({ format }: Schema, path: string, causes: Cause[]): void {
  const wanted = format ? `with format ${format}` : '(default format)';
  causes.push(
    notOfType(path, format ?? 'integer', format ? 'float64' : 'number'),
    unplaced(`Checked value must be of type integer ${wanted} in ${path}`),
  );
}

function checkCombinations(value: unknown, schema: Schema, path: string, causes: Cause[]): void {
  const faultsOf = (other: Schema): Cause[] => {
    const found: Cause[] = [];
    checkValue(value, undefined, other, path, found);
    return found;
  };
  for (const other of schema.allOf ?? []) causes.push(...faultsOf(other));
  const fits = (other: Schema) => faultsOf(other).length === 0;
  const must = (why: string) => causes.push(unplaced(`"${path}" must ${why}`));
  if (schema.anyOf && !schema.anyOf.some(fits)) {
    must('validate at least one schema (anyOf)');
    causes.push(...faultsOf(schema.anyOf[0]!));
  }
  if (schema.oneOf && schema.oneOf.filter(fits).length !== 1) must('validate one and only one schema (oneOf)');
  if (schema.not && fits(schema.not)) must('not validate the schema (not)');
}
