/** What Kubernetes adds to CEL and the library does not have: strings, lists, URLs and quantities. */
import { Environment } from '@marcbachmann/cel-js';

type Comparable = string | bigint | number | boolean | Date;

const isSorted = (list: Comparable[]): boolean => list.every((item, index) => index === 0 || list[index - 1]! <= item);
const extreme =
  (better: (a: Comparable, b: Comparable) => boolean) =>
  (list: Comparable[]): Comparable => {
    if (list.length === 0) throw new Error('min/max called on empty list');
    return list.reduce((best, item) => (better(item, best) ? item : best));
  };

const QUANTITY = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(e[+-]?\d+|[numkMGTPE]|Ki|Mi|Gi|Ti|Pi|Ei)?$/i;

/** A pattern of RE2 as a JavaScript one: the inline flag for case is the difference that is met in practice. */
const pattern = (text: string, flags = 'u'): RegExp =>
  text.startsWith('(?i)') ? new RegExp(text.slice(4), flags + 'i') : new RegExp(text, flags);

/** A fresh environment; its variables are declared by the caller. */
export function createEnvironment(): Environment {
  return new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, enableOptionalTypes: true })
    .registerFunction('string.find(string): string', (text: string, of: string) => pattern(of).exec(text)?.[0] ?? '')
    .registerFunction('string.findAll(string): list<string>', (text: string, of: string) => text.match(pattern(of, 'gu')) ?? [])
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => [...text][Number(index)] ?? '')
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) => text.replaceAll(from, () => to))
    .registerFunction('list.isSorted(): bool', isSorted)
    .registerFunction(
      'list.min(): dyn',
      extreme((a, b) => a < b),
    )
    .registerFunction(
      'list.max(): dyn',
      extreme((a, b) => a > b),
    )
    .registerFunction('list.sum(): dyn', (list: (bigint | number)[]) =>
      list.reduce<bigint | number>(
        (sum, item) => (typeof item === 'bigint' ? (sum as bigint) + item : Number(sum) + item),
        typeof list[0] === 'number' ? 0 : 0n,
      ),
    )
    .registerFunction('list.indexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.indexOf(item)))
    .registerFunction('list.lastIndexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.lastIndexOf(item)))
    .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text) || text.startsWith('/'))
    .registerFunction('isQuantity(string): bool', (text: string) => QUANTITY.test(text));
}
