import type { DPUFlavorSpec } from '@dpf/api';
import { ApiError } from '@dpf/kube';
import { expect, test } from '@jest/globals';
import { readValues } from './flavor-inputs.ts';
import type { World } from './world.ts';

test('what dpu-controller may not read counts as missing, whatever else fails is an error', async () => {
  const flavor: DPUFlavorSpec = { passwordSecretRef: { name: 'login', key: 'hash' } };
  const answering = (code: number) =>
    ({
      api: { secrets: { get: () => Promise.reject(new ApiError({ code, reason: 'Status', message: `answered ${code}` })) } },
    }) as unknown as World;
  expect(await readValues(answering(403), 'dpf-provisioning', flavor)).toEqual(new Map());
  await expect(readValues(answering(500), 'dpf-provisioning', flavor)).rejects.toThrow('answered 500');
});
