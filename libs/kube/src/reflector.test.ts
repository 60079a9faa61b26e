import { afterEach, describe, expect, test } from '@jest/globals';
import { serve, type FaultServer, type Reply, type Request } from '../test/fault-server.ts';
import { WIDGET, bookmark, client, event, gone, listOf, until, widget, type Connection, type Widget } from '../test/widgets.ts';
import { learning, type Reflector, type Tuning } from './index.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

interface Story extends Connection {
  server: FaultServer;
  reflector: Reflector<Widget>;
  /** `added a 1`: type, name, version. */
  seen: string[];
}

async function reflecting(handle: (request: Request, reply: Reply) => void, tuning?: Partial<Tuning>): Promise<Story> {
  const server = await serve(handle);
  const connection = client(server.url, tuning);
  open.push(server, connection.cluster);
  const reflector = connection.cluster.reflect<Widget>(WIDGET, { indexes: { size: (object) => [String(object.spec.size)] } });
  const seen: string[] = [];
  reflector.onEvent(({ type, object }) => seen.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`));
  reflector.start();
  return { server, ...connection, reflector, seen };
}

const isWatch = (request: Request) => request.query.has('watch');
const watchedFrom = (server: FaultServer) => server.requests.filter(isWatch).map((request) => request.query.get('resourceVersion'));

describe('a watch that the server ended', () => {
  const SECOND = { watchMs: [1_000, 1_000] } as const;
  const afterASecond = (reply: Reply) => {
    reply.stream();
    setTimeout(() => reply.end(), 1_050);
  };
  const whole = (version: number) => {
    const { type, object } = bookmark(version);
    return { type, object: { ...object, metadata: { ...object.metadata, annotations: { 'k8s.io/initial-events-end': 'true' } } } };
  };

  test('in its time is followed by one that tells all again: lost changes and additions are made up for', async () => {
    const { server, seen } = await reflecting((request, reply) => {
      if (!isWatch(request)) return reply.json(listOf(5, [widget('a', 3), widget('b', 4)]));
      if (request.nth === 1) return afterASecond(reply);
      reply.stream(event('ADDED', widget('a', 3)), event('ADDED', widget('b', 8)), event('ADDED', widget('d', 7)), whole(9));
      if (request.nth === 2) setTimeout(() => reply.raw.destroy(), 20);
    }, SECOND);
    await until(() => server.count('watch') === 3);
    expect(seen.slice(2)).toEqual(['updated b 8', 'added d 7']);
    expect(server.requests.filter(isWatch).map(({ query }) => [query.get('resourceVersion'), query.get('sendInitialEvents')])).toEqual([
      ['5', null],
      ['5', 'true'],
      ['9', null],
    ]);
    expect(server.count('list')).toBe(1);
  });

  test('what is not told again is gone, or its telling got lost: a list says which', async () => {
    const { server, seen } = await reflecting((request, reply) => {
      const all = [widget('a', 3), widget('b', 4), widget('c', 5)];
      if (!isWatch(request)) return reply.json(request.nth === 1 ? listOf(5, all) : listOf(9, [widget('a', 3), widget('b', 8)]));
      if (request.nth === 1) return afterASecond(reply);
      reply.stream(...(request.nth === 2 ? [event('ADDED', widget('a', 3)), whole(9)] : []));
    }, SECOND);
    await until(() => server.count('watch') === 3);
    expect(seen.slice(3)).toEqual(['updated b 8', 'deleted c 5']);
    expect(server.count('list')).toBe(2);
    expect(server.requests.filter(isWatch).at(-1)?.query.has('sendInitialEvents')).toBe(false);
  });

  test('a server that cannot tell again is asked once', async () => {
    const { server, problems } = await reflecting((request, reply) => {
      if (!isWatch(request)) return reply.json(listOf(5, [widget('a', 3)]));
      if (request.query.has('sendInitialEvents')) return reply.refuse(422, 'Invalid');
      if (request.nth === 1) return afterASecond(reply);
      reply.stream(bookmark(6));
    }, SECOND);
    await until(() => server.count('watch') === 3);
    expect(server.requests.at(-1)?.query.has('sendInitialEvents')).toBe(false);
    expect(problems.map(({ during }) => during)).toEqual(['watch']);
    expect(server.count('list')).toBe(1);
  });

  test('before its time, as that of a client which falls behind, goes on where it was for the time that is left', async () => {
    const { server, seen } = await reflecting((request, reply) => {
      if (!isWatch(request)) return reply.json(listOf(5, [widget('a', 3)]));
      if (request.nth > 1) return reply.stream(event('MODIFIED', widget('a', 9)));
      afterASecond(reply);
      reply.stream(event('MODIFIED', widget('a', 7)));
    });
    await until(() => seen.length === 3);
    const [first, second] = server.requests.filter(isWatch).map(({ query }) => query);
    expect([second?.get('resourceVersion'), second?.get('sendInitialEvents')]).toEqual(['7', null]);
    expect(Number(second?.get('timeoutSeconds'))).toBeLessThan(Number(first?.get('timeoutSeconds')));
  });
});

describe('a watch that fails goes on from where it was', () => {
  test.each([
    ['the connection is cut in the middle of a line', (reply: Reply) => reply.cut('{"type":"MODIFIED","object":{"metada')],
    ['the server ends it', (reply: Reply) => reply.end()],
    ['a line is no JSON', (reply: Reply) => reply.raw.end('nonsense\n')],
    [
      'the server reports an error of its own in the stream',
      (reply: Reply) => reply.stream({ type: 'ERROR', object: { code: 500, message: 'x' } }),
    ],
  ])('when %s', async (_, fault) => {
    const { server, seen } = await reflecting((request, reply) => {
      if (!isWatch(request)) return reply.json(listOf(5, [widget('a', 3)]));
      if (request.nth > 1) return reply.stream(event('MODIFIED', widget('a', 9)));
      reply.stream(event('ADDED', widget('b', 7)));
      fault(reply);
    });
    await until(() => seen.length === 3);
    expect(seen).toEqual(['added a 3', 'added b 7', 'updated a 9']);
    expect(watchedFrom(server)).toEqual(['5', '7']);
    expect(server.count('list')).toBe(1);
  });

  test('when it is half-open: silent for longer than bookmarks come', async () => {
    const { server, seen, problems } = await reflecting(
      (request, reply) => {
        if (!isWatch(request)) return reply.json(listOf(request.nth === 1 ? 5 : 8, [widget('a', 3)]));
        if (request.nth === 1) reply.stream(bookmark(8));
        else reply.stream(event('ADDED', widget('b', 9)));
      },
      { idleMs: 40 },
    );
    await until(() => seen.includes('added b 9'));
    expect(watchedFrom(server).slice(0, 2)).toEqual(['5', '8']);
    expect(problems[0]).toMatchObject({ during: 'watch', kind: 'Widget', error: { name: 'WatchIdleError' } });
    expect(seen).toEqual(['added a 3', 'added b 9']);
  });

  test('when it is half-open: not ended by the time that the server was given', async () => {
    const { server, seen, problems } = await reflecting(
      (request, reply) => {
        if (!isWatch(request)) return reply.json(listOf(5, [widget('a', 3)]));
        reply.stream(...(request.nth === 1 ? [] : [event('ADDED', widget('b', 9))]));
      },
      { watchMs: [1_000, 1_000], lateMs: 40 },
    );
    await until(() => seen.includes('added b 9'));
    expect(watchedFrom(server).slice(0, 2)).toEqual(['5', '5']);
    expect(problems[0]).toMatchObject({ error: { name: 'WatchIdleError', message: expect.stringContaining('did not end it after 1 s') } });
  });

  test.each([
    [500, 'InternalError'],
    [429, 'TooManyRequests'],
    [403, 'Forbidden'],
    [404, 'NotFound'],
  ])('when it is refused with %d', async (code, reason) => {
    const { server, seen } = await reflecting((request, reply) => {
      if (!isWatch(request)) return reply.json(listOf(5, []));
      if (request.nth < 4) return reply.refuse(code, reason);
      reply.stream(event('ADDED', widget('a', 6)));
    });
    await until(() => seen.length === 1);
    expect(server.count('list')).toBe(1);
  });

  test('what a watch repeats, or tells too late, is not told twice', async () => {
    const { seen, reflector } = await reflecting((request, reply) => {
      if (!isWatch(request)) return reply.json(listOf(5, [widget('a', 5)]));
      reply.stream(event('ADDED', widget('a', 5)), event('MODIFIED', widget('a', 4)), event('DELETED', widget('b', 4)));
      reply.stream(event('MODIFIED', widget('a', 10)), event('ADDED', widget('a', 9)), event('ADDED', widget('c', 11)));
    });
    await until(() => seen.includes('added c 11'));
    expect(seen).toEqual(['added a 5', 'updated a 10', 'added c 11']);
    expect(reflector.store.byIndex('size', '5')).toEqual([]);
  });
});

describe('what an answer showed', () => {
  const watched = async (...events: object[]) =>
    reflecting((request, reply) => (isWatch(request) ? reply.stream(...events) : reply.json(listOf(5, [widget('a', 3), widget('b', 4)]))));

  test('is in the store before the watch tells it, and is told once', async () => {
    const { reflector, seen, server } = await watched();
    await until(() => server.count('watch') === 1);
    reflector.learn(widget('a', 7));
    reflector.learn(widget('a', 6));
    reflector.learn(widget('a', 7));
    expect(seen.slice(2)).toEqual(['updated a 7']);
    expect(reflector.store.byIndex('size', '7')).toHaveLength(1);
  });

  test('an object that is not known, or another one of the name, is left to the watch: it may be gone by now', async () => {
    const { reflector, seen, server } = await watched();
    await until(() => server.count('watch') === 1);
    reflector.learn(widget('c', 7));
    reflector.learn(widget('a', 7, { uid: 'another' }));
    expect(seen).toEqual(['added a 3', 'added b 4']);
  });

  test('a client that is told to learn tells of reads and writes, not of dry runs', async () => {
    const { reflector, seen, cluster, server } = await reflecting((request, reply) => {
      if (isWatch(request)) return reply.stream();
      if (request.query.has('dryRun')) return reply.json(widget('a', 20));
      if (request.method === 'PATCH') return reply.json(widget('a', 9));
      reply.json(request.path.endsWith('/b') ? widget('b', 8) : listOf(5, [widget('a', 3), widget('b', 4)]));
    });
    await until(() => server.count('watch') === 1);
    const widgets = learning(cluster.resource<Widget>(WIDGET), (object) => reflector.learn(object));
    const [a, b] = ['a', 'b'].map((name) => ({ namespace: 'ns', name }));
    await widgets.get(b!);
    await widgets.patch(a!, {}, { dryRun: true });
    await widgets.patchStatus(a!, {});
    expect(seen.slice(2)).toEqual(['updated b 8', 'updated a 9']);
  });
});

describe('how long a watch lasts', () => {
  test.each([
    ['a minute with few objects', 3, undefined, [48, 60]],
    ['longer with many: they are told ten a second', 1_000, undefined, [80, 100]],
    ['no longer than its bound', 1_000, [1_000, 20_000] as const, [16, 20]],
  ])('%s', async (_what, count, watchMs, [least, most]) => {
    const items = Array.from({ length: count }, (_, i) => widget(`w-${i}`, 1));
    const { server } = await reflecting(
      (request, reply) => (isWatch(request) ? reply.stream() : reply.json(listOf(5, items))),
      watchMs && { watchMs },
    );
    await until(() => server.count('watch') === 1);
    const asked = Number(server.requests.find(isWatch)?.query.get('timeoutSeconds'));
    expect([asked >= least!, asked <= most!]).toEqual([true, true]);
  });
});

describe('only 410 makes it list again', () => {
  const relisting = (expire: (reply: Reply) => void) =>
    reflecting((request, reply) => {
      const first = request.nth === 1;
      if (isWatch(request)) return first ? expire(reply) : reply.stream(event('ADDED', widget('d', 21)));
      const before = [widget('a', 1), widget('b', 2), widget('c', 3, { uid: 'first' })];
      const after = [widget('b', 9), widget('c', 10, { uid: 'second' })];
      reply.json(first ? listOf(5, before) : listOf(20, after));
    });

  test.each([
    ['as the answer', (reply: Reply) => reply.refuse(410, 'Expired')],
    ['in the stream', (reply: Reply) => reply.stream(gone)],
  ])('%s, and it tells what went meanwhile, and what is another object now', async (_, expire) => {
    const { server, seen, reflector } = await relisting(expire);
    await until(() => seen.includes('added d 21'));
    expect(seen).toEqual(['added a 1', 'added b 2', 'added c 3', 'updated b 9', 'deleted c 3', 'added c 10', 'deleted a 1', 'added d 21']);
    expect(watchedFrom(server)).toEqual(['5', '20']);
    expect(reflector.store.size).toBe(3);
  });

  test('or a server that was restored from a backup and is behind', async () => {
    const { server, seen } = await reflecting(
      (request, reply) => {
        if (!isWatch(request)) return reply.json(request.nth === 1 ? listOf(100, [widget('a', 90)]) : listOf(50, [widget('a', 40)]));
        reply.stream(...(request.query.get('resourceVersion') === '50' ? [event('ADDED', widget('b', 51))] : []));
      },
      { idleMs: 40 },
    );
    await until(() => seen.includes('added b 51'));
    expect(seen).toEqual(['added a 90', 'updated a 40', 'added b 51']);
    expect(watchedFrom(server).slice(0, 2)).toEqual(['100', '50']);
  });

  test('a 410 after every list is no tight loop', async () => {
    const { server } = await reflecting((request, reply) => (isWatch(request) ? reply.refuse(410, 'Expired') : reply.json(listOf(5, []))), {
      backoffMs: [50, 1_000],
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(server.count('list')).toBeLessThanOrEqual(5);
  });

  test('nor is a server that ends every watch at once', async () => {
    const { server } = await reflecting((request, reply) => (isWatch(request) ? reply.raw.end() : reply.json(listOf(5, []))), {
      backoffMs: [50, 1_000],
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(server.count('watch')).toBeLessThanOrEqual(5);
  });
});

describe('a list that fails is tried until it succeeds', () => {
  test.each([
    ['500', (reply: Reply) => reply.refuse(500, 'InternalError')],
    ['429', (reply: Reply) => reply.refuse(429, 'TooManyRequests', { 'retry-after': '0' })],
    ['404: the kind is not served yet', (reply: Reply) => reply.refuse(404, 'NotFound')],
    ['a page cut off', (reply: Reply) => reply.cut('{"items":[')],
  ])('%s', async (_, fault) => {
    const { reflector, seen } = await reflecting((request, reply) => {
      if (isWatch(request)) return reply.stream();
      if (request.nth < 6) return fault(reply);
      reply.json(listOf(5, [widget('a', 1)]));
    });
    expect(reflector.hasSynced).toBe(false);
    await reflector.synced(AbortSignal.timeout(5_000));
    expect(seen).toEqual(['added a 1']);
  });

  test('a failed relist deletes nothing', async () => {
    const { server, seen, reflector } = await reflecting((request, reply) => {
      if (isWatch(request)) return request.nth === 1 ? reply.stream(gone) : reply.stream(event('ADDED', widget('c', 21)));
      if (request.nth === 1) return reply.json(listOf(5, [widget('a', 1), widget('b', 2)]));
      if (request.nth === 2) return reply.json(listOf(20, [widget('a', 1)], 'next'));
      if (request.nth < 6) return reply.refuse(403, 'Forbidden');
      reply.json(listOf(20, [widget('a', 1), widget('b', 2)]));
    });
    await until(() => seen.includes('added c 21'));
    expect(seen).toEqual(['added a 1', 'added b 2', 'added c 21']);
    expect(reflector.store.size).toBe(3);
    expect(server.count('list')).toBe(6);
  });
});

describe('what a user of it does', () => {
  test('a handler that throws is reported, and the others are told all the same', async () => {
    const { reflector, seen, problems } = await reflecting((request, reply) => {
      if (isWatch(request)) return reply.stream(event('MODIFIED', widget('a', 6)));
      reply.json(listOf(5, [widget('a', 1)]));
    });
    const unsubscribe = reflector.onEvent(() => {
      throw new Error('a mistake in a handler');
    });
    await until(() => seen.length === 2);
    expect(problems.map(({ during, error }) => `${during}: ${error.message}`)).toEqual(Array(2).fill('handler: a mistake in a handler'));
    unsubscribe();
  });

  test('a transform or index that throws costs neither the object nor the watch', async () => {
    const server = await serve((request, reply) => (isWatch(request) ? reply.stream() : reply.json(listOf(5, [widget('a', 1)]))));
    const { cluster, problems } = client(server.url);
    open.push(server, cluster);
    const fail = () => {
      throw new Error('unexpected object');
    };
    const reflector = cluster.reflect<Widget>(WIDGET, { transform: fail, indexes: { broken: fail } });
    reflector.start();
    await reflector.synced();
    expect(reflector.store.list()).toEqual([widget('a', 1)]);
    expect(reflector.store.byIndex('broken', '')).toEqual([]);
    expect(() => reflector.store.byIndex('unknown', '')).toThrow('no index unknown');
    expect(problems).toHaveLength(2);
  });

  test('stop ends it for good, and whoever waits for the first list is told', async () => {
    const { server, reflector, problems } = await reflecting((request, reply) => (isWatch(request) ? undefined : reply.refuse(500, 'x')));
    const synced = reflector.synced();
    await until(() => server.count('list') > 0);
    await Promise.all([reflector.stop(), expect(synced).rejects.toThrow(/widgets was stopped/)]);
    const requests = server.requests.length;
    problems.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([server.requests.length, problems.length]).toEqual([requests, 0]);
  });

  test('waiting for the first list ends with the signal', async () => {
    const { reflector } = await reflecting(() => undefined);
    await expect(reflector.synced(AbortSignal.timeout(20))).rejects.toThrow(/timeout/);
  });

  test('a list of thousands leaves room for other work of the process', async () => {
    const pages = 20;
    const { reflector } = await reflecting((request, reply) => {
      if (isWatch(request)) return reply.stream();
      const page = Number(request.query.get('continue') ?? 0);
      const items = Array.from({ length: 500 }, (_, i) => widget(`w-${page}-${i}`, 1));
      reply.json(listOf(5, items, page + 1 < pages ? String(page + 1) : undefined));
    });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await reflector.synced();
    clearInterval(timer);
    expect(reflector.store.size).toBe(10_000);
    expect(turns).toBeGreaterThanOrEqual(pages);
  });
});
