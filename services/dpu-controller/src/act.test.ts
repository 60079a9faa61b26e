import type { Node } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { act } from './act.ts';
import type { Effect } from './lifecycle/outcome.ts';
import { TenantError } from './ports.ts';
import { dpu, node } from './test/builders.ts';
import type { World } from './world.ts';

describe('the effects of a decision', () => {
  const effects: Effect[] = [
    { do: 'submitReset', boot: 1 },
    { do: 'extendToken', attempt: 1 },
  ];
  const worldWith = (error: Error) => {
    const done: string[] = [];
    const world = {
      operations: { submit: (_: string, id: string) => Promise.resolve(void done.push(id)) },
      tenants: { extendToken: () => Promise.reject(error) },
      log: { warn: (_: object, message: string) => void done.push(message) },
    } as unknown as World;
    return { done, world };
  };
  test('a tenant that cannot be used holds up no reset and fails no look: its token is extended by a later one', async () => {
    const { done, world } = worldWith(new TenantError({ state: 'ClusterUnreachable', message: 'timeout' }));
    await act(world, dpu().object, undefined, effects);
    expect(done).toEqual(['reset.worker-1.1', expect.stringMatching(/not extended: timeout/)]);
  });
  test('what is no failure of the tenant is not hidden', async () => {
    await expect(act(worldWith(new TypeError('a bug')).world, dpu().object, undefined, effects)).rejects.toThrow('a bug');
  });
  test.each([
    ['is put back while the Dpu is as it was decided on', '10', [['dpu']]],
    ['is not put back on a Node that another worker has released since', '11', []],
  ])('a node effect that is gone %s', async (_, version, taints) => {
    const patched: string[][] = [];
    const world = {
      api: {
        dpus: { get: () => Promise.resolve(dpu().meta({ resourceVersion: version }).object) },
        nodes: {
          patch: (_: object, { spec }: Node) => Promise.resolve(void patched.push((spec?.taints ?? []).map(({ key }) => key))),
        },
      },
    } as unknown as World;
    await act(world, dpu().object, node().claimed().object, [{ do: 'hold', attempt: 1, again: true }]);
    expect(patched).toEqual(taints);
  });
});
