import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  connectRedis,
  createWakeUpSender,
  createWorkQueue,
  type QueueEvent,
  type RedisHandle,
  type Work,
  type WorkQueue,
  type WorkResult,
} from '../src/index.ts';
import { until } from './until.ts';
import { startRedis, type RedisProcess } from './redis-server.ts';
import { serviceAclRules } from '../src/index.ts';

let server: RedisProcess;
let redis: RedisHandle;
let count = 0;
let open: WorkQueue[] = [];

beforeAll(async () => {
  server = await startRedis({ users: [{ name: 'service', password: 'p', rules: serviceAclRules('dpf') }] });
});
afterAll(() => server.close());
beforeEach(async () => {
  redis = connectRedis({ url: server.urlFor('service', 'p') }, { onError: () => {} });
  await redis.preflight();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((queue) => queue.close()));
  await redis.close();
  open = [];
});

interface Options {
  handler: (work: Work) => Promise<WorkResult>;
  everyKey?: () => string[];
  timeoutMs?: number;
  backoff?: { baseMs: number; maxMs: number };
  closeMs?: number;
}
/** A queue of its own, with short times. */
function workedQueue({ handler, everyKey = () => [], timeoutMs, ...options }: Options) {
  const events: QueueEvent[] = [];
  const name = `q${++count}`;
  const queue = createWorkQueue(redis, name, {
    lockMs: 2_000,
    stalledMs: 500,
    idleMs: 300,
    onEvent: (event) => events.push(event),
    ...options,
  });
  open.push(queue);
  queue.work(handler, { everyKey, ...(timeoutMs !== undefined && { timeoutMs }) });
  return { queue, name, events };
}

describe('wake-ups', () => {
  test('a hundred wake-ups of a waiting key run it once, with the greatest resourceVersion', async () => {
    const seen: (string | undefined)[] = [];
    const versions = ['9', '10', '8'];
    const { queue } = workedQueue({
      handler: async ({ resourceVersion }) => void seen.push(resourceVersion),
    });
    await Promise.all(Array.from({ length: 100 }, (_, i) => queue.wake({ key: 'dpu/ns/a', resourceVersion: versions[i % 3]! })));
    await until('it ran', () => seen.length > 0);
    expect(seen).toEqual(['10']);
  });

  test('a resourceVersion of a later wake-up is not taken for worked', async () => {
    const gate = Promise.withResolvers<void>();
    const seen: (string | undefined)[] = [];
    const { queue } = workedQueue({
      handler: async ({ resourceVersion }) => {
        seen.push(resourceVersion);
        await gate.promise;
      },
    });
    await queue.wake({ key: 'k', resourceVersion: '5' });
    await until('it runs', () => seen.length === 1);
    await queue.wake({ key: 'k', resourceVersion: '7' });
    await queue.wake({ key: 'k', resourceVersion: '6' });
    gate.resolve();
    await until('it ran again', () => seen.length === 2);
    expect(seen).toEqual(['5', '7']);
    await until('nothing is left behind', async () => (await server.leftovers('dpf')).length === 0);
  });

  test('a wake-up while its key is worked runs it exactly once more, never at the same time', async () => {
    let runs = 0;
    let active = 0;
    let most = 0;
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { queue } = workedQueue({
      handler: async () => {
        most = Math.max(most, ++active);
        await gates[runs++]!.promise;
        active--;
      },
    });
    await queue.wake({ key: 'k' });
    await until('it runs', () => runs === 1);
    for (let i = 0; i < 5; i++) await queue.wake({ key: 'k' });
    gates.forEach((gate) => gate.resolve());
    await until('it ran again', () => runs === 2 && active === 0);
    await queue.wake({ key: 'other' });
    await until('whatever was queued has run', () => runs === 3 && active === 0);
    expect(most).toBe(1);
  });

  test('another service wakes this queue with a sender', async () => {
    const seen: string[] = [];
    const { name } = workedQueue({ handler: async ({ key, resourceVersion }) => void seen.push(`${key}@${resourceVersion}`) });
    const sender = createWakeUpSender(redis, name, { onError: () => {} });
    await sender.wake({ key: 'bfb/ns/b', resourceVersion: '12345678901234567890' });
    await until('it ran', () => seen.length === 1);
    expect(seen).toEqual(['bfb/ns/b@12345678901234567890']);
    await sender.close();
  });

  test('a job without a key, from a hostile hand, is dropped and reported', async () => {
    const { name, events } = workedQueue({ handler: async () => {} });
    const { Queue } = await import('bullmq');
    const { Redis } = await import('ioredis');
    const connection = new Redis(server.url, { maxRetriesPerRequest: null });
    const hostile = new Queue(name, { connection, prefix: 'dpf' });
    await hostile.addBulk([
      { name: 'x', data: null },
      { name: 'x', data: { key: 7 } },
      { name: 'x', data: { key: 'k'.repeat(601) } },
    ]);
    await until('all three were reported', () => events.filter((event) => event.type === 'error').length === 3);
    await hostile.close();
    connection.disconnect();
  });
});

