import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { becomeOnlyAgent, createLocks } from './lock.ts';
import { newFolder } from './test/folders.ts';

const PCI = '0000-4b-00';
const never = new AbortController().signal;

describe('Rule card-lock: the lock of a card', () => {
  test('is held by one, per card', async () => {
    const folder = newFolder('dms-lock-');
    const [one, other] = [createLocks(folder), createLocks(folder)];
    const lock = await one.tryAcquire(PCI);
    expect(await other.tryAcquire(PCI)).toBeUndefined();
    expect(await one.tryAcquire(PCI)).toBeUndefined();
    expect(await other.tryAcquire('0000-b1-00')).toBeDefined();
    const waiting = other.acquire(PCI, never);
    await lock?.release();
    await (await waiting).release();
  });

  test('stays with a child that inherited it, after its agent let go, for as long as the child lives', async () => {
    const folder = newFolder('dms-lock-');
    const locks = createLocks(folder);
    const lock = await locks.acquire(PCI, never);
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', lock.fd] });
    await once(child, 'spawn');
    await lock.release();
    expect(await locks.tryAcquire(PCI)).toBeUndefined();
    const waiting = locks.acquire(PCI, never);
    child.kill('SIGKILL');
    await (await waiting).release();
  });

  test('is not waited for by an agent that ends', async () => {
    const folder = newFolder('dms-lock-');
    const locks = createLocks(folder);
    await (await locks.acquire(PCI, never)).release();
    const holder = execFile('flock', ['-F', join(folder, 'locks', `${PCI}.lock`), 'sleep', '60']);
    await new Promise<void>((resolve) => {
      const look = async () => {
        const lock = await locks.tryAcquire(PCI);
        await lock?.release();
        if (lock) setTimeout(look, 10);
        else resolve();
      };
      void look();
    });
    const stopping = new AbortController();
    const waiting = locks.acquire(PCI, stopping.signal);
    stopping.abort(new Error('the agent ends'));
    await expect(waiting).rejects.toThrow('the agent ends');
    holder.kill('SIGKILL');
  });
});

describe('Rule push-once: the only agent of a state folder', () => {
  const become = (folder: string, signal = never) => {
    const waits: boolean[] = [];
    const lock = becomeOnlyAgent(createLocks(folder), signal, (now) => waits.push(now));
    return { lock, waits };
  };

  test('is at once the one that is alone', async () => {
    const { lock, waits } = become(newFolder('dms-lock-'));
    expect(await lock).toBeDefined();
    expect(waits).toEqual([]);
  });

  test('is the next one only when the one before has ended, and it says that it waits', async () => {
    const folder = newFolder('dms-lock-');
    const first = await become(folder).lock;
    const second = become(folder);
    while (second.waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(second.waits).toEqual([true]);
    await first?.release();
    expect(await second.lock).toBeDefined();
    expect(second.waits).toEqual([true, false]);
  });

  test('holds the file that the next one asks for, also where files were removed while it waited', async () => {
    const folder = newFolder('dms-lock-');
    const remover = await become(folder).lock;
    const second = become(folder);
    while (second.waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    rmSync(join(folder, 'locks'), { recursive: true });
    await remover?.release();
    const lock = await second.lock;
    expect(await createLocks(folder).tryAcquire('agent')).toBeUndefined();
    await lock?.release();
  });

  test('is none that is told to end while it waits', async () => {
    const folder = newFolder('dms-lock-');
    const first = await become(folder).lock;
    const stopping = new AbortController();
    const second = become(folder, stopping.signal);
    stopping.abort(new Error('the agent ends'));
    expect(await second.lock).toBeUndefined();
    await first?.release();
  });
});
