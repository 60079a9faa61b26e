/** The stage of the contract stories: a Redis, replicas with short locks, a producer that works nothing itself. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { connectRedis, createWorkQueue, serviceAclRules, type RedisHandle, type WorkQueue } from '../src/index.ts';
import { startRedis, type RedisProcess } from './redis-server.ts';
import { Replicas, type ReplicaSettings } from './replicas.ts';

export interface Stage {
  server: RedisProcess;
  redis: RedisHandle;
  producer: WorkQueue;
  replicas: Replicas;
  queue: string;
  /** Sets a new stage. */
  story(settings?: Partial<ReplicaSettings>): Replicas;
  /** Changes random keys and wakes them, for a while. */
  changes(keys: string[], ms: number, chance: () => number): Promise<void>;
  nothingLost(): Promise<void>;
}

export const keysNamed = (kind: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${kind}/${i}`);

/** Registers the hooks of a test file. */
export function stage(): Stage {
  let count = 0;
  const set = {
    story: (settings = {}) => {
      set.queue = `story${++count}`;
      set.producer = createWorkQueue(set.redis, set.queue, { onEvent: () => {} });
      set.replicas = new Replicas({
        url: set.server.urlFor('service', 'p'),
        queue: set.queue,
        options: { lockMs: 1_000, stalledMs: 300, idleMs: 200, backoff: { baseMs: 20, maxMs: 100 } },
        workMs: 10,
        ...settings,
      });
      return set.replicas;
    },
    changes: async (keys, ms, chance) => {
      const end = performance.now() + ms;
      while (performance.now() < end) {
        for (let i = 0; i < 5; i++) {
          const key = keys[Math.floor(chance() * keys.length)]!;
          set.replicas.referee.change(key);
          void set.producer.wake({ key });
        }
        await pause(5 * chance());
      }
    },
    nothingLost: () => set.replicas.referee.until('every change was seen', () => set.replicas.referee.lost().length === 0),
  } as Stage;
  beforeAll(async () => {
    set.server = await startRedis({ users: [{ name: 'service', password: 'p', rules: serviceAclRules('dpf') }] });
  });
  afterAll(() => set.server.close());
  beforeEach(async () => {
    set.redis = connectRedis({ url: set.server.urlFor('service', 'p') }, { onError: () => {} });
    await set.redis.preflight();
  });
  afterEach(async () => {
    await set.replicas.close();
    await set.producer.close();
    await set.redis.close();
  });
  return set;
}
