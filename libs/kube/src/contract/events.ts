import { describe, expect, test } from '@jest/globals';
import { CORE } from '../core.ts';
import type { Event } from '../event.ts';
import type { World } from './world.ts';

export function eventStories(world: () => World): void {
  describe('events', () => {
    test('the same event is one object with a count, whoever records it', async () => {
      const { cluster, widgets, namespace, name } = world();
      const widget = await widgets.create({ metadata: { namespace, name: name() }, spec: {} });
      const said = { type: 'Warning', reason: 'TooSmall', message: 'it is too small' } as const;
      const recorder = cluster.events('contract');
      recorder.record(widget, said);
      recorder.record(widget, said);
      await recorder.flush();
      recorder.record(widget, said);
      recorder.record(widget, { ...said, reason: 'TooRed' });
      await recorder.flush();
      const another = cluster.events('contract');
      another.record(widget, said);
      await another.flush();
      const { items } = await cluster
        .resource<Event>(CORE.Event)
        .list({ namespace, fieldSelector: `involvedObject.uid=${widget.metadata.uid}` });
      expect(items.map(({ type, reason, message, count }) => ({ type, reason, message, count })).sort((a, b) => a.count - b.count)).toEqual(
        [
          { ...said, reason: 'TooRed', count: 1 },
          { ...said, count: 4 },
        ],
      );
      expect(items[0]?.involvedObject).toMatchObject({ kind: 'Widget', namespace, name: widget.metadata.name });
    });

    test('an event about a cluster-wide object stands in the namespace default', async () => {
      const { cluster } = world();
      const about = await cluster.resource(CORE.Namespace).get({ name: 'contract' });
      const recorder = cluster.events('contract');
      recorder.record(about as NonNullable<typeof about>, { type: 'Normal', reason: 'Seen', message: 'it was seen' });
      await recorder.flush();
      const { items } = await cluster
        .resource<Event>(CORE.Event)
        .list({ namespace: 'default', fieldSelector: `involvedObject.uid=${about?.metadata.uid}` });
      expect(items.map((event) => event.reason)).toEqual(['Seen']);
    });
  });
}
