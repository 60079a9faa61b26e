/** What a row of the tables says: an object as a user writes it, and what the API server makes of it. */
import type { KINDS } from '@dpf/api';

export type Kind = keyof typeof KINDS;
/** A spec as a user may write it, right or wrong, or not at all. */
export type Spec = object | undefined;

export interface Table {
  kind: Kind;
  /** Objects that are accepted; `becomes` is the spec that is stored where it differs, `name` the name of the object. */
  accepted: Record<string, { spec: Spec; becomes?: Spec; name?: string }>;
  /**
   * Objects that are refused: the spec, then the words after `is invalid: ` that a user reads, or the faults that stand there in any order. A name where
   * the name is what is wrong.
   */
  rejected: Record<string, [spec: Spec, message: string | readonly string[], name?: string]>;
  /** Changes of a spec that stands; `published` gives the object that status first. */
  changes: Record<string, { before: Spec; after: Spec; status?: object; message?: string }>;
}

/** `count` items made from their index. */
export const times = <T>(count: number, item: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => item(index));
/** A map of `count` entries: key, a dot-free number, value. */
export const entries = (count: number, value = 'x'): Record<string, string> =>
  Object.fromEntries(times(count, (index) => [`example.com/k${index}`, value]));
/** A text of `length` letters, after and before what is given. */
export const long = (length: number, before = '', after = ''): string => before + 'a'.repeat(length - before.length - after.length) + after;

/** What a server adds when faults kept it from trying the rules in CEL. */
export const UNCHECKED =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
