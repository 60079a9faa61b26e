/** Comparison of an answer with what a table says of it. */

/** Anything that is there. */
export const ANY = Symbol('anything');
/** Nothing may be there. */
export const ABSENT = Symbol('absent');

class Exactly {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
/** This and no other fields. */
export const exactly = (value: unknown): unknown => new Exactly(value);

class Has {
  readonly items: unknown[];
  constructor(items: unknown[]) {
    this.items = items;
  }
}
/** A list in which these are found, in any order. */
export const has = (...items: unknown[]): unknown => new Has(items);

type JsonMap = Record<string, unknown>;
const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);
const show = (value: unknown): string =>
  (value instanceof RegExp || typeof value === 'symbol' ? String(value) : JSON.stringify(value)) ?? 'nothing';

/** The differences, one sentence each; fields that `wanted` does not name may have any value. */
export function differences(found: unknown, wanted: unknown, path = '', whole = false): string[] {
  const fault = (): string[] => [`${path || 'the answer'} is ${show(found)?.slice(0, 600)}, not ${show(wanted)}`];
  if (wanted === ANY) return found === undefined ? fault() : [];
  if (wanted === ABSENT || wanted === undefined) return found === undefined ? [] : fault();
  if (wanted instanceof RegExp) return typeof found === 'string' && wanted.test(found) ? [] : fault();
  if (wanted instanceof Exactly) return differences(found, wanted.value, path, true);
  if (wanted instanceof Has) {
    if (!Array.isArray(found)) return fault();
    const missing = wanted.items.filter((item) => !found.some((each) => differences(each, item, path, whole).length === 0));
    return missing.map((item) => `${path} has no ${show(item)}: ${show(found).slice(0, 600)}`);
  }
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return fault();
    return wanted.flatMap((item, index) => differences(found[index], item, `${path}[${index}]`, whole));
  }
  if (!isMap(wanted)) return found === wanted ? [] : fault();
  if (!isMap(found)) return fault();
  const more = whole ? Object.keys(found).filter((name) => !(name in wanted)) : [];
  return [
    ...Object.entries(wanted).flatMap(([name, value]) => differences(found[name], value, path ? `${path}.${name}` : name, whole)),
    ...more.map((name) => `${path ? `${path}.` : ''}${name} is ${show(found[name])}, and should not be there`),
  ];
}

export type Values = Map<string, string>;

/** Puts known values in the place of their names; other braces stay. */
export function fill<T>(template: T, values: Values): T {
  const text = (given: string) => given.replace(/\{([a-zA-Z]\w*)\}/g, (whole, name: string) => values.get(name) ?? whole);
  const walk = (given: unknown): unknown => {
    if (typeof given === 'string') return text(given);
    if (given instanceof RegExp) return new RegExp(text(given.source), given.flags);
    if (given instanceof Exactly) return new Exactly(walk(given.value));
    if (given instanceof Has) return new Has(given.items.map(walk));
    if (Array.isArray(given)) return given.map(walk);
    if (!isMap(given)) return given;
    return Object.fromEntries(Object.entries(given).map(([name, value]) => [text(name), walk(value)]));
  };
  // A walk keeps the shape of what it is given.
  return walk(template) as T;
}

/** The value at a path of field names and indexes. */
export function valueAt(value: unknown, path: string): unknown {
  return path.split('/').reduce<unknown>((here, name) => (isMap(here) || Array.isArray(here) ? (here as JsonMap)[name] : undefined), value);
}
