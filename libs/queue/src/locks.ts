import type { Worker } from 'bullmq';

/**
 * What this process is working on. A key is in here once: if its lock was lost and the key was given to this process again, the second waits
 * for the first, which is told to stop.
 */
export class Locks {
  private readonly held = new Map<string, { stop: AbortController; renewed: number; ended: Promise<void> }>();
  private readonly byJob = new Map<string, string>();
  private readonly lockMs: number;
  private readonly onLost: (key: string) => void;

  /** @param lockMs how long a lock holds without renewal */
  constructor(lockMs: number, onLost: (key: string) => void) {
    this.lockMs = lockMs;
    this.onLost = onLost;
  }

  /**
   * Runs `work` for a key.
   * @param age ms since the lock was taken
   */
  async hold<T>(key: string, jobId: string, age: number, work: (stop: AbortController) => Promise<T>): Promise<T> {
    for (let other = this.held.get(key); other; other = this.held.get(key)) {
      this.lost(key);
      await other.ended;
    }
    const ended = Promise.withResolvers<void>();
    const stop = new AbortController();
    this.held.set(key, { stop, renewed: performance.now() - age, ended: ended.promise });
    this.byJob.set(jobId, key);
    try {
      return await work(stop);
    } finally {
      this.held.delete(key);
      this.byJob.delete(jobId);
      ended.resolve();
    }
  }

  /** Follows the renewals of a worker. */
  follow(worker: Worker): void {
    worker.on('locksRenewed', ({ jobIds }) => {
      for (const id of jobIds) {
        const lock = this.held.get(this.byJob.get(id) ?? '');
        if (lock) lock.renewed = performance.now();
      }
    });
    worker.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds) this.lost(this.byJob.get(id) ?? '');
    });
  }

  /**
   * Stops what could not be renewed for three quarters of its lock: nobody says so when the network is cut, or when this process was paused.
   * To be called often.
   */
  check(): void {
    for (const [key, lock] of this.held) if (performance.now() - lock.renewed > this.lockMs * 0.75) this.lost(key);
  }

  /** Stops everything: the locks are gone, or the process ends. */
  stopAll(reason: Stopped): void {
    for (const { stop } of this.held.values()) stop.abort(reason);
  }

  private lost(key: string): void {
    const lock = this.held.get(key);
    if (!lock || lock.stop.signal.aborted) return;
    lock.stop.abort(new Stopped('lost', 'another worker may have taken over'));
    this.onLost(key);
  }
}

/** Why a handler was aborted: `overdue` counts as its failure, `lost` is somebody else's now, `closing` is left to the other replicas. */
export class Stopped extends Error {
  override readonly name = 'AbortError';
  readonly why: 'overdue' | 'lost' | 'closing';
  constructor(why: Stopped['why'], message: string) {
    super(message);
    this.why = why;
  }
}
