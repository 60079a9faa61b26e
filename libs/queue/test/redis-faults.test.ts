import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { seedOf, seeded } from './random.ts';
import { until } from './until.ts';
import { keysNamed, stage } from './stage.ts';

const on = stage();

describe('Redis', () => {
  test('FLUSHALL: every replica notices, and every key is worked again', async () => {
    const { referee } = on.story({ options: { lockMs: 1_000, stalledMs: 300, backoff: { baseMs: 20, maxMs: 100 } } });
    const keys = keysNamed('ok', 300);
    on.replicas.everyKey = keys;
    await Promise.all([on.replicas.start(), on.replicas.start()]);
    await referee.until('all were worked', () => keys.every((key) => referee.runs(key) >= 1));
    for (const key of keys) referee.change(key);
    const erased = () => referee.events.filter((event) => event.type === 'erased').length;
    await on.server.flush();
    await referee.until('both noticed', () => erased() >= 2);
    await on.nothingLost();
    expect(await on.server.admin.hget(`dpf:${on.queue}:meta`, 'opts.maxLenEvents')).toBe('100');
  });

  test('FLUSHALL again and again, under load and with kills, loses nothing in the end', async () => {
    const { referee } = on.story({ workMs: 20 });
    const keys = [...keysNamed('ok', 15), ...keysNamed('again', 2), ...keysNamed('fails', 2)];
    on.replicas.everyKey = keys;
    await Promise.all([on.replicas.start(), on.replicas.start()]);
    const chance = seeded(seedOf('FLUSHALL under load'));
    const load = on.changes(keys, 2_000, chance);
    for (let i = 0; i < 4; i++) {
      await pause(300 + 200 * chance());
      await on.server.flush();
      if (i === 2) {
        await on.replicas.end(on.replicas.children[0]!);
        await on.replicas.start();
      }
    }
    await load;
    await on.nothingLost();
    await referee.until('failing keys go on failing', () => referee.runs('fails/0') >= 2);
  });

  test('killed and started again, empty: every key is worked again, wake-ups given meanwhile included', async () => {
    const { referee } = on.story();
    const keys = keysNamed('ok', 50);
    on.replicas.everyKey = keys;
    await Promise.all([on.replicas.start(), on.replicas.start()]);
    await referee.until('all were worked', () => keys.every((key) => referee.runs(key) >= 1));
    await on.server.kill();
    await until('it is said', () => /^(the connection to Redis|Redis at 127\.0\.0\.1:\d+ does not answer)/.test(on.redis.problem() ?? ''));
    referee.change('other/1');
    const given = on.producer.wake({ key: 'other/1' });
    for (const key of keys) referee.change(key);
    await pause(300);
    await on.server.start();
    await given;
    await on.nothingLost();
    expect(on.redis.problem()).toBeUndefined();
    expect(referee.events.some((event) => event.type === 'erased')).toBe(true);
  });

  test('not answering longer than a lock holds: nothing is lost', async () => {
    on.story();
    await Promise.all([on.replicas.start(), on.replicas.start()]);
    const keys = [...keysNamed('ok', 10), 'slow/1'];
    const load = on.changes(keys, 1_500, seeded(seedOf('Redis that does not answer')));
    await pause(300);
    on.server.pause();
    await pause(1_500);
    on.server.resume();
    await load;
    await on.nothingLost();
  });
});
