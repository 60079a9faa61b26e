/** Structural validation with the messages of a real server. What an update leaves as it was is not judged again (ratcheting). */
import { equal, isMap, type JsonMap, type KubeObject } from '../objects.ts';
import type { Cause } from '../status.ts';
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

const patterns = new Map<string, RegExp>();
/** Patterns are RE2's: `\\-` and its like are escapes there, and in JavaScript only without the flag u. */
export function regex(pattern: string): RegExp {
  let known = patterns.get(pattern);
  if (!known) {
    try {
      known = new RegExp(pattern, 'u');
    } catch {
      known = new RegExp(pattern);
    }
    patterns.set(pattern, known);
  }
  return known;
}

/** Faults that leave the value too far from its schema for the rules in CEL to be tried. */
const BLOCKING = new Set([
  'FieldValueRequired',
  'FieldValueTypeInvalid',
  'FieldValueNotSupported',
  'FieldValueTooLong',
  'FieldValueTooMany',
]);
const UNCHECKED: Cause = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** All faults of an object; none of those that an update finds already there. */
export function validate(next: KubeObject, old: KubeObject | undefined, schema: Schema): Cause[] {
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

function checkValue(value: unknown, old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (old !== undefined && equal(value, old)) return;
  if (value === null && schema.nullable) return;
  const fault = (message: string, reason = 'FieldValueInvalid') => causes.push({ reason, field: path, message });
  const unfit = (shown: unknown, why: string) => fault(`Invalid value: ${show(shown)}: ${path} in body ${why}`);
  const wrongType = (type: string) =>
    fault(`Invalid value: "${typeOf(value)}": ${path} in body must be of type ${type}: "${typeOf(value)}"`, 'FieldValueTypeInvalid');

  if (schema['x-kubernetes-int-or-string']) {
    if (!Number.isInteger(value) && typeof value !== 'string') {
      wrongType('integer,string');
      return checkCombinations(value, schema, path, causes);
    }
  } else if (schema.type === 'integer' && typeof value === 'number' && !Number.isInteger(value)) {
    return checkFraction(schema, path, causes);
  } else if (schema.type && !hasType(value, schema.type)) return void wrongType(schema.type);

  if (schema.enum && !schema.enum.some((allowed) => equal(allowed, value)))
    fault(`Unsupported value: ${show(value)}: supported values: ${schema.enum.map(show).join(', ')}`, 'FieldValueNotSupported');
  if (typeof value === 'string') checkString(value, schema, fault, unfit, path);
  if (typeof value === 'number') checkNumber(value, schema, unfit);
  if (Array.isArray(value)) checkArray(value, old, schema, path, causes, fault, unfit);
  if (isMap(value)) checkObject(value, old, schema, path, causes, fault, unfit);
  checkCombinations(value, schema, path, causes);
}

type Fault = (message: string, reason?: string) => void;
type Unfit = (shown: unknown, why: string) => void;

const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** The one format of text that is checked here. */
const isDateTime = (text: string): boolean => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text));

function checkString(value: string, schema: Schema, fault: Fault, unfit: Unfit, path: string): void {
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    fault(`Too long: may not be more than ${schema.maxLength} bytes`, 'FieldValueTooLong');
  else if (schema.minLength !== undefined && length < schema.minLength) unfit(value, `should be at least ${schema.minLength} chars long`);
  else if (schema.pattern !== undefined && !regex(schema.pattern).test(value)) unfit(value, `should match '${schema.pattern}'`);
  if (schema.format === 'date-time' && !isDateTime(value))
    fault(`Invalid value: ${show(value)}: ${path} in body must be of type ${schema.format}: ${show(value)}`, 'FieldValueTypeInvalid');
}

const INTEGERS: Record<string, bigint> = { int32: 2n ** 31n, int64: 2n ** 63n };