describe('timers', () => {
  test('of several timers of one key the earliest wins', async () => {
    const at: number[] = [];
    const { queue } = workedQueue({ handler: async () => void at.push(performance.now()) });
    const began = performance.now();
    await queue.wakeAfter('k', 60_000);
    await queue.wakeAfter('k', 150);
    await queue.wakeAfter('k', 30_000);
    await until('it ran', () => at.length === 1);
    expect(at[0]! - began).toBeGreaterThanOrEqual(145);
    expect(at[0]! - began).toBeLessThan(20_000);
  });

  test('a wake-up is not put off by a timer, nor by requeueAfterMs', async () => {
    let runs = 0;
    const { queue } = workedQueue({
      handler: async () => {
        runs++;
        return { requeueAfterMs: 60_000 };
      },
    });
    await queue.wakeAfter('k', 60_000);
    await queue.wake({ key: 'k' });
    await until('it ran', () => runs === 1);
    await queue.wake({ key: 'k' });
    await until('it ran again', () => runs === 2);
  });

  test('a wake-up that arrives while its key is worked comes before the requeueAfterMs of that work', async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const { queue } = workedQueue({
      handler: async () => {
        if (++runs === 1) await gate.promise;
        return { requeueAfterMs: 60_000 };
      },
    });
    await queue.wake({ key: 'k' });
    await until('it runs', () => runs === 1);
    await queue.wake({ key: 'k' });
    gate.resolve();
    await until('it ran again', () => runs === 2);
  });

  test('requeueAfterMs runs the key again by itself', async () => {
    const at: number[] = [];
    const { queue } = workedQueue({
      handler: async () => {
        at.push(performance.now());
        return { requeueAfterMs: 80 };
      },
    });
    await queue.wake({ key: 'k' });
    await until('it ran four times', () => at.length >= 4);
    for (let i = 1; i < 4; i++) expect(at[i]! - at[i - 1]!).toBeGreaterThanOrEqual(75);
  });

  test('a key with nothing left to do drops the timer that stood before, not one that was set for an earlier time meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const { queue, name } = workedQueue({
      handler: async () => {
        if (++runs === 2) await gate.promise;
      },
    });
    const timer = () => server.admin.zscore(`dpf:${name}:timers`, 'k');
    await queue.wakeAfter('k', 60_000);
    await queue.wake({ key: 'k' });
    await until('it ran, and its timer is gone', async () => runs === 1 && (await timer()) === null);
    await queue.wakeAfter('k', 60_000);
    await queue.wake({ key: 'k' });
    await until('it runs', () => runs === 2);
    await queue.wakeAfter('k', 30_000);
    gate.resolve();
    await queue.wake({ key: 'k2' });
    await until('both are done', async () => runs === 3 && (await queue.lagMs()) === 0);
    expect(Number(await timer()) - Date.now()).toBeLessThan(31_000);
    expect(await timer()).not.toBeNull();
  });

  test.each([
    ['for a later time than the one that stood before', 60_000, 90_000, undefined],
    ['while a timer that rang is worked', 0, 90_000, undefined],
    ['before a failure', 60_000, 90_000, new Error('it fails')],
  ])('a timer set during work is not lost: %s', async (_, before, meanwhile, failure) => {
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const { queue, name } = workedQueue({
      backoff: { baseMs: 300_000, maxMs: 300_000 },
      handler: async ({ key }) => {
        if (key !== 'k') return;
        runs++;
        await gate.promise;
        if (failure) throw failure;
      },
    });
    const timer = async () => Number((await server.admin.zscore(`dpf:${name}:timers`, 'k')) ?? 0);
    await queue.wakeAfter('k', before);
    // One that rings at once wakes by itself.
    if (before > 0) await queue.wake({ key: 'k' });
    await until('it runs', () => runs === 1);
    const began = Date.now();
    await queue.wakeAfter('k', meanwhile);
    gate.resolve();
    await until('it is done', async () => (await server.leftovers('dpf')).every((key) => !key.includes(`${name}:de:`)));
    // After a failure the earlier one of both stands, for the backoff is longer.
    const rings = began + (failure ? before : meanwhile);
    expect(Math.abs((await timer()) - rings)).toBeLessThan(2_000);
    expect(runs).toBe(1);
  });

  test('an earlier timer that stood before the work is not swallowed by the requeueAfterMs of that work', async () => {
    const { queue, name, events } = workedQueue({ handler: async () => ({ requeueAfterMs: 90_000 }) });
    const began = Date.now();
    await queue.wakeAfter('k', 60_000);
    await queue.wake({ key: 'k' });
    await until('it is done', () => events.some(({ type }) => type === 'worked'));
    expect(Number(await server.admin.zscore(`dpf:${name}:timers`, 'k')) - began).toBeLessThan(62_000);
  });

  test('a timer that its replica does not live to ring is rung by another', async () => {
    const seen: string[] = [];
    const { queue, name } = workedQueue({ handler: async ({ key }) => void seen.push(key) });
    await queue.close();
    // As a replica that claimed it and died leaves it: due, though later.
    const due = Date.now() + 100;
    await server.admin.zadd(`dpf:${name}:timers`, due, 'k');
    const other = createWorkQueue(redis, name, { idleMs: 300, onEvent: () => {} });
    open.push(other);
    other.work(async ({ key }) => void seen.push(key), { everyKey: () => [] });
    await until('it ran', () => seen.length === 1);
    expect(Date.now()).toBeGreaterThanOrEqual(due);
  });
});

