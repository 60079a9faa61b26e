import { describe, expect, test } from '@jest/globals';
import type { Client } from '../client.ts';
import { WIDGETS, fresh, widget } from '../server.ts';

export function crudStories(client: () => Client): void {
  describe('create, read, replace', () => {
    test('a new object gets uid, version, generation and time; a status that it brings is dropped', async () => {
      const name = fresh();
      const { code, body } = await client().post(WIDGETS, { ...widget(name), status: { phase: 'A' } });
      expect(code).toBe(201);
      expect(body).toMatchObject({ metadata: { name, namespace: 'default', generation: 1 }, spec: { size: 3, color: 'red' } });
      expect(body['metadata'].uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(body['metadata'].creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(body).not.toHaveProperty('status');
      expect((await client().get(`${WIDGETS}/${name}`)).body).toEqual(body);
    });

    test('the same name twice is AlreadyExists', async () => {
      const name = fresh();
      await client().post(WIDGETS, widget(name));
      const { code, body } = await client().post(WIDGETS, widget(name));
      expect(code).toBe(409);
      expect(body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `widgets.example.com "${name}" already exists`,
        reason: 'AlreadyExists',
        details: { name, group: 'example.com', kind: 'widgets' },
        code: 409,
      });
    });

    test('generateName makes a name', async () => {
      const { body } = await client().post(WIDGETS, { ...widget(''), metadata: { generateName: 'gen-' } });
      expect(body['metadata'].name).toMatch(/^gen-[a-z0-9]{5}$/);
    });

    test.each([
      ['no kind', {}, 400, 'BadRequest'],
      ['another version', { ...widget('x'), apiVersion: 'example.com/v2' }, 400, 'BadRequest'],
      ['another namespace', widget('x', {}, { namespace: 'other' }), 400, 'BadRequest'],
      ['no name', { ...widget(''), metadata: {} }, 422, 'Invalid'],
      ['a bad name', widget('Bad_Name'), 422, 'Invalid'],
      ['a bad label', widget('x', {}, { labels: { 'a b': 'c' } }), 422, 'Invalid'],
      ['text instead of an object', '{bad', 400, 'BadRequest'],
      ['a resourceVersion', widget('x', {}, { resourceVersion: '1' }), 500, undefined],
    ])('an object with %s is refused', async (_what, object, code, reason) => {
      const answer = await client().post(WIDGETS, object);
      expect({ code: answer.code, reason: answer.body['reason'] }).toEqual({ code, reason });
    });

    test('nothing is created in a namespace that is not there', async () => {
      const { code, body } = await client().post('/apis/example.com/v1/namespaces/none/widgets', widget('x'));
      expect(code).toBe(404);
      expect(body['message']).toBe('namespaces "none" not found');
    });

    test('what is not there is NotFound, what is no resource is a plain 404', async () => {
      const { code, body } = await client().get(`${WIDGETS}/none`);
      expect([code, body['reason'], body['details']]).toEqual([404, 'NotFound', { name: 'none', group: 'example.com', kind: 'widgets' }]);
      expect(await client().get('/apis/example.com/v1/namespaces/default/gadgets')).toMatchObject({
        code: 404,
        text: '404 page not found\n',
      });
    });

    test('PUT needs the present resourceVersion, and keeps uid, creation time and status', async () => {
      const name = fresh();
      const path = `${WIDGETS}/${name}`;
      const first = (await client().post(WIDGETS, widget(name))).body;
      await client().merge(`${path}/status`, { status: { phase: 'A' } });
      expect((await client().put(path, first)).body).toMatchObject({ reason: 'Conflict', code: 409 });
      const unversioned = await client().put(path, widget(name));
      expect(unversioned.body).toMatchObject({ reason: 'Invalid', code: 422, details: { kind: 'widgets' } });
      const now = (await client().get(path)).body;
      const { resourceVersion } = now['metadata'];
      const { code, body } = await client().put(path, { ...widget(name, { size: 4 }, { resourceVersion }), status: { phase: 'B' } });
      expect(code).toBe(200);
      expect(body).toMatchObject({ metadata: { uid: first['metadata'].uid, generation: 2 }, spec: { size: 4 }, status: { phase: 'A' } });
      expect(Number(body['metadata'].resourceVersion)).toBeGreaterThan(Number(resourceVersion));
    });

    test('a PUT with another uid is a conflict', async () => {
      const name = fresh();
      const { body } = await client().post(WIDGETS, widget(name));
      const answer = await client().put(`${WIDGETS}/${name}`, { ...body, metadata: { ...body['metadata'], uid: 'another' } });
      expect(answer.body).toMatchObject({ code: 409, reason: 'Conflict' });
      expect(answer.body['message']).toContain('Precondition failed: UID in precondition: another');
    });

    test('a write that changes nothing makes no new version', async () => {
      const name = fresh();
      const { body } = await client().post(WIDGETS, widget(name, { parts: [{ name: 'a' }] }));
      expect((await client().put(`${WIDGETS}/${name}`, body)).body).toEqual(body);
      expect((await client().merge(`${WIDGETS}/${name}`, { spec: { size: 3 } })).body).toEqual(body);
      // The default of the item's count comes back: the list is what it was.
      expect((await client().merge(`${WIDGETS}/${name}`, { spec: { parts: [{ name: 'a' }] } })).body).toEqual(body);
    });

    test('dryRun checks everything and stores nothing', async () => {
      const name = fresh();
      expect((await client().post(`${WIDGETS}?dryRun=All`, widget(name))).code).toBe(201);
      expect((await client().get(`${WIDGETS}/${name}`)).code).toBe(404);
      expect((await client().post(`${WIDGETS}?dryRun=All`, widget(name, { size: 0 }))).code).toBe(422);
      const { body } = await client().post(WIDGETS, widget(name));
      const tried = await client().call('DELETE', `${WIDGETS}/${name}?dryRun=All`);
      expect(tried.code).toBe(200);
      expect((await client().get(`${WIDGETS}/${name}`)).body).toEqual(body);
    });

    test('fieldValidation=Strict names the unknown fields; without it they are dropped', async () => {
      const strange = { ...widget(fresh(), { foo: 1, parts: [{ name: 'a', bar: 1 }] }), x: 1 };
      const { code, body } = await client().post(`${WIDGETS}?fieldValidation=Strict`, strange);
      expect(code).toBe(400);
      expect(body['message']).toBe(
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.foo", unknown field "spec.parts[0].bar", unknown field "x"',
      );
      const kept = (await client().post(WIDGETS, strange)).body;
      expect(kept['spec']).toEqual({ color: 'red', parts: [{ count: 1, name: 'a' }], size: 3 });
      expect(kept).not.toHaveProperty('x');
    });
  });

  describe('status subresource', () => {
    test('/status changes the status alone; its version goes up, its generation does not', async () => {
      const name = fresh();
      const created = (await client().post(WIDGETS, widget(name))).body;
      const { body } = await client().merge(`${WIDGETS}/${name}/status`, {
        metadata: { labels: { a: 'b' } },
        spec: { size: 9 },
        status: { phase: 'A' },
      });
      expect(body).toMatchObject({ metadata: { generation: 1 }, spec: { size: 3 }, status: { phase: 'A' } });
      expect(body['metadata'].labels).toBeUndefined();
      expect(body['metadata'].resourceVersion).not.toBe(created['metadata'].resourceVersion);
    });

    test('/status is checked against the schema and against the version', async () => {
      const name = fresh();
      const created = (await client().post(WIDGETS, widget(name))).body;
      const path = `${WIDGETS}/${name}/status`;
      expect((await client().merge(path, { status: { phase: 'C' } })).body).toMatchObject({
        code: 422,
        details: { causes: [{ field: 'status.phase' }, {}] },
      });
      await client().merge(path, { status: { phase: 'A' } });
      expect((await client().put(path, { ...created, status: { phase: 'B' } })).body).toMatchObject({ code: 409 });
      const { resourceVersion } = created['metadata'];
      expect((await client().merge(path, { metadata: { resourceVersion }, status: { phase: 'B' } })).body).toMatchObject({ code: 409 });
    });

    test('the main resource ignores status, also in a patch', async () => {
      const name = fresh();
      const { body } = await client().post(WIDGETS, widget(name));
      expect((await client().merge(`${WIDGETS}/${name}`, { status: { phase: 'A' } })).body).toEqual(body);
    });
  });
}
