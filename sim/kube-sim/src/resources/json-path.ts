/** The part of JSONPath that printer columns use: fields, and filters such as `[?(@.type=="Ready")]`. */
import { isMap } from '../objects.ts';

type Step = (values: unknown[]) => unknown[];

const child =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isMap(value) && value[name] !== undefined ? [value[name]] : []));
const filter =
  (name: string, wanted: string): Step =>
  (values) =>
    values.flat().filter((item) => isMap(item) && item[name] === wanted);

const STEPS = /\.([^.[\]\\*]+)|\[\?\(@\.(\w+)\s*==\s*"([^"]*)"\)\]/g;

/** Compiles a path; it yields every value found. Throws where the path is none. */
export function parseJsonPath(path: string): (value: unknown) => unknown[] {
  if (path.replace(STEPS, '') !== '') throw new Error(`not a JSON path that is understood here: ${path}`);
  const steps = [...path.matchAll(STEPS)].map(([, name, key, wanted]) => (name === undefined ? filter(key!, wanted!) : child(name)));
  return (value) => steps.reduce<unknown[]>((values, step) => step(values), [value]);
}