describe('failures', () => {
  test('a key that fails backs off; its success is forgotten', async () => {
    const at: number[] = [];
    const { queue, events, name } = workedQueue({
      backoff: { baseMs: 40, maxMs: 10_000 },
      handler: async () => {
        at.push(performance.now());
        if (at.length < 5) throw new Error(`failure ${at.length}`);
      },
    });
    await queue.wake({ key: 'k' });
    await until('it succeeded', () => at.length === 5);
    const gaps = at.slice(1).map((time, i) => time - at[i]!);
    [40, 80, 160, 320].forEach((base, i) => expect(gaps[i]).toBeGreaterThanOrEqual(base * 0.8 - 5));
    await until('its failures are forgotten', async () => (await server.admin.exists(`dpf:${name}:failures`)) === 0);
    expect(events.filter((event) => event.type === 'worked' && event.result === 'failed')).toHaveLength(4);
  });

  test('a change does not wait for the backoff', async () => {
    let runs = 0;
    const { queue } = workedQueue({
      backoff: { baseMs: 60_000, maxMs: 60_000 },
      handler: async () => {
        if (++runs === 1) throw new Error('the first fails');
      },
    });
    await queue.wake({ key: 'k' });
    await until('it failed', () => runs === 1);
    await queue.wake({ key: 'k' });
    await until('it ran again', () => runs === 2);
  });

  test('a handler is aborted after its time, counts as failed, and blocks its key until it has stopped', async () => {
    let runs = 0;
    let active = 0;
    const reasons: string[] = [];
    const { queue, events } = workedQueue({
      timeoutMs: 100,
      backoff: { baseMs: 10, maxMs: 10 },
      handler: async ({ signal }) => {
        expect(++active).toBe(1);
        if (++runs === 1) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          reasons.push((signal.reason as Error).message);
          // It does not stop at once.
          await pause(300);
        }
        active--;
      },
    });
    await queue.wake({ key: 'k' });
    await until('it ran again', () => runs === 2);
    expect(reasons).toEqual(['took longer than 0.1 s']);
    expect(events.map((event) => event.type)).toContain('stuck');
    expect(events.find((event) => event.type === 'worked')).toMatchObject({ result: 'failed' });
  });
});

