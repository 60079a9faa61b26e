import { describe, expect, test } from '@jest/globals';
import { nodeKey, operationId, parseOperationId, parseWakeUpKey, wakeUpKey } from './index.ts';

describe('keys that come out of Redis are taken apart strictly', () => {
  test.each([
    wakeUpKey('dpu', 'ns', 'worker-1-0000-4b-00'),
    wakeUpKey('bfb', 'ns', 'doca-24.04'),
    wakeUpKey('dpuset', 'ns', 'a'),
    nodeKey('worker-1.example.org'),
  ])('%s survives the round trip', (key) => {
    const parsed = parseWakeUpKey(key);
    expect(parsed && (parsed.kind === 'node' ? nodeKey(parsed.name) : wakeUpKey(parsed.kind, parsed.namespace, parsed.name))).toBe(key);
  });
  test.each(['', 'dpu', 'dpu/ns', 'dpu/ns/a/b', 'secret/ns/a', 'dpu/ns/../x', 'dpu/NS/a', 'node/', 'node/a/b', 'dpu//a', 'dpu/ns/a\n'])(
    '%j is refused',
    (key) => {
      expect(parseWakeUpKey(key)).toBeUndefined();
    },
  );
});

describe('operation ids', () => {
  test.each([
    { kind: 'install', uid: '3c0d5a3e-0d0a-4f0e-9c57-0f6f3f6f2d11', attempt: 7 },
    { kind: 'reset', node: 'worker-1.example.org', boot: 3 },
  ] as const)('%j survives the round trip', (ref) => {
    expect(parseOperationId(operationId(ref))).toEqual(ref);
  });
  test.each(['', 'install', 'install.x', 'install.x.', 'format.x.1', 'install.x.1x', 'install.../etc.1', 'install.X.1'])(
    '%j is refused',
    (id) => {
      expect(parseOperationId(id)).toBeUndefined();
    },
  );
});
