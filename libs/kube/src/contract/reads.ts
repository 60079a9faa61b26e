import { describe, expect, test } from '@jest/globals';
import { isNotFound } from '../api-error.ts';
import { CORE } from '../core.ts';
import type { World } from './world.ts';

export function readStories(world: () => World): void {
  describe('reading', () => {
    test('the server says its version', async () => {
      expect((await world().cluster.version()).gitVersion).toMatch(/^v1\.\d+/);
    });

    test('an object that is not there is undefined', async () => {
      const { widgets, namespace } = world();
      expect(await widgets.get({ namespace, name: 'nobody' })).toBeUndefined();
    });

    test('a kind that is not served is an error, not an absent object', async () => {
      const { cluster, namespace } = world();
      const ghosts = cluster.resource({ apiVersion: 'ghost.example/v1', kind: 'Ghost', plural: 'ghosts', namespaced: true });
      await expect(ghosts.get({ namespace, name: 'casper' })).rejects.toThrow(/cannot get Ghost contract\/casper: 404/);
      expect(isNotFound(await ghosts.delete({ namespace, name: 'casper' }).catch((error: unknown) => error))).toBe(true);
    });

    test('a list in pages is whole, in one version, and its items say what they are', async () => {
      const { widgets, namespace, requests, name } = world();
      const run = name('run');
      for (let i = 0; i < 5; i++) await widgets.create({ metadata: { namespace, name: `${run}-${i}`, labels: { run } }, spec: {} });
      requests.length = 0;
      const { items, resourceVersion } = await widgets.list({ namespace, labelSelector: `run=${run}`, limit: 2 });
      expect(items.map((item) => item.metadata.name)).toEqual([0, 1, 2, 3, 4].map((i) => `${run}-${i}`));
      expect(resourceVersion).toMatch(/^\d+$/);
      expect(items[0]).toMatchObject({ apiVersion: 'contract.dpf.example/v1', kind: 'Widget' });
      expect(requests).toHaveLength(3);
      expect(requests[0]).toMatchObject({ verb: 'list', kind: 'Widget', code: 200 });
    });

    test('a field selector finds an object by its name', async () => {
      const { cluster } = world();
      const { items } = await cluster.resource(CORE.Namespace).list({ fieldSelector: 'metadata.name=contract' });
      expect(items.map((item) => [item.kind, item.metadata.name])).toEqual([['Namespace', 'contract']]);
    });

    test('a set-based label selector is understood', async () => {
      const { widgets, namespace, name } = world();
      const run = name('run');
      for (const color of ['red', 'green', 'blue'])
        await widgets.create({ metadata: { namespace, name: `${run}-${color}`, labels: { run, color } }, spec: {} });
      const { items } = await widgets.list({ namespace, labelSelector: `run=${run},color in (red,blue),!absent` });
      expect(items.map((item) => item.metadata.labels?.['color']).sort()).toEqual(['blue', 'red']);
    });

    test('a caller that gave up gets its own reason', async () => {
      const { widgets, namespace } = world();
      const gaveUp = new Error('no longer interested');
      await expect(widgets.get({ namespace, name: 'x' }, { signal: AbortSignal.abort(gaveUp) })).rejects.toBe(gaveUp);
    });
  });
}
