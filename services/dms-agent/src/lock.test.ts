import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createLocks } from './lock.ts';

const PCI = '0000-4b-00';
const newFolder = () => mkdtempSync(join(tmpdir(), 'dms-lock-'));
const never = new AbortController().signal;

describe('Rule card-lock: the lock of a card', () => {
  test('is held by one, per card', async () => {
    const folder = newFolder();
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
    const folder = newFolder();
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
    const folder = newFolder();
    const locks = createLocks(folder);
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
