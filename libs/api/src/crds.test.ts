import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { GENERATED, generate, readCrds, type Schema } from '../../../hack/generate-types.ts';
import { DPU_CONDITIONS, GROUP, KINDS, PHASES, VERSION } from './index.ts';

const crds = readCrds();
const root = (kind: string): Schema => crds.find((crd) => crd.spec.names.kind === kind)!.spec.versions[0]!.schema.openAPIV3Schema;
/** The schema at a path such as `status.rollout.granted[]`. */
const at = (kind: string, path: string): Schema =>
  path
    .replaceAll('[]', '.[]')
    .split('.')
    .reduce((schema, step) => (step === '[]' ? schema.items! : schema.properties![step]!), root(kind));

/** Every schema below one, with its path. */
function* fields(schema: Schema, path: string): Generator<[string, Schema]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* fields(field, `${path}.${name}`);
  if (schema.items) yield* fields(schema.items, `${path}[]`);
  if (schema.additionalProperties) yield* fields(schema.additionalProperties, `${path}{}`);
}
const everyField = crds.flatMap((crd) =>
  ['spec', 'status'].flatMap((part) => {
    const schema = root(crd.spec.names.kind).properties![part];
    return schema ? [...fields(schema, `${crd.spec.names.kind}.${part}`)] : [];
  }),
);

test('the generated types are those of the CRDs (else run `pnpm generate`)', () => {
  const files = new Map(readdirSync(GENERATED).map((name) => [name, readFileSync(join(GENERATED, name), 'utf8')]));
  expect(files).toEqual(generate(crds));
});

describe('every CRD', () => {
  test('is one of the four kinds, under the names that the code uses', () => {
    const found = crds.map(({ metadata, spec }) => ({ name: metadata.name, kind: spec.names.kind, version: spec.versions[0]!.name }));
    const wanted = Object.values(KINDS).map(({ kind, plural }) => ({ name: `${plural}.${GROUP}`, kind, version: VERSION }));
    expect(new Set(found)).toEqual(new Set(wanted));
  });
  test.each(crds.map((crd) => [crd.spec.names.kind, crd] as const))('%s is found by `kubectl get dpf`', (_, crd) => {
    expect(crd.spec.names.categories).toEqual(['dpf']);
  });
  test.each(crds.map((crd) => [crd.spec.names.kind, crd] as const))('%s has a status subresource if it has a status', (kind, crd) => {
    expect(Boolean(crd.spec.versions[0]!.subresources?.status)).toBe(Boolean(root(kind).properties!['status']));
  });
});

/** What a schema lacks of what every field must have; undefined when it is complete. */
function flaw(schema: Schema): string | undefined {
  if (!schema.description) return 'no description';
  if (!/^[^a-z].*\.$|^true .*\.$/s.test(schema.description)) return `description is no sentence: ${schema.description}`;
  if (schema['x-kubernetes-preserve-unknown-fields']) return 'keeps unknown fields';
  if (schema['x-kubernetes-validations']?.some((rule) => !rule.message)) return 'a rule without a message';
  switch (schema.type) {
    case 'string':
      return schema.enum || schema.maxLength || schema.format === 'date-time' ? undefined : 'unbounded string';
    case 'integer':
      return schema.minimum === undefined ? 'unbounded integer' : undefined;
    case 'array':
      return !schema.maxItems ? 'unbounded list' : !schema['x-kubernetes-list-type'] ? 'list without a list type' : undefined;
    case 'object':
      return schema.additionalProperties && !schema.maxProperties ? 'unbounded map' : undefined;
    case 'boolean':
      return undefined;
    default:
      return schema['x-kubernetes-int-or-string'] ? undefined : 'no type';
  }
}
test('every field is described in a sentence and bounded', () => {
  expect(everyField.filter(([, schema]) => flaw(schema)).map(([path, schema]) => `${path}: ${flaw(schema)}`)).toEqual([]);
});
test('every rule says which field it is about', () => {
  const rules = [...everyField, ...crds.map((crd) => [crd.spec.names.kind, root(crd.spec.names.kind)] as const)].flatMap(([path, schema]) =>
    (schema['x-kubernetes-validations'] ?? []).map(({ message }) => ({ path, message: message! })),
  );
  const names = new Set(['metadata', ...everyField.flatMap(([path]) => path.split(/[.[\]{}]+/))]);
  expect(rules.length).toBeGreaterThan(20);
  expect(rules.filter(({ message }) => !message.split(/\W+/).some((word) => names.has(word)))).toEqual([]);
});

describe('what stands in two kinds is the same in both', () => {
  test.each(['nodeEffect', 'cluster', 'dpuFlavor', 'automaticNodeReboot'])('spec.%s of a Dpu and of a template', (name) => {
    expect(at('Dpu', `spec.${name}`)).toEqual(at('DpuSet', `spec.dpuTemplate.spec.${name}`));
  });
  test('the conditions of all kinds', () => {
    expect(at('Dpu', 'status.conditions[]')).toEqual(at('Bfb', 'status.conditions[]'));
    expect(at('DpuSet', 'status.conditions[]')).toEqual(at('Bfb', 'status.conditions[]'));
  });
  test('the phases in the schema are those of the code', () => {
    expect(at('Dpu', 'status.phase').enum).toEqual([...PHASES]);
    expect(Object.keys(at('DpuSet', 'status.dpuStatistics').properties!)).toEqual([...PHASES]);
  });
  test('the conditions of a Dpu are explained', () => {
    for (const type of DPU_CONDITIONS) expect(at('Dpu', 'status.conditions').description).toContain(type);
  });
});
