/** x-kubernetes-validations: rules in CEL over a value (`self`) and, on updates, the value before (`oldSelf`). */
import { Environment, type ParseResult } from '@marcbachmann/cel-js';
import { equal, isMap, type JsonMap } from './json.ts';
import type { Cause } from './field.ts';
import { quote } from './quote.ts';
import { fieldSchema, itemKeys, type Schema, type ValidationRule } from './schema.ts';

/** The functions of CEL itself: a definition whose rules call one of those that Kubernetes adds is refused. */
const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, enableOptionalTypes: true })
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn');
const programs = new Map<string, ParseResult>();

/** Parses an expression once. Throws where it is no CEL or names something unknown. */
export function compile(expression: string): ParseResult {
  let program = programs.get(expression);
  if (!program) {
    program = environment.parse(expression);
    const { valid, error } = program.check();
    if (!valid) throw error ?? new Error('the expression is not valid');
    programs.set(expression, program);
  }
  return program;
}

/** A rule that compares with the value before; it is tried only where there is one. */
const isTransition = ({ rule }: ValidationRule): boolean => /\boldSelf\b/.test(rule);

const bearing = new WeakMap<Schema, boolean>();
/** True where the schema, or one below it, has rules. */
function hasRules(schema: Schema): boolean {
  let known = bearing.get(schema);
  if (known === undefined) {
    const below = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
    known = (schema['x-kubernetes-validations'] ?? []).length > 0 || below.some((other) => typeof other === 'object' && hasRules(other));
    bearing.set(schema, known);
  }
  return known;
}

/** Field names that CEL cannot write are escaped: `__dash__` and its like, `__in__` for reserved words. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const escapeName = (name: string): string =>
  RESERVED.has(name)
    ? `__${name}__`
    : name.replaceAll('__', '__underscores__').replaceAll('.', '__dot__').replaceAll('-', '__dash__').replaceAll('/', '__slash__');

/** A JSON value as CEL has it by its schema: integers are BigInt, date-times are timestamps. */
function toCel(value: unknown, schema: Schema | undefined): unknown {
  if (typeof value === 'number') return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value);
  if (typeof value === 'string') return schema?.format === 'date-time' ? new Date(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema?.items));
  if (!isMap(value)) return value;
  const result: JsonMap = {};
  for (const [name, child] of Object.entries(value))
    if (child !== undefined) result[schema?.properties?.[name] ? escapeName(name) : name] = toCel(child, fieldSchema(schema, name));
  return result;
}

/** Of the metadata, rules see the name alone. */
function selfOf(value: unknown, schema: Schema, path: string): unknown {
  if (path || !isMap(value)) return toCel(value, schema);
  const { name, generateName } = isMap(value['metadata']) ? value['metadata'] : {};
  return toCel({ ...value, metadata: { name, ...(generateName !== undefined && { generateName }) } }, schema);
}

const REASONS: Record<string, string> = {
  FieldValueInvalid: 'Invalid value',
  FieldValueForbidden: 'Forbidden',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
};

function faultOf(rule: ValidationRule, why: string, value: unknown, path: string): Cause {
  const reason = rule.reason ?? 'FieldValueInvalid';
  const scalar = value !== null && typeof value !== 'object' && reason !== 'FieldValueForbidden' && reason !== 'FieldValueRequired';
  const place = (path + (rule.fieldPath ?? '')).replace(/^\./, '');
  return { reason, field: place || '<nil>', message: `${REASONS[reason]}: ${scalar ? `${quote(value)}: ` : ''}${why}` };
}

function tryRule(rule: ValidationRule, scope: JsonMap, value: unknown, path: string): Cause | undefined {
  let words = rule.message ?? `failed rule: ${rule.rule}`;
  try {
    if (compile(rule.rule)(scope) === true) return undefined;
  } catch (error) {
    return faultOf(rule, `${(error as Error).message.split('\n')[0]} evaluating rule: ${rule.message ?? rule.rule}`, value, path);
  }
  try {
    if (rule.messageExpression) words = String(compile(rule.messageExpression)(scope));
  } catch {
    // The other words are for this.
  }
  return faultOf(rule, words, value, path);
}

/** Tries all rules at and below a value. A rule that an unchanged value already broke is not held against an update. */
export function checkRules(value: unknown, old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (value === null || value === undefined || !hasRules(schema)) return;
  const rules = schema['x-kubernetes-validations'] ?? [];
  const unchanged = old !== undefined && equal(value, old);
  const due = rules.filter((rule) => (isTransition(rule) ? old !== undefined : !unchanged));
  if (due.length > 0) {
    const scope: JsonMap = { self: selfOf(value, schema, path), ...(old !== undefined && { oldSelf: selfOf(old, schema, path) }) };
    for (const rule of due) {
      const fault = tryRule(rule, scope, value, path);
      if (fault) causes.push(fault);
    }
  }
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    const keyed = schema['x-kubernetes-list-type'] === 'map';
    const keyOf = (item: unknown) => JSON.stringify(isMap(item) ? itemKeys(item, schema) : item);
    const before = new Map(keyed && Array.isArray(old) ? old.map((item) => [keyOf(item), item as unknown]) : []);
    value.forEach((item, index) => checkRules(item, keyed ? before.get(keyOf(item)) : undefined, items, `${path}[${index}]`, causes));
  }
  if (!isMap(value)) return;
  for (const [name, child] of Object.entries(value)) {
    const known = fieldSchema(schema, name);
    const here = schema.properties?.[name] ? `${path && `${path}.`}${name}` : `${path}[${name}]`;
    if (known) checkRules(child, isMap(old) ? old[name] : undefined, known, here, causes);
  }
}
