import { describe, expect, test } from '@jest/globals';
import type { Body, Client } from '../client.ts';
import { WIDGETS, fresh, widget } from '../server.ts';

export function deletionStories(client: () => Client): void {
  const made = async (metadata: Body = {}) => {
    const name = fresh();
    const { body } = await client().post(WIDGETS, widget(name, {}, metadata));
    return { name, path: `${WIDGETS}/${name}`, body };
  };

  describe('deletion', () => {
    test('an object goes at once, and the answer says which', async () => {
      const { name, path, body } = await made();
      const answer = await client().remove(path);
      expect(answer.code).toBe(200);
      expect(answer.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name, group: 'example.com', kind: 'widgets', uid: body['metadata'].uid },
      });
      expect((await client().remove(path)).code).toBe(404);
    });

    test('a finalizer holds it: deletionTimestamp stands, generation goes up, and it goes with the last finalizer', async () => {
      const { path } = await made({ finalizers: ['a.b/c', 'd.e/f'] });
      const marked = (await client().remove(path)).body;
      expect(marked).toMatchObject({ kind: 'Widget', metadata: { generation: 2, deletionGracePeriodSeconds: 0 } });
      expect(marked['metadata'].deletionTimestamp).toMatch(/Z$/);
      expect((await client().remove(path)).body).toEqual(marked);
      expect((await client().merge(path, { metadata: { finalizers: ['a.b/c', 'x.y/z'] } })).body).toMatchObject({ code: 422 });
      expect((await client().merge(path, { metadata: { finalizers: ['a.b/c'] } })).code).toBe(200);
      const last = await client().merge(path, { metadata: { finalizers: null } });
      expect(last.code).toBe(200);
      expect((await client().get(path)).code).toBe(404);
    });

    test('a new object cannot bring a deletionTimestamp', async () => {
      const { body } = await made({ deletionTimestamp: '2020-01-01T00:00:00Z', finalizers: ['a.b/c'] });
      expect(body['metadata']).not.toHaveProperty('deletionTimestamp');
    });

    test('preconditions: another uid or version is a conflict, the present ones are not', async () => {
      const { path, body } = await made();
      const { uid, resourceVersion } = body['metadata'];
      const wrongUid = await client().remove(path, { preconditions: { uid: 'other' } });
      expect(wrongUid.body).toMatchObject({ code: 409, reason: 'Conflict' });
      expect(wrongUid.body['message']).toContain('the UID in the precondition (other) does not match the UID in record');
      expect((await client().remove(path, { preconditions: { resourceVersion: '1' } })).body).toMatchObject({ code: 409 });
      expect((await client().remove(path, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } })).code).toBe(
        200,
      );
    });

    test('propagation Orphan and Foreground leave their finalizer for the garbage collector', async () => {
      for (const [policy, finalizer] of [
        ['Orphan', 'orphan'],
        ['Foreground', 'foregroundDeletion'],
      ] as const) {
        const { path } = await made({ finalizers: ['a.b/c'] });
        const { body } = await client().remove(path, { propagationPolicy: policy });
        expect(body['metadata'].finalizers).toEqual(expect.arrayContaining(['a.b/c', finalizer]));
      }
      const { path } = await made();
      expect((await client().remove(path, { propagationPolicy: 'Sideways' })).code).toBe(422);
    });

    test('a collection is deleted by its selector', async () => {
      await made({ labels: { batch: 'one' } });
      await made({ labels: { batch: 'one' } });
      const other = await made({ labels: { batch: 'two' } });
      const { code, body } = await client().remove(`${WIDGETS}?labelSelector=batch%3Done`);
      expect(code).toBe(200);
      expect((body['items'] as Body[]).length).toBe(2);
      expect((await client().get(`${WIDGETS}?labelSelector=batch`)).body['items'].map(({ metadata }: Body) => metadata.name)).toEqual([
        other.name,
      ]);
    });

    test('a Pod on a node is given its grace, one on none goes at once, and grace 0 does not wait', async () => {
      const pod = async (nodeName?: string) => {
        const name = fresh('pod');
        const spec = { containers: [{ name: 'c', image: 'i' }], terminationGracePeriodSeconds: 7, ...(nodeName && { nodeName }) };
        await client().post('/api/v1/namespaces/default/pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
        return `/api/v1/namespaces/default/pods/${name}`;
      };
      expect((await client().remove(await pod())).body).toMatchObject({ kind: 'Pod' });
      expect((await client().remove(await pod('n1'))).body).toMatchObject({ metadata: { deletionGracePeriodSeconds: 7 } });
      const path = await pod('n1');
      expect((await client().remove(path, { gracePeriodSeconds: 0 })).code).toBe(200);
      expect((await client().get(path)).code).toBe(404);
    });
  });
}
