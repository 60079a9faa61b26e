/** What each fault does to a bare HTTP client. */
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { clientOf, type Answer, type Body, type Client } from '../../kube-sim/test/client.ts';
import type { FaultSpec } from '../src/index.ts';
import { everywhere, type Place } from './servers.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let number = 0;
const fresh = () => `map-${++number}`;
const map = (name: string): Body => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });

everywhere('on', (start) => {
  let place: Place;
  let client: Client;
  beforeAll(async () => {
    place = await start();
    client = clientOf(place.kubeconfig);
  }, 60_000);
  afterAll(async () => {
    client.close();
    await place.close();
  });
  afterEach(async () => {
    place.faults.clear();
    while (place.faults.openWatches > 0) await setImmediate();
  });

  const exists = async (name: string) => (await client.get(`${MAPS}/${name}`)).code === 200;
  const version = async () => (await client.get(MAPS)).body['metadata'].resourceVersion as string;
  const watch = async () => client.watch(`${MAPS}?watch=1&resourceVersion=${await version()}`);
  const create = (name: string): Promise<Answer | 'reset'> => client.post(MAPS, map(name)).catch(() => 'reset' as const);

  type Row = [fault: FaultSpec, told: object | 'reset', done: boolean];
  const rows: Row[] = [
    [
      { kind: 'throttle', retryAfterSeconds: 3 },
      { code: 429, headers: { 'retry-after': '3' }, body: { kind: 'Status', reason: 'TooManyRequests' } },
      false,
    ],
    [{ kind: 'unavailable' }, { code: 503, body: { reason: 'ServiceUnavailable' } }, false],
    [{ kind: 'reset' }, 'reset', false],
    [{ kind: 'errorAfterWrite' }, { code: 500, body: { kind: 'Status', reason: 'InternalError' } }, true],
    [{ kind: 'resetAfterWrite' }, 'reset', true],
    [{ kind: 'latency', milliseconds: 1 }, { code: 201 }, true],
  ];
  test.each(rows)('%j on a create', async (fault, told, done) => {
    const name = fresh();
    await place.faults.add({ ...fault, id: 'it', count: 1, match: { verbs: ['create'], resources: ['configmaps'] } });
    const answer = await create(name);
    if (told === 'reset') expect(answer).toBe('reset');
    else expect(answer).toMatchObject(told);
    expect(await exists(name)).toBe(done);
    expect(place.faults.list()).toMatchObject([{ id: 'it', dealt: 1, active: false }]);
    expect((await create(fresh())) as Answer).toMatchObject({ code: 201 });
  });

  test('latency: an answer takes that much longer', async () => {
    await place.faults.add({ kind: 'latency', milliseconds: 80 });
    const began = performance.now();
    await client.get(MAPS);
    expect(performance.now() - began).toBeGreaterThan(75);
  });

  test('errorAfterWrite: what the server refused is passed on as it was', async () => {
    const name = fresh();
    await create(name);
    await place.faults.add({ kind: 'errorAfterWrite' });
    expect(await create(name)).toMatchObject({ code: 409, body: { reason: 'AlreadyExists' } });
  });

  test('silentWatch: an open watch says nothing more, another goes on', async () => {
    const silent = await watch();
    const events: string[] = [];
    const ended = silent
      .next()
      .then(({ type }) => events.push(type))
      .catch(() => undefined);
    const other = await watch();
    await place.faults.add({ kind: 'silentWatch', count: 1 });
    await create(fresh());
    expect((await other.next()).type).toBe('ADDED');
    expect(events).toEqual([]);
    other.stop();
    silent.stop();
    await ended;
  });

  test('silentWatch: a new watch is silent from the start', async () => {
    await place.faults.add({ kind: 'silentWatch', count: 1 });
    const silent = await watch();
    const other = await watch();
    const next = silent.next().catch((error: Error) => error.message);
    const name = fresh();
    await create(name);
    expect((await other.next()).object['metadata'].name).toBe(name);
    silent.stop();
    expect(await next).toMatch(/ended|aborted/);
    other.stop();
  });

  test('dropEvent: one event is missing, the next comes', async () => {
    const open = await watch();
    await place.faults.add({ kind: 'dropEvent', count: 1, match: { resources: ['configmaps'] } });
    const [lost, told] = [fresh(), fresh()];
    await create(lost);
    await create(told);
    expect((await open.next()).object['metadata'].name).toBe(told);
    open.stop();
  });

  test('compact: open watches end with 410, older versions and continue tokens get it, the present does not', async () => {
    await Promise.all([create(fresh()), create(fresh()), create(fresh())]);
    const [before, page, open] = [await version(), (await client.get(`${MAPS}?limit=1`)).body, await watch()];
    await create(fresh());
    expect((await open.next()).type).toBe('ADDED');
    await place.faults.add({ kind: 'compact' });
    const expired = { type: 'ERROR', object: { code: 410, reason: 'Expired', kind: 'Status' } };
    expect(await open.rest()).toMatchObject([expired]);
    expect(await (await client.watch(`${MAPS}?watch=1&resourceVersion=${before}`)).rest()).toMatchObject([expired]);
    expect(await client.get(`${MAPS}?limit=1&continue=${page['metadata'].continue}`)).toMatchObject({
      code: 410,
      body: { reason: 'Expired' },
    });
    const name = fresh();
    const later = await watch();
    await create(name);
    expect((await later.next()).object['metadata'].name).toBe(name);
    later.stop();
  });

  test('restart: connections are cut and refused for a while; what was written is there', async () => {
    const name = fresh();
    await create(name);
    const open = await watch();
    const over = place.faults.add({ kind: 'restart', milliseconds: 1_000 });
    await expect(open.next()).rejects.toThrow();
    expect(await create(fresh())).toBe('reset');
    await over;
    expect(await exists(name)).toBe(true);
  }, 30_000);

  test.each<[string, Partial<FaultSpec>]>([
    ['another verb', { match: { verbs: ['delete'] } }],
    ['another resource', { match: { resources: ['configmaps/status'] } }],
    ['another namespace', { match: { namespaces: ['kube-system'] } }],
    ['another name', { match: { names: ['x'] } }],
    ['another client', { match: { userAgent: 'kubectl/' } }],
    ['none of them', { share: 0 }],
    ['none left', { count: 0 }],
    ['no time', { seconds: 0 }],
  ])('a fault for %s leaves this request alone', async (_what, rest) => {
    await place.faults.add({ kind: 'unavailable', ...rest });
    expect(await create(fresh())).toMatchObject({ code: 201 });
  });

  test('a share of the requests gets it', async () => {
    await place.faults.add({ id: 'some', kind: 'unavailable', share: 0.5, match: { verbs: ['list'] } });
    const codes = await Promise.all(Array.from({ length: 40 }, async () => (await client.get(MAPS)).code));
    const dealt = codes.filter((code) => code === 503).length;
    expect(place.faults.list()[0]).toMatchObject({ dealt });
    expect([dealt > 5, dealt < 35]).toEqual([true, true]);
  });

  test('the control API: faults come, are counted, and go', async () => {
    const ask = async (method: string, path = '', body?: unknown) => {
      const answer = await fetch(place.control + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
      return { code: answer.status, body: (await answer.json()) as Body };
    };
    expect(await ask('POST', '', { id: 'slow', kind: 'throttle', match: { verbs: ['get'] } })).toMatchObject({
      code: 201,
      body: { dealt: 0 },
    });
    expect((await client.get(`${MAPS}/x`)).code).toBe(429);
    expect(await ask('GET', '/slow')).toMatchObject({ code: 200, body: { dealt: 1, active: true } });
    expect((await ask('GET')).body).toMatchObject({ faults: [{ id: 'slow' }], dealt: { throttle: expect.any(Number) } });
    expect(await ask('DELETE', '/slow')).toMatchObject({ code: 200, body: { faults: [] } });
    expect((await client.get(`${MAPS}/x`)).code).toBe(404);
    expect(await ask('DELETE', '/slow')).toMatchObject({ code: 404 });
    expect(await ask('POST', '', { kind: 'flood' })).toMatchObject({
      code: 400,
      body: { error: expect.stringContaining('kinds: latency') },
    });
    expect(await ask('POST', '', { kind: 'reset', match: { verb: 'get' } })).toMatchObject({ code: 400 });
    expect(await ask('POST', '', {})).toMatchObject({ code: 400 });
    expect(await ask('PUT')).toMatchObject({ code: 405 });
  });

  test('bearer tokens pass: who asks stays who asks', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await client.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'agent' } });
    const { body } = await client.post(`${accounts}/agent/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const whoAmI = async (token?: string) =>
      (await client.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', review, token === undefined ? {} : { token })).body['status']
        .userInfo.username as string;
    expect(await whoAmI(body['status'].token as string)).toBe('system:serviceaccount:default:agent');
    expect(await whoAmI()).toBe('kubernetes-admin');
    expect((await client.get('/api/v1/nodes', { token: 'none' })).code).toBe(401);
  });
});
