/** libs/kube meets each fault: stores catch up, nothing is written twice or lost unnoticed, nobody asks in a tight loop. */
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect, CORE, isUnreachable, type ApiError, type Cluster, type Problem, type Reflector, type RequestEvent } from '@dpf/kube';
import type { KubeObject } from '@dpf/api';
import type { FaultSpec } from '../src/index.ts';
import { everywhere, type Place } from './servers.ts';

const IDLE_MS = 400;
let number = 0;
const fresh = () => ({ namespace: 'default', name: `heal-${++number}` });

everywhere('libs/kube on', (start) => {
  let place: Place;
  let writer: Cluster;
  let cluster: Cluster;
  let reflector: Reflector<KubeObject>;
  let requests: RequestEvent[] = [];
  let problems: Problem[] = [];
  const counted = (verb: string) => requests.filter((request) => request.verb === verb).length;
  const maps = () => writer.resource(CORE.ConfigMap);
  const create = async () => maps().create({ metadata: fresh() });

  beforeAll(async () => {
    place = await start();
    writer = await connect({ kubeconfig: place.kubeconfig, userAgent: 'writer/1' });
  }, 60_000);
  afterAll(async () => {
    await writer.close();
    await place.close();
  });
  afterEach(async () => {
    place.faults.clear();
    await cluster.close();
  });

  /** A reflector that has synced and whose watch is open, then counters from zero. */
  async function reflect(tuning: { watchMs?: readonly [number, number]; idleMs?: number } = {}): Promise<void> {
    [requests, problems] = [[], []];
    cluster = await connect({
      kubeconfig: place.kubeconfig,
      userAgent: 'reflector/1',
      onRequest: (request) => requests.push(request),
      onProblem: (problem) => problems.push(problem),
      tuning: { idleMs: IDLE_MS, backoffMs: [5, 50], watchMs: [60_000, 60_000], ...tuning },
    });
    reflector = cluster.reflect(CORE.ConfigMap, { namespace: 'default' });
    reflector.start();
    await reflector.synced();
    await seen(await create());
    [requests, problems] = [[], []];
  }

  /** Resolves when the store has an object in at least this version. */
  async function seen({ metadata }: KubeObject): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      const known = reflector.store.get({ namespace: 'default', name: metadata.name });
      if (known && Number(known.metadata.resourceVersion) >= Number(metadata.resourceVersion)) resolve();
    };
    const stop = reflector.onEvent(look);
    look();
    await promise;
    stop();
  }

  const ofReflector = { userAgent: 'reflector/' };

  test.each<[FaultSpec, { lists: number }]>([
    [{ kind: 'compact', match: ofReflector }, { lists: 1 }],
    [{ kind: 'restart', milliseconds: 50 }, { lists: 1 }],
  ])(
    '%j: the store catches up',
    async (fault, { lists }) => {
      await reflect();
      const began = performance.now();
      await place.faults.add(fault);
      await seen(await create());
      expect(counted('list')).toBeLessThanOrEqual(lists);
      // A real server takes seconds to come back: a busy machine must not count as a tight loop, so pauses of 25 ms are allowed, not a number of tries.
      expect(counted('watch')).toBeLessThan(20 + (performance.now() - began) / 25);
    },
    30_000,
  );

  test('a silent watch is noticed after the idle time; it goes on from its version, without a new list of the objects', async () => {
    await reflect();
    await place.faults.add({ kind: 'silentWatch', count: 1, match: ofReflector });
    const object = await create();
    const began = performance.now();
    await seen(object);
    expect(performance.now() - began).toBeLessThan(IDLE_MS + 2_000);
    expect(problems.map(({ error }) => error.name)).toContain('WatchIdleError');
  });

  test.each<FaultSpec>([
    { kind: 'unavailable', seconds: 0.2 },
    { kind: 'throttle', seconds: 0.2, retryAfterSeconds: 0 },
    { kind: 'reset', seconds: 0.2 },
    { kind: 'latency', milliseconds: 50 },
  ])('%j: a watch that has to be opened anew waits and comes back', async (fault) => {
    await reflect();
    await place.faults.add({ ...fault, match: ofReflector });
    await place.faults.add({ kind: 'compact', match: ofReflector });
    await seen(await create());
    expect(counted('list') + counted('watch')).toBeLessThan(40);
  });

  test('a dropped event: until its next change the object stays old in the store', async () => {
    await reflect();
    const object = await create();
    await seen(object);
    await place.faults.add({ kind: 'dropEvent', count: 1, match: ofReflector });
    const patch = (text: string) => maps().patch(object.metadata, { data: { text } });
    await patch('lost');
    await seen(await create());
    const stored = () => reflector.store.get({ namespace: 'default', name: object.metadata.name });
    expect(stored()?.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
    await seen(await patch('told'));
    expect(stored()).toMatchObject({ data: { text: 'told' } });
  });

  test('dropped events are made up for when the watch ended in its time, with a list only for what is missing then', async () => {
    await reflect({ watchMs: [1_500, 1_500], idleMs: 60_000 });
    const [changed, deleted] = [await create(), await create()];
    await seen(deleted);
    await place.faults.add({ kind: 'dropEvent', count: 3, match: ofReflector });
    const now = await maps().patch(changed.metadata, { data: { text: 'lost' } });
    await maps().delete(deleted.metadata);
    const added = await create();
    // Now the watch is past what it lost.
    await seen(await create());
    await Promise.all([seen(now), seen(added)]);
    while (reflector.store.get({ namespace: 'default', name: deleted.metadata.name })) await setImmediate();
    expect(place.faults.list()).toMatchObject([{ dealt: 3 }]);
    expect(counted('list')).toBe(1);
  });

  test('429 is waited for, and the write is made once', async () => {
    await reflect();
    await place.faults.add({ kind: 'throttle', count: 1, retryAfterSeconds: 1, match: { verbs: ['create'] } });
    const began = performance.now();
    await create();
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(place.faults.list()).toMatchObject([{ dealt: 1 }]);
  });

  test.each<[FaultSpec, code: number]>([
    [{ kind: 'errorAfterWrite' }, 500],
    [{ kind: 'resetAfterWrite' }, 0],
    [{ kind: 'unavailable' }, 503],
    [{ kind: 'reset' }, 0],
  ])('%j: a write is not repeated by itself, the caller is told and looks', async (fault, code) => {
    await reflect();
    const object = await create();
    await place.faults.add({ ...fault, count: 1, match: { verbs: ['patch'] } });
    const before = place.faults.requests;
    const failure = (await maps()
      .patch(object.metadata, { data: { a: 'b' } })
      .catch((error: unknown) => error)) as ApiError;
    expect(place.faults.requests - before).toBe(1);
    expect(failure).toMatchObject({ name: 'ApiError', code, neverSent: false });
    expect(isUnreachable(failure)).toBe(code !== 500);
    expect(failure.message).toContain(`cannot patch ConfigMap default/${object.metadata.name}`);
    const found = await maps().get(object.metadata);
    expect(found?.['data' as never]).toEqual(fault.kind.endsWith('AfterWrite') ? { a: 'b' } : undefined);
  });

  test('a read is repeated', async () => {
    await reflect();
    const object = await create();
    for (const kind of ['unavailable', 'reset'] as const) await place.faults.add({ kind, count: 1, match: { verbs: ['get'] } });
    expect(await maps().get(object.metadata)).toMatchObject({ metadata: { uid: object.metadata.uid } });
  });

  test('a list that loses its version on the way is whole', async () => {
    await reflect();
    const objects = await Promise.all(Array.from({ length: 5 }, create));
    const small = await connect({ kubeconfig: place.kubeconfig, userAgent: 'pager/1', tuning: { pageSize: 2 } });
    await place.faults.add({ kind: 'latency', milliseconds: 30, match: { userAgent: 'pager/' } });
    const listed = small.resource(CORE.ConfigMap).list({ namespace: 'default' });
    await objects.at(-1);
    await create();
    await place.faults.add({ kind: 'compact' });
    const names = (await listed).items.map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(objects.map(({ metadata }) => metadata.name)));
    expect(new Set(names).size).toBe(names.length);
    await small.close();
  });
});
