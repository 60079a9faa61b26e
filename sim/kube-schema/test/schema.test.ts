/** The functions alone; their words are compared with a real server's in e2e/conformance and e2e/crds. */
import { expect, test } from '@jest/globals';
import { applyDefaults, prune, structuralFaults, validate, type Schema } from '../src/index.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', maximum: 3 },
        color: { type: 'string', default: 'red', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'stays' }] },
        parts: { type: 'array', items: { type: 'object', properties: { count: { type: 'integer', default: 1 } } } },
      },
    },
  },
};
const of = (spec: object) => ({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, spec });
const faults = (next: object, old?: object) =>
  validate(of(next), old && of(old), schema).map(({ field, message }) => `${field}: ${message}`);

test('what the schema does not know is removed and named, the envelope is left alone', () => {
  const object = of({ size: 1, extra: 1, parts: [{ count: 1, more: true }] });
  expect(prune(object, schema)).toEqual(['spec.extra', 'spec.parts[0].more']);
  expect(object).toEqual(of({ size: 1, parts: [{ count: 1 }] }));
});

test('absent fields get their defaults, in the items of lists too', () => {
  const object = of({ size: 1, color: null, parts: [{}] });
  applyDefaults(object, schema);
  expect(object).toEqual(of({ size: 1, color: 'red', parts: [{ count: 1 }] }));
});

test('faults name their field; what an update leaves as it was is not judged again', () => {
  expect(faults({ size: 4 })).toEqual(['spec.size: Invalid value: 4: spec.size in body should be less than or equal to 3']);
  expect(faults({ size: 4, color: 'red' }, { size: 4 })).toEqual([]);
});

test('rules compare with the value before, and wait until the value has its shape', () => {
  expect(faults({ size: 1, color: 'blue' }, { size: 1, color: 'red' })).toEqual(['spec.color: Invalid value: "blue": stays']);
  expect(faults({ color: 'blue' }, { size: 1, color: 'red' })).toEqual([
    'spec.size: Required value',
    expect.stringContaining('some validation rules were not checked'),
  ]);
});

test('a schema that is not structural, or whose rules do not compile, says where', () => {
  const broken: Schema = {
    type: 'object',
    properties: { a: {}, b: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self ==' }] } },
  };
  expect(structuralFaults(broken, 'schema').map(({ field }) => field)).toEqual([
    'schema.properties[a].type',
    'schema.properties[b].x-kubernetes-validations[0].rule',
  ]);
});
