import { describe, expect, test } from '@jest/globals';
import type { Body, Client } from '../client.ts';
import { WIDGETS, fresh, widget } from '../server.ts';

/** managedFields without the times, by manager, operation and subresource. */
const owners = (object: Body): Record<string, Body> =>
  Object.fromEntries(
    ((object['metadata'].managedFields ?? []) as Body[]).map(({ manager, operation, subresource, fieldsV1 }) => [
      [manager, operation, subresource].filter(Boolean).join(' '),
      fieldsV1 as Body,
    ]),
  );

export function applyStories(client: () => Client): void {
  const apply = (name: string, manager: string, spec: Body, query = '', metadata: Body = {}) => {
    const { spec: _default, ...object } = widget(name, {}, metadata);
    return client().apply(`${WIDGETS}/${name}?fieldManager=${manager}${query}`, { ...object, spec });
  };

  describe('server-side apply', () => {
    test('creates what is not there, and then changes it; who applied what is written down', async () => {
      const name = fresh();
      const created = await apply(name, 'alice', { size: 3, tags: ['a'], parts: [{ name: 'p' }] }, '', { labels: { x: '1' } });
      expect(created.code).toBe(201);
      expect(created.body['spec']).toEqual({ size: 3, color: 'red', tags: ['a'], parts: [{ name: 'p', count: 1 }] });
      expect(owners(created.body)).toEqual({
        'alice Apply': {
          'f:metadata': { 'f:labels': { 'f:x': {} } },
          'f:spec': { 'f:size': {}, 'f:tags': { 'v:"a"': {} }, 'f:parts': { 'k:{"name":"p"}': { '.': {}, 'f:name': {} } } },
        },
      });
      const changed = await apply(name, 'alice', { size: 4 });
      expect(changed.body['message']).toBeUndefined();
      expect([changed.code, changed.body['metadata'].generation, changed.body['spec'].size]).toEqual([200, 2, 4]);
    });

    test('applying the same again makes no new version', async () => {
      const name = fresh();
      await apply(name, 'alice', { size: 3, tags: ['a'] });
      const before = await apply(name, 'alice', { size: 3, tags: ['a'] });
      expect((await apply(name, 'alice', { size: 3, tags: ['a'] })).body).toEqual(before.body);
    });

    test('another manager changing a field is a conflict, unless it forces; the same value is shared', async () => {
      const name = fresh();
      await apply(name, 'alice', { size: 3 });
      const { code, body } = await apply(name, 'bob', { size: 4 });
      expect([code, body['reason']]).toEqual([409, 'Conflict']);
      expect(body['message']).toBe('Apply failed with 1 conflict: conflict with "alice": .spec.size');
      expect(body['details'].causes).toEqual([{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.spec.size' }]);
      const shared = await apply(name, 'bob', { size: 3 });
      expect(Object.keys(owners(shared.body)).sort()).toEqual(['alice Apply', 'bob Apply']);
      const forced = await apply(name, 'bob', { size: 4 }, '&force=true');
      expect(owners(forced.body)).toEqual({ 'bob Apply': { 'f:spec': { 'f:size': {} } } });
    });

    test('what a manager leaves out goes, unless another owns it too', async () => {
      const name = fresh();
      await apply(name, 'alice', { size: 3, low: 1, tags: ['a', 'b'], parts: [{ name: 'p', count: 2 }, { name: 'q' }] });
      await apply(name, 'bob', { size: 3, tags: ['b'], parts: [{ name: 'q' }] });
      const { body } = await apply(name, 'alice', { size: 3 });
      expect(body['spec']).toEqual({ size: 3, color: 'red', tags: ['b'], parts: [{ name: 'q', count: 1 }] });
    });

    test('an update takes over what it changes, and applying over it is a conflict', async () => {
      const name = fresh();
      await apply(name, 'alice', { size: 3, name: 'abc' });
      const { body } = await client().merge(`${WIDGETS}/${name}?fieldManager=editor`, { spec: { size: 4 } });
      expect(owners(body)).toEqual({ 'alice Apply': { 'f:spec': { 'f:name': {} } }, 'editor Update': { 'f:spec': { 'f:size': {} } } });
      const conflict = await apply(name, 'alice', { size: 3, name: 'abc' });
      expect(conflict.body['message']).toMatch(
        /^Apply failed with 1 conflict: conflict with "editor" using example.com\/v1: \.spec\.size$/,
      );
    });

    test('items of a keyed list belong to their managers', async () => {
      const name = fresh();
      await apply(name, 'alice', { size: 3, parts: [{ name: 'p', count: 1 }] });
      const { body } = await apply(name, 'bob', { parts: [{ name: 'q', count: 2 }] });
      expect(body['spec'].parts).toEqual([
        { name: 'p', count: 1 },
        { name: 'q', count: 2 },
      ]);
      const gone = await apply(name, 'bob', { size: 3 });
      expect(gone.body['spec'].parts).toEqual([{ name: 'p', count: 1 }]);
    });

    test('status is applied through /status alone', async () => {
      const name = fresh();
      await apply(name, 'alice', { size: 3 });
      const status = { phase: 'A', conditions: [{ type: 'Ready', status: 'True' }] };
      const { body } = await client().apply(`${WIDGETS}/${name}/status?fieldManager=alice`, { ...widget(name), status });
      expect(body).toMatchObject({ metadata: { generation: 1 }, status });
      expect(owners(body)['alice Apply status']).toEqual({
        'f:status': { 'f:phase': {}, 'f:conditions': { 'k:{"type":"Ready"}': { '.': {}, 'f:type': {}, 'f:status': {} } } },
      });
      expect((await apply(name, 'alice', { size: 3 })).body['status']).toEqual(status);
      expect((await client().apply(`${WIDGETS}/none/status?fieldManager=alice`, { ...widget('none'), status })).code).toBe(404);
    });

    test.each([
      ['no field manager', '', {}, 422],
      ['managedFields', '?fieldManager=a', { managedFields: [{ manager: 'x' }] }, 400],
      ['another name', '?fieldManager=a', { name: 'other' }, 400],
    ])('an apply with %s is refused', async (_what, query, metadata, code) => {
      const name = fresh();
      expect((await client().apply(`${WIDGETS}/${name}${query}`, widget(name, {}, metadata))).code).toBe(code);
    });

    test('an apply with a resourceVersion that is not the present one is a conflict', async () => {
      const name = fresh();
      const { body } = await apply(name, 'alice', { size: 3 });
      const { resourceVersion } = body['metadata'];
      expect((await apply(name, 'alice', { size: 4 }, '', { resourceVersion })).code).toBe(200);
      expect((await apply(name, 'alice', { size: 5 }, '', { resourceVersion })).code).toBe(409);
    });

    test('an apply with a uid creates nothing', async () => {
      expect((await apply(fresh(), 'alice', { size: 3 }, '', { uid: 'of-another' })).body).toMatchObject({ code: 409 });
    });

    test('managedFields can be erased', async () => {
      const name = fresh();
      await apply(name, 'alice', { size: 3 });
      const { body } = await client().call(
        'PATCH',
        `${WIDGETS}/${name}`,
        [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }],
        {
          type: 'application/json-patch+json',
        },
      );
      expect(owners(body)).toEqual({});
    });

    test('a Node: labels, annotations and taints of several managers', async () => {
      const name = fresh('node');
      const node = (more: Body) => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, ...more['metadata'] },
        ...(more['spec'] && { spec: more['spec'] }),
      });
      await client().post('/api/v1/nodes?fieldManager=kubelet', node({ metadata: { labels: { a: '1' } } }));
      const path = `/api/v1/nodes/${name}?fieldManager=dpf`;
      const { body } = await client().apply(
        path,
        node({ metadata: { labels: { b: '2' } }, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
      );
      expect(body).toMatchObject({ metadata: { labels: { a: '1', b: '2' } }, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
      expect(owners(body)['dpf Apply']).toEqual({ 'f:metadata': { 'f:labels': { 'f:b': {} } }, 'f:spec': { 'f:taints': {} } });
      const gone = await client().apply(path, node({ metadata: {} }));
      expect(gone.body['metadata'].labels).not.toHaveProperty('b');
      expect(gone.body['spec'] ?? {}).not.toHaveProperty('taints');
    });
  });
}
