import { describe, expect, test } from '@jest/globals';
import type { StoreEvent } from '../ports.ts';
import { eventually, WIDGET, type Widget, type World } from './world.ts';

type Seen = [type: string, name: string, size: number | undefined];
const seenOf = ({ type, object }: StoreEvent<Widget>): Seen => [type, object.metadata.name, object.spec.size];

export function reflectorStories(world: () => World): void {
  describe('reflecting', () => {
    test('the store follows every change, in order, and leaves managedFields out', async () => {
      const { cluster, widgets, namespace, name } = world();
      const run = name('run');
      const metadata = (suffix: string) => ({ namespace, name: `${run}-${suffix}`, labels: { run } });
      await widgets.create({ metadata: metadata('a'), spec: {} });
      const reflector = cluster.reflect<Widget>(WIDGET, {
        namespace,
        labelSelector: `run=${run}`,
        indexes: { size: (widget) => [String(widget.spec.size)] },
        transform: (widget) => ({ ...widget, spec: { size: widget.spec.size as number } }),
      });
      const seen: Seen[] = [];
      reflector.onEvent((event) => seen.push(seenOf(event)));
      reflector.start();
      await reflector.synced(AbortSignal.timeout(5_000));
      expect(reflector.hasSynced).toBe(true);
      expect(reflector.store.list().map((widget) => widget.metadata.name)).toEqual([`${run}-a`]);

      await widgets.create({ metadata: metadata('b'), spec: { size: 2, note: 'dropped' } });
      await widgets.patch(metadata('b'), { spec: { size: 3 } });
      await widgets.patch(metadata('a'), { metadata: { labels: { run: null } } });
      await widgets.delete(metadata('b'));
      await eventually('both objects are gone from the store', () => reflector.store.size === 0);
      expect(seen).toEqual([
        ['added', `${run}-a`, 1],
        ['added', `${run}-b`, 2],
        ['updated', `${run}-b`, 3],
        ['deleted', `${run}-a`, 1],
        ['deleted', `${run}-b`, 3],
      ]);
      expect(reflector.store.byIndex('size', '3')).toEqual([]);
      await reflector.stop();
    });

    test('objects are found by name and by index, and hold what was not transformed away', async () => {
      const { cluster, widgets, namespace, name } = world();
      const made = await widgets.create({ metadata: { namespace, name: name() }, spec: { color: 'violet' } });
      const reflector = cluster.reflect<Widget>(WIDGET, { indexes: { color: (widget) => (widget.spec.color ? [widget.spec.color] : []) } });
      reflector.start();
      await reflector.synced();
      const found = reflector.store.byIndex('color', 'violet');
      expect(found.map((widget) => widget.metadata.uid)).toEqual([made.metadata.uid]);
      expect(found[0]).toBe(reflector.store.get({ namespace, name: made.metadata.name }));
      expect(found[0]?.metadata).not.toHaveProperty('managedFields');
      await reflector.stop();
    });

    test('when the server ends a watch it goes on from where it was, without a list', async () => {
      const { cluster, requests } = await world().connect({ watchMs: [1_000, 1_000] });
      const { widgets, namespace, name } = world();
      const run = name('run');
      const reflector = cluster.reflect<Widget>(WIDGET, { namespace, labelSelector: `run=${run}` });
      const seen: Seen[] = [];
      reflector.onEvent((event) => seen.push(seenOf(event)));
      reflector.start();
      await reflector.synced();
      const watches = () => requests.filter((request) => request.verb === 'watch').length;
      await eventually('the first watch is open', () => watches() === 1);
      await widgets.create({ metadata: { namespace, name: run, labels: { run } }, spec: {} });
      await eventually('a third watch is open', () => watches() === 3);
      await widgets.patch({ namespace, name: run }, { spec: { size: 2 } });
      await eventually('the change was seen', () => seen.length === 2);
      expect(seen).toEqual([
        ['added', run, 1],
        ['updated', run, 2],
      ]);
      expect(requests.filter((request) => request.verb === 'list')).toHaveLength(1);
      await cluster.close();
    });

    test('a list of many pages is in the store whole', async () => {
      const { widgets, namespace, name } = world();
      const run = name('run');
      await Promise.all(
        Array.from({ length: 12 }, (_, i) => widgets.create({ metadata: { namespace, name: `${run}-${i}`, labels: { run } }, spec: {} })),
      );
      const { cluster, requests } = await world().connect({ pageSize: 5 });
      const reflector = cluster.reflect<Widget>(WIDGET, { namespace, labelSelector: `run=${run}` });
      reflector.start();
      await reflector.synced();
      expect(reflector.store.size).toBe(12);
      expect(requests.filter((request) => request.verb === 'list')).toHaveLength(3);
      await cluster.close();
    });
  });
}