describe('locks', () => {
  test('a handler is aborted when Redis does not answer, before somebody else could take its key over', async () => {
    let cut = 0;
    const aborted: number[] = [];
    const { queue, events } = workedQueue({
      handler: async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted.push(performance.now() - cut);
      },
    });
    void queue.wake({ key: 'k' });
    await until('it is worked', async () => (await queue.lagMs()) === 0);
    await pause(100);
    cut = performance.now();
    server.pause();
    try {
      await until('it was aborted', () => aborted.length === 1);
    } finally {
      server.resume();
    }
    expect(aborted[0]).toBeLessThan(2_000);
    expect(events).toContainEqual({ type: 'lockLost', key: 'k' });
  });
});

describe('start and stop', () => {
  test('every key is queued at start', async () => {
    const seen = new Set<string>();
    const keys = Array.from({ length: 600 }, (_, i) => `dpu/ns/d${i}`);
    const { events } = workedQueue({ handler: async ({ key }) => void seen.add(key), everyKey: () => keys });
    await until('all ran', () => seen.size === keys.length);
    expect(events.find((event) => event.type === 'everyKey')).toMatchObject({ keys: 600 });
  });

  test('close waits for what runs, and what it must abort runs again elsewhere', async () => {
    const done: string[] = [];
    const started: string[] = [];
    const { queue, name } = workedQueue({
      closeMs: 200,
      handler: async ({ key, signal }) => {
        started.push(key);
        if (key === 'long') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        else await pause(50);
        done.push(key);
      },
    });
    await queue.wake({ key: 'short' });
    await queue.wake({ key: 'long' });
    await until('both run', () => started.length === 2);
    await queue.close();
    expect(done).toEqual(['short', 'long']);
    const elsewhere: string[] = [];
    const other = createWorkQueue(redis, name, { idleMs: 200, onEvent: () => {} });
    open.push(other);
    other.work(async ({ key }) => void elsewhere.push(key), { everyKey: () => [] });
    await until('the aborted one runs again', () => elsewhere.length === 1);
    expect(elsewhere).toEqual(['long']);
  });

  test('lagMs says how late the oldest wake-up is', async () => {
    const gate = Promise.withResolvers<void>();
    const { queue } = workedQueue({ handler: () => gate.promise });
    expect(await queue.lagMs()).toBe(0);
    for (let i = 0; i < 10; i++) await queue.wake({ key: `k${i}` });
    await pause(120);
    expect(await queue.lagMs()).toBeGreaterThanOrEqual(100);
    gate.resolve();
    await until('all is done', async () => (await queue.lagMs()) === 0);
  });

  test('an idle replica sends at most about one command a second', async () => {
    const { queue } = workedQueue({ handler: async () => {} });
    await queue.close();
    const quiet = createWorkQueue(redis, 'quiet', { onEvent: () => {} });
    open.push(quiet);
    quiet.work(async () => {}, { everyKey: () => [] });
    await pause(300);
    const before = await commandsFrom(server);
    await pause(3_000);
    expect((await commandsFrom(server)) - before).toBeLessThanOrEqual(4);
  });
});

/** Commands sent by clients so far, without those that scripts call and those of this look. */
async function commandsFrom({ admin }: RedisProcess): Promise<number> {
  const info = await admin.info('commandstats');
  const calls = [...info.matchAll(/cmdstat_(evalsha|eval|bzpopmin|multi|exec|info|ping):calls=(\d+)/g)];
  const sum = calls.reduce((total, [, , n]) => total + Number(n), 0);
  const own = Number(/cmdstat_info:calls=(\d+)/.exec(info)?.[1] ?? 0);
  return sum - own;
}

test('no permission was missing', async () => {
  const log = (await server.admin.call('ACL', 'LOG')) as unknown[];
  expect(log).toEqual([]);
});
