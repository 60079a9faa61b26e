import { afterEach, describe, expect, test } from '@jest/globals';
import { serve, type FaultServer, type Reply, type Request } from '../test/fault-server.ts';
import { WIDGET, client, listOf, widget, type Connection, type Widget } from '../test/widgets.ts';
import { isUnreachable, type ApiError, type Tuning } from './index.ts';

const open: (FaultServer | { close(): Promise<void> })[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function against(handle: (request: Request, reply: Reply) => void, tuning?: Partial<Tuning>) {
  const server = await serve(handle);
  const connection: Connection = client(server.url, tuning);
  open.push(server, connection.cluster);
  return { server, ...connection, widgets: connection.cluster.resource<Widget>(WIDGET) };
}
const ref = { namespace: 'ns', name: 'a' };
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: ApiError) => error,
  );

describe('connections', () => {
  test('many requests share the few connections of the pool', async () => {
    const { server, widgets, requests } = await against((_, reply) => reply.json(widget('a', 1)), { connections: 4 });
    await Promise.all(Array.from({ length: 200 }, () => widgets.get(ref)));
    for (let i = 0; i < 20; i++) await widgets.get(ref);
    expect(requests).toHaveLength(220);
    expect(server.connections()).toBeLessThanOrEqual(4);
  });

  test('a deletion with preconditions leaves its connection to the next request', async () => {
    const { server, widgets } = await against((_, reply) => reply.json(widget('a', 1)), { connections: 1 });
    for (let i = 0; i < 5; i++) await widgets.delete(ref, { uid: 'its uid' });
    expect(server.connections()).toBe(1);
  });

  test('watches do not take connections away from requests', async () => {
    const { server, cluster, widgets } = await against(
      (request, reply) => {
        if (request.query.has('watch')) reply.stream();
        else reply.json(request.path.endsWith('/a') ? widget('a', 1) : listOf(1, []));
      },
      { connections: 1 },
    );
    const reflectors = Array.from({ length: 5 }, () => cluster.reflect<Widget>(WIDGET));
    for (const reflector of reflectors) reflector.start();
    await Promise.all(reflectors.map((reflector) => reflector.synced()));
    expect(await widgets.get(ref)).toMatchObject({ metadata: { name: 'a' } });
    expect(server.connections()).toBeLessThanOrEqual(6);
  });

  test('a request says who asks, and asks for JSON', async () => {
    const { server, widgets } = await against((_, reply) => reply.json(widget('a', 1)));
    await widgets.get({ namespace: 'ns', name: 'ä b' });
    expect(server.requests[0]).toMatchObject({
      path: '/apis/test.example/v1/namespaces/ns/widgets/%C3%A4%20b',
      headers: { 'user-agent': 'test/1', accept: 'application/json', authorization: 'Bearer secret' },
    });
  });
});

describe('what is repeated', () => {
  test('a read that met a 500, a 503 or a cut connection', async () => {
    const { server, widgets } = await against((request, reply) => {
      if (request.nth === 1) reply.refuse(500, 'InternalError');
      else if (request.nth === 2) reply.cut('{"kind":');
      else reply.json(widget('a', 1));
    });
    expect((await widgets.get(ref))?.metadata.name).toBe('a');
    expect(server.requests).toHaveLength(3);
  });

  test('anything that the server refused to take up (429), after the time it asked for', async () => {
    const { server, widgets } = await against((request, reply) => {
      if (request.nth < 3) reply.refuse(429, 'TooManyRequests', { 'retry-after': '0' });
      else reply.json(widget('a', 2));
    });
    await widgets.patch(ref, { spec: { size: 1 } });
    expect(server.count('PATCH')).toBe(3);
  });

  test('a request that may wait no longer fails at once and says for how long to wait', async () => {
    const { server, widgets } = await against((_, reply) => reply.refuse(429, 'TooManyRequests', { 'retry-after': '60' }));
    const error = await failure(widgets.get(ref));
    expect(error).toMatchObject({ code: 429, retryAfterSeconds: 60 });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['a 500', (reply: Reply) => reply.refuse(500, 'InternalError'), 500],
    ['a 504', (reply: Reply) => reply.refuse(504, 'Timeout'), 504],
    ['a cut connection', (reply: Reply) => reply.cut('{"kind":'), 0],
    ['an answer that is no JSON', (reply: Reply) => reply.raw.end('{"kind":"Wid'), 0],
  ])('never a write that met %s: it may have been made', async (_, fault, code) => {
    const { server, widgets } = await against((__, reply) => fault(reply));
    const writes = [
      widgets.create(widget('a', 1)),
      widgets.patch(ref, { spec: {} }, { resourceVersion: '1' }),
      widgets.replaceStatus(widget('a', 1)),
      widgets.apply(widget('a', 1), { fieldManager: 'test' }),
      widgets.delete(ref, { uid: 'u' }),
    ];
    for (const write of writes) expect(await failure(write)).toMatchObject({ code, neverSent: false });
    expect(server.requests).toHaveLength(writes.length);
  });

  test('a write that never reached a server, which then is unreachable', async () => {
    const { server, widgets, requests } = await against(() => undefined);
    await server.close();
    const error = await failure(widgets.patch(ref, {}));
    expect(isUnreachable(error)).toBe(true);
    expect(error).toMatchObject({
      neverSent: true,
      message: expect.stringMatching(/^cannot patch Widget ns\/a: no answer from http:.*ECONNREFUSED/),
    });
    expect(requests.map((request) => request.code)).toEqual([0, 0, 0]);
    open.shift();
  });
});

