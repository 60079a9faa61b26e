/** A built-in resource with the defaults that most kinds share. */
import { SCHEMAS } from './built-in-schemas.ts';
import { AGE, NAME } from './columns.ts';
import type { Resource } from './resource.ts';

/** The plural is the lower-case kind with an s. */
export function define(kind: keyof typeof SCHEMAS, group: string, rest: Partial<Resource> = {}): Resource {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    group,
    version: 'v1',
    plural,
    singular,
    kind,
    shortNames: [],
    categories: [],
    namespaced: true,
    builtin: true,
    collection: `${group}/${plural}`,
    schema: SCHEMAS[kind],
    statusSubresource: false,
    generation: false,
    fields: {},
    columns: [NAME, AGE],
    ...rest,
  };
}
