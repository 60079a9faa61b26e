/**
 * Rule card-lock: agent and push child hold one lock per card; who lacks it starts, confirms and resets nothing there.
 * The lock is flock(2) on a file in the state folder. It belongs to the open file, which the push child inherits: a child that outlives its agent keeps it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

export interface CardLock {
  /** The open file that bears the lock, for a child to inherit. */
  readonly fd: number;
  release(): Promise<void>;
}

export interface CardLocks {
  /** undefined when another holds it. */
  tryAcquire(pci: string): Promise<CardLock | undefined>;
  /** Waits until the other lets go, or throws the signal's reason. */
  acquire(pci: string, signal: AbortSignal): Promise<CardLock>;
}

/** The folder of the locks in the state folder. */
export const LOCKS = 'locks';

/** flock(1)'s exit code for "held by another", chosen by us. */
const HELD = 75;

export function createLocks(stateDir: string): CardLocks {
  const take = async (pci: string, args: string[], signal?: AbortSignal): Promise<CardLock | undefined> => {
    mkdirSync(join(stateDir, LOCKS), { recursive: true });
    const file = await open(join(stateDir, LOCKS, `${pci}.lock`), 'a');
    try {
      const taken = await flock(file, args, signal);
      // Removed while it was waited for (helm uninstall of another release): nobody else will ask for this file.
      const removed = taken && (await file.stat()).nlink === 0;
      if (taken && !removed) return { fd: file.fd, release: () => file.close() };
      await file.close();
      if (!removed) return undefined;
    } catch (error) {
      await file.close();
      throw error;
    }
    return take(pci, args, signal);
  };
  return {
    tryAcquire: (pci) => take(pci, ['--nonblock']),
    acquire: async (pci, signal) => (await take(pci, ['--nonblock'])) ?? ((await take(pci, [], signal)) as CardLock),
  };
}

/**
 * By push-once the journal has one writer. An agent whose Pod was deleted by force may still be at work, and two would overwrite each other's entries.
 * Resolves when every other agent with this state folder has ended; undefined when this one is to end first.
 * @param onWait told when a wait begins (true), and when it is over
 */
export async function becomeOnlyAgent(
  locks: CardLocks,
  signal: AbortSignal,
  onWait: (waits: boolean) => void,
): Promise<CardLock | undefined> {
  const free = await locks.tryAcquire('agent');
  if (free) return free;
  onWait(true);
  try {
    return await locks.acquire('agent', signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    onWait(false);
  }
}

/** Locks our open file by lending it to flock(1) as descriptor 3: the lock stays with the open file when the tool ends. */
function flock(file: FileHandle, args: string[], signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const tool = spawn('flock', ['--conflict-exit-code', String(HELD), ...args, '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
    const stop = () => tool.kill('SIGKILL');
    signal?.addEventListener('abort', stop);
    tool.once('error', (error) => reject(new Error(`cannot run flock (util-linux): ${error.message}`)));
    tool.once('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      if (code === 0) resolve(true);
      else if (code === HELD) resolve(false);
      else reject(signal?.aborted ? signal.reason : new Error(`flock ended with ${code}`));
    });
    if (signal?.aborted) stop();
  });
}
