import { describe, expect, test } from '@jest/globals';
import type { DPUFlavorSpec } from '@dpf/api';
import { BfCfgError, flavorHash, references } from './index.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const FLAVOR: DPUFlavorSpec = {
  sysctl: { parameters: ['a=1', 'b=2'] },
  configFiles: [
    { path: '/a', operation: 'override', secretRef: { name: 'tls', key: 'k' } },
    { path: '/b', operation: 'append', configMapRef: { name: 'tls', key: 'k' } },
    { path: '/c', operation: 'override', secretRef: { name: 'tls', key: 'k' } },
  ],
  passwordSecretRef: { name: 'pw', key: 'hash' },
};
const VALUES = new Map([
  ['Secret/tls/k', bytes('1')],
  ['ConfigMap/tls/k', bytes('2')],
  ['Secret/pw/hash', bytes('3')],
]);

test('what a flavor refers to is named once', () => {
  expect(references(FLAVOR)).toEqual([
    { kind: 'Secret', name: 'tls', key: 'k' },
    { kind: 'ConfigMap', name: 'tls', key: 'k' },
    { kind: 'Secret', name: 'pw', key: 'hash' },
  ]);
});

describe('the hash of a flavor', () => {
  const hash = flavorHash(FLAVOR, VALUES);
  test('is 64 hex digits', () => {
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
  test('does not change with the order of keys, nor with values that are not referred to', () => {
    const reordered = Object.fromEntries(Object.entries(FLAVOR).reverse()) as DPUFlavorSpec;
    expect(flavorHash(reordered, new Map([['Secret/other/k', bytes('4')], ...VALUES]))).toBe(hash);
  });
  test('changes with the order of parameters, which matters', () => {
    expect(flavorHash({ ...FLAVOR, sysctl: { parameters: ['b=2', 'a=1'] } }, VALUES)).not.toBe(hash);
  });
  test.each([...VALUES.keys()])('changes when %s does', (key) => {
    expect(flavorHash(FLAVOR, new Map([...VALUES, [key, bytes('changed')]]))).not.toBe(hash);
  });
  test('cannot be told while something is missing', () => {
    expect(() => flavorHash(FLAVOR, new Map())).toThrow(BfCfgError);
  });
});
