import { describe, expect, test } from '@jest/globals';
import { act } from './act.ts';
import type { Effect } from './lifecycle/outcome.ts';
import { TenantError } from './ports.ts';
import { dpu } from './test/builders.ts';
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
});
