/** States are kept as strings: one character per number. */

/** A number, or an array or object of such. */
type Leaf = number;
export interface Codec<State> {
  clone(state: State): State;
  pack(state: State): string;
  unpack(packed: string): State;
}

/** Makes a codec for states of the shape of an example: nested objects and arrays of integers 0…65535. It is code made for that shape, hence fast. */
export function codecFor<State extends object>(example: State): Codec<State> {
  const shape = (value: unknown, path: string, leaf: (path: string) => string): string => {
    if (typeof value === 'number') return leaf(path);
    if (Array.isArray(value)) return `[${value.map((item, i) => shape(item, `${path}[${i}]`, leaf)).join()}]`;
    return `{${Object.entries(value as Record<string, Leaf>).map(([name, field]) => `${name}:${shape(field, `${path}.${name}`, leaf)}`)}}`;
  };
  const paths: string[] = [];
  shape(example, 'x', (path) => String(paths.push(path)));
  let index = 0;
  const make = <Argument, Result>(body: string) => new Function('x', `return ${body}`) as (argument: Argument) => Result;
  return {
    clone: make<State, State>(shape(example, 'x', (path) => path)),
    pack: make<State, string>(`String.fromCharCode(${paths.join()})`),
    unpack: make<string, State>(shape(example, 'x', () => `x.charCodeAt(${index++})`)),
  };
}
