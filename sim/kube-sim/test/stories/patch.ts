import { describe, expect, test } from '@jest/globals';
import type { Body, Client } from '../client.ts';
import { WIDGETS, fresh, widget } from '../server.ts';

export function patchStories(client: () => Client): void {
  const made = async (spec: Body = {}, metadata: Body = {}) => {
    const name = fresh();
    const { body } = await client().post(WIDGETS, widget(name, spec, metadata));
    return { path: `${WIDGETS}/${name}`, body };
  };

  describe('patches', () => {
    test('a merge patch sets, replaces lists and removes with null', async () => {
      const { path } = await made({ name: 'abc', tags: ['a', 'b'] }, { labels: { x: '1', y: '2' } });
      const { body } = await client().merge(path, { metadata: { labels: { x: null } }, spec: { tags: ['c'], low: 1 } });
      expect(body).toMatchObject({ metadata: { labels: { y: '2' }, generation: 2 }, spec: { tags: ['c'], low: 1, name: 'abc' } });
      expect(body['metadata'].labels).toEqual({ y: '2' });
    });

    test('labels and annotations do not change the generation', async () => {
      const { path } = await made();
      expect((await client().merge(path, { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } })).body).toMatchObject({
        metadata: { generation: 1 },
      });
    });

    test('a merge patch with a resourceVersion is a compare-and-swap', async () => {
      const { path, body } = await made();
      const { resourceVersion } = body['metadata'];
      expect((await client().merge(path, { metadata: { resourceVersion }, spec: { size: 4 } })).code).toBe(200);
      expect((await client().merge(path, { metadata: { resourceVersion }, spec: { size: 5 } })).body).toMatchObject({
        code: 409,
        reason: 'Conflict',
      });
    });

    test('another uid or name in a patch is refused', async () => {
      const { path } = await made();
      const { body } = await client().merge(path, { metadata: { uid: 'other' } });
      expect([body['code'], body['details'].causes[0].field]).toEqual([422, 'metadata.uid']);
      expect((await client().merge(path, { metadata: { name: 'other' } })).body).toMatchObject({ code: 400 });
    });

    test('a JSON patch tests, adds, replaces and removes; one that cannot be applied is Invalid', async () => {
      const { path } = await made({ tags: ['a'] });
      const json = (operations: unknown) => client().call('PATCH', path, operations, { type: 'application/json-patch+json' });
      const { body } = await json([
        { op: 'test', path: '/spec/size', value: 3 },
        { op: 'replace', path: '/spec/size', value: 4 },
        { op: 'add', path: '/spec/tags/-', value: 'b' },
        { op: 'add', path: '/metadata/annotations', value: { 'a/b': 'c' } },
        { op: 'remove', path: '/spec/color' },
      ]);
      expect(body).toMatchObject({ metadata: { annotations: { 'a/b': 'c' } }, spec: { size: 4, tags: ['a', 'b'], color: 'red' } });
      expect((await json([{ op: 'test', path: '/spec/size', value: 99 }])).body).toMatchObject({ code: 422, reason: 'Invalid' });
      expect((await json([{ op: 'replace', path: '/spec/nope/x', value: 1 }])).body).toMatchObject({ code: 422, reason: 'Invalid' });
    });

    test.each(['application/strategic-merge-patch+json', 'application/json'])('%s is no patch for a custom resource', async (type) => {
      const { path } = await made();
      const { code, body } = await client().call('PATCH', path, { spec: { size: 4 } }, { type });
      expect([code, body['reason']]).toEqual([415, 'UnsupportedMediaType']);
    });

    test('a patch of what is not there is NotFound', async () => {
      expect((await client().merge(`${WIDGETS}/none`, {})).body).toMatchObject({ code: 404 });
    });
  });

  describe('strategic merge patch of a Node', () => {
    const strategic = (path: string, body: unknown) =>
      client().call('PATCH', path, body, { type: 'application/strategic-merge-patch+json' });
    const node = async (spec: Body = {}) => {
      const name = fresh('node');
      await client().post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, finalizers: ['a/b'] }, spec });
      return `/api/v1/nodes/${name}`;
    };
    const a = { key: 'a', value: '1', effect: 'NoSchedule' };
    const b = { key: 'b', value: '2', effect: 'NoExecute' };

    test('taints are replaced as a whole', async () => {
      const path = await node({ taints: [a] });
      expect((await strategic(path, { spec: { taints: [b] } })).body['spec'].taints).toEqual([b]);
    });

    test('addresses are merged by type; $patch: delete removes one, $patch: replace replaces the list', async () => {
      const path = `${await node()}/status`;
      const addresses = async (list: Body[]) => {
        const { body } = await strategic(path, { status: { addresses: list } });
        return Object.fromEntries((body['status'].addresses as Body[]).map(({ type, address }) => [type, address]));
      };
      await addresses([{ type: 'InternalIP', address: '1' }]);
      expect(await addresses([{ type: 'Hostname', address: 'h' }])).toEqual({ InternalIP: '1', Hostname: 'h' });
      expect(await addresses([{ type: 'Hostname', address: 'i' }])).toEqual({ InternalIP: '1', Hostname: 'i' });
      expect(await addresses([{ $patch: 'delete', type: 'InternalIP' }])).toEqual({ Hostname: 'i' });
      expect(await addresses([{ $patch: 'replace' }, { type: 'InternalIP', address: '2' }])).toEqual({ InternalIP: '2' });
    });

    test('finalizers are merged as a set; $deleteFromPrimitiveList takes out', async () => {
      const path = await node();
      expect((await strategic(path, { metadata: { finalizers: ['c/d'] } })).body['metadata'].finalizers).toEqual(
        expect.arrayContaining(['a/b', 'c/d']),
      );
      const { body } = await strategic(path, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/b'] } });
      expect(body['metadata'].finalizers).toEqual(['c/d']);
    });

    test('conditions of the status are merged by type; the main resource does not change them', async () => {
      const path = await node();
      const condition = (type: string, status: string) => ({ type, status, reason: 'R', message: 'm' });
      await strategic(`${path}/status`, { status: { conditions: [condition('Ready', 'True'), condition('Other', 'True')] } });
      const { body } = await strategic(`${path}/status`, { status: { conditions: [condition('Ready', 'False')] } });
      expect(body['status'].conditions).toEqual(
        expect.arrayContaining([expect.objectContaining(condition('Ready', 'False')), expect.objectContaining(condition('Other', 'True'))]),
      );
      const main = await strategic(path, { status: { conditions: [condition('Ready', 'Unknown')] } });
      expect(main.body['status'].conditions).toEqual(body['status'].conditions);
    });
  });
}
