/** The part of JSONPath that printer columns use: fields, indexes, `[*]` and filters such as `[?(@.type=="Ready")]`. */
import { isMap } from '../objects.ts';

type Step = (values: unknown[]) => unknown[];

const each = (value: unknown): unknown[] => (Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []);
const child =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isMap(value) && value[name] !== undefined ? [value[name]] : []));

function filter(condition: string): Step {
  const parts = /^@\.?(.*?)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|(\S+))$/.exec(condition.trim());
  if (!parts) {
    const present = parseJsonPath(condition.trim().replace(/^@/, ''));
    return (values) => values.flatMap(each).filter((item) => present(item).length > 0);
  }
  const [, path, operator, double, single, bare] = parts;
  const read = parseJsonPath(`.${path}`);
  const wanted = double ?? single ?? bare;
  return (values) => values.flatMap(each).filter((item) => (String(read(item)[0]) === wanted) === (operator === '=='));
}

const TOKEN = /\.((?:\\.|[^.[\]\\])+)|\[\?\((.*?)\)\]|\[(-?\d+)\]|\[\*\]|\['([^']*)'\]|\.\*/gy;

/** Compiles a path; it yields every value found. Throws where the path is none. */
export function parseJsonPath(path: string): (value: unknown) => unknown[] {
  const text = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  const steps: Step[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (end < text.length) {
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`not a JSON path: ${path}`);
    end = TOKEN.lastIndex;
    const [whole, name, condition, index, quoted] = match;
    if (whole === '[*]' || name === '*') steps.push((values) => values.flatMap(each));
    else if (condition !== undefined) steps.push(filter(condition));
    else if (index !== undefined)
      steps.push((values) => values.flatMap((value) => (Array.isArray(value) ? value.slice(Number(index)).slice(0, 1) : [])));
    else steps.push(child(quoted ?? name!.replace(/\\(.)/g, '$1')));
    // A filter compiles another path with the same sticky expression.
    TOKEN.lastIndex = end;
  }
  return (value) => steps.reduce<unknown[]>((values, step) => step(values), [value]);
}