describe('time and signals', () => {
  test('a server that never answers costs the time limit and not more', async () => {
    const { widgets } = await against(() => undefined, { requestMs: 60 });
    const error = await failure(widgets.get(ref));
    expect(error).toMatchObject({ code: 0, reason: 'Timeout' });
    expect(error.message).toContain('no answer within 0.06 s');
  });

  test('a body that never ends costs the time limit too', async () => {
    const { widgets } = await against((_, reply) => void (reply.stream(), reply.raw.write('{')), { requestMs: 60 });
    expect(await failure(widgets.get(ref))).toMatchObject({ reason: 'Timeout' });
  });

  test('who gives up meanwhile is told its own reason, at once', async () => {
    const caller = new AbortController();
    const { widgets } = await against(() => caller.abort(new Error('enough')));
    await expect(widgets.get(ref, { signal: caller.signal })).rejects.toThrow('enough');
  });
});

describe('answers that are no objects', () => {
  test('an error page of a gateway is told in short, a redirect is not followed', async () => {
    const { widgets } = await against((request, reply) => {
      reply.raw.writeHead(request.path.endsWith('/a') ? 502 : 302, { location: 'http://169.254.169.254/' });
      reply.raw.end(`<html>\n\n  <h1>Bad ${'x'.repeat(5_000)}`);
    });
    const error = await failure(widgets.patch(ref, {}));
    expect(error.message).toMatch(/^cannot patch Widget ns\/a: 502 BadGateway: <html> <h1>Bad x/);
    expect(error.message.length).toBeLessThan(1_200);
    expect(await failure(widgets.get({ ...ref, name: 'b' }))).toMatchObject({ code: 302 });
  });

  test('a 404 about the object is its absence, a 404 about anything else is an error', async () => {
    const status = (name?: string) => ({ kind: 'Status', code: 404, reason: 'NotFound', message: 'not found', details: { name } });
    const { widgets } = await against((request, reply) => reply.json(status(request.path.endsWith('/a') ? 'a' : undefined), 404));
    expect(await widgets.get(ref)).toBeUndefined();
    expect(await failure(widgets.get({ ...ref, name: 'b' }))).toMatchObject({ code: 404 });
  });

  test.each(['', '.', '..', 'a/b'])('the name "%s" is refused before anything is sent', async (name) => {
    const { server, widgets } = await against((_, reply) => reply.json({}));
    await expect(widgets.delete({ namespace: 'ns', name })).rejects.toThrow(TypeError);
    await expect(widgets.delete({ namespace: name, name: 'a' })).rejects.toThrow(TypeError);
    expect(server.requests).toHaveLength(0);
  });
});

describe('lists', () => {
  test('a page that was cut off is asked for again', async () => {
    const { widgets } = await against((request, reply) => {
      if (request.nth === 2) reply.cut(JSON.stringify(listOf(5, [widget('b', 2)])).slice(0, 60));
      else if (request.query.get('continue')) reply.json(listOf(5, [widget('b', 2)]));
      else reply.json(listOf(5, [widget('a', 1)], 'next'));
    });
    expect((await widgets.list()).items.map((item) => item.metadata.name)).toEqual(['a', 'b']);
  });

  test('when the version of a list expires on the way it begins again, in one piece', async () => {
    const { server, widgets } = await against((request, reply) => {
      if (request.query.get('continue')) reply.refuse(410, 'Expired');
      else if (request.query.get('limit')) reply.json(listOf(5, [widget('a', 1), widget('old', 2)], 'next'));
      else reply.json(listOf(9, [widget('a', 1), widget('b', 8)]));
    });
    const { items, resourceVersion } = await widgets.list({ limit: 2 });
    expect([resourceVersion, ...items.map((item) => item.metadata.name)]).toEqual(['9', 'a', 'b']);
    expect(server.requests).toHaveLength(3);
  });
});
