import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { seedOf, seeded } from './random.ts';
import { keysNamed, stage } from './stage.ts';

const on = stage();

describe('several replicas', () => {
  test('no change is lost and no key is worked twice at once', async () => {
    const { referee } = on.story();
    await Promise.all([on.replicas.start(), on.replicas.start(), on.replicas.start()]);
    const keys = [...keysNamed('ok', 20), ...keysNamed('fails', 3), ...keysNamed('again', 3)];
    await on.changes(keys, 1_000, seeded(seedOf('several replicas')));
    await on.nothingLost();
    expect(referee.overlaps).toEqual([]);
  });

  test('killed with SIGKILL again and again, they lose nothing and do not overlap', async () => {
    const { referee } = on.story({ workMs: 40 });
    await Promise.all([on.replicas.start(), on.replicas.start(), on.replicas.start()]);
    const chance = seeded(seedOf('killed replicas'));
    const keys = [...keysNamed('ok', 15), ...keysNamed('fails', 2), ...keysNamed('again', 2)];
    const story1 = on.changes(keys, 2_200, chance);
    for (let i = 0; i < 3; i++) {
      await pause(400 + 300 * chance());
      await on.replicas.end(on.replicas.children[Math.floor(chance() * on.replicas.children.length)]!);
      await on.replicas.start();
    }
    await story1;
    await on.nothingLost();
    expect(referee.overlaps).toEqual([]);
  });

  test('the key of a killed replica is taken over once its lock has run out', async () => {
    const { referee } = on.story();
    const first = await on.replicas.start();
    referee.change('slow/k');
    referee.held.add('slow/k');
    await on.producer.wake({ key: 'slow/k' });
    await referee.until('it is worked', () => referee.runs('slow/k') === 1);
    await on.replicas.end(first);
    referee.letGo();
    const killed = performance.now();
    await on.replicas.start();
    await referee.until('it is worked again', () => referee.runs('slow/k') === 2);
    expect(performance.now() - killed).toBeLessThan(20_000);
    await on.nothingLost();
    expect(referee.events).toContainEqual(expect.objectContaining({ type: 'recovered' }));
  });

  test('a replica paused longer than its lock loses it, aborts its handler and leaves the key to the other', async () => {
    const { referee } = on.story();
    const [paused] = [await on.replicas.start()];
    referee.change('slow/k');
    referee.held.add('slow/k');
    await on.producer.wake({ key: 'slow/k' });
    await referee.until('it is worked', () => referee.runs('slow/k') === 1);
    paused.kill('SIGSTOP');
    referee.letGo();
    await on.replicas.start();
    await referee.until('the other works it', () => referee.runs('slow/k') === 2);
    await on.nothingLost();
    paused.kill('SIGCONT');
    await referee.until('the paused one lost its lock', () => referee.events.some((event) => event.type === 'lockLost'));
    // The wake-ups after it are worked as ever.
    referee.change('slow/k');
    await on.producer.wake({ key: 'slow/k' });
    await on.nothingLost();
  });

  test('a change while a replica is paused is seen', async () => {
    const { referee } = on.story();
    const [paused] = [await on.replicas.start()];
    referee.change('slow/k');
    referee.held.add('slow/k');
    await on.producer.wake({ key: 'slow/k' });
    await referee.until('it is worked', () => referee.runs('slow/k') === 1);
    paused.kill('SIGSTOP');
    referee.letGo();
    referee.change('slow/k');
    await on.producer.wake({ key: 'slow/k' });
    await on.replicas.start();
    await on.nothingLost();
    paused.kill('SIGCONT');
  });

  test('asked to stop, a replica ends with code 0 and loses nothing', async () => {
    const { referee } = on.story({ workMs: 50 });
    const first = await on.replicas.start();
    const keys = keysNamed('ok', 10);
    for (const key of keys) {
      referee.change(key);
      void on.producer.wake({ key });
    }
    await referee.until('it has begun', () => referee.starts.size > 2);
    await expect(on.replicas.closed(first)).resolves.toBe(0);
    await on.replicas.start();
    await on.nothingLost();
    expect(referee.overlaps).toEqual([]);
  });
});