function checkNumber(value: number, schema: Schema, unfit: Unfit): void {
  const { minimum, maximum, multipleOf } = schema;
  if (multipleOf !== undefined && Math.abs(value / multipleOf - Math.round(value / multipleOf)) > 1e-9)
    unfit(value, `should be a multiple of ${multipleOf}`);
  if (maximum !== undefined && schema.exclusiveMaximum && value >= maximum) unfit(value, `should be less than ${maximum}`);
  else if (maximum !== undefined && value > maximum) unfit(value, `should be less than or equal to ${maximum}`);
  if (minimum !== undefined && schema.exclusiveMinimum && value <= minimum) unfit(value, `should be greater than ${minimum}`);
  else if (minimum !== undefined && value < minimum) unfit(value, `should be greater than or equal to ${minimum}`);
  const size = schema.format === undefined ? undefined : INTEGERS[schema.format];
  if (size !== undefined && Number.isInteger(value) && (BigInt(value) >= size || BigInt(value) < -size))
    unfit(value, `must be of type integer, format ${schema.format}`);
}

const items = (count: number) => `${count} item${count === 1 ? '' : 's'}`;

function checkArray(value: unknown[], old: unknown, schema: Schema, path: string, causes: Cause[], fault: Fault, unfit: Unfit): void {
  const { maxItems, minItems } = schema;
  if (maxItems !== undefined && value.length > maxItems)
    fault(`Too many: ${value.length}: must have at most ${items(maxItems)}`, 'FieldValueTooMany');
  if (minItems !== undefined && value.length < minItems) unfit(value.length, `should have at least ${minItems} items`);
  const keyed = schema['x-kubernetes-list-type'] === 'map';
  const unique = keyed || schema['x-kubernetes-list-type'] === 'set';
  const keyOf = (item: unknown) => (keyed && isMap(item) ? itemKeys(item, schema) : item);
  const before = new Map(keyed && Array.isArray(old) ? old.map((item) => [show(keyOf(item)), item as unknown]) : []);
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const key = show(keyOf(item));
    if (schema.items) checkValue(item, before.get(key), schema.items, `${path}[${index}]`, causes);
    if (unique && seen.has(key))
      causes.push({ reason: 'FieldValueDuplicate', field: `${path}[${index}]`, message: `Duplicate value: ${key}` });
    seen.add(key);
  });
}

function checkObject(value: JsonMap, old: unknown, schema: Schema, path: string, causes: Cause[], fault: Fault, unfit: Unfit): void {
  const below = (name: string) => (path ? `${path}.${name}` : name);
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  const { maxProperties, minProperties } = schema;
  if (maxProperties !== undefined && names.length > maxProperties)
    fault(`Too many: ${names.length}: must have at most ${items(maxProperties)}`, 'FieldValueTooMany');
  if (minProperties !== undefined && names.length < minProperties) unfit(names.length, `should have at least ${minProperties} properties`);
  for (const name of schema.required ?? [])
    if (value[name] === undefined) causes.push({ reason: 'FieldValueRequired', field: below(name), message: 'Required value' });
  for (const name of names) {
    const known = !path && name === 'metadata' ? undefined : fieldSchema(schema, name);
    if (known) checkValue(value[name], isMap(old) ? old[name] : undefined, known, below(name), causes);
  }
}

/** A fraction where an integer is wanted is told of twice. */
function checkFraction({ format }: Schema, path: string, causes: Cause[]): void {
  const is = format ? 'float64' : 'number';
  causes.push(
    {
      reason: 'FieldValueTypeInvalid',
      field: path,
      message: `Invalid value: "${is}": ${path} in body must be of type ${format ?? 'integer'}: "${is}"`,
    },
    {
      reason: 'FieldValueInvalid',
      field: '<nil>',
      message: `Invalid value: "": Checked value must be of type integer ${format ? `with format ${format}` : '(default format)'} in ${path}`,
    },
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
  const must = (why: string) =>
    causes.push({ reason: 'FieldValueInvalid', field: '<nil>', message: `Invalid value: "": "${path}" must ${why}` });
  if (schema.anyOf && !schema.anyOf.some(fits)) {
    must('validate at least one schema (anyOf)');
    causes.push(...faultsOf(schema.anyOf[0]!));
  }
  if (schema.oneOf && schema.oneOf.filter(fits).length !== 1) must('validate one and only one schema (oneOf)');
  if (schema.not && fits(schema.not)) must('not validate the schema (not)');
}
