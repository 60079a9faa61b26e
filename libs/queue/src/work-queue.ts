import { setTimeout as pause } from 'node:timers/promises';
import { Worker, type Job, type Queue } from 'bullmq';
import { backoffMs, type Backoff } from './backoff.ts';
import { isGone, limitEvents, openQueue } from './bull.ts';
import { Alarm } from './alarm.ts';
import type { RedisHandle } from './connection.ts';
import type { OnEvent } from './events.ts';
import { Locks, Stopped } from './locks.ts';
import { Outbox, enqueue, queueKeys, within, type QueueKeys } from './outbox.ts';
import type { WakeUp, Work, WorkOptions, WorkQueue, WorkResult } from './ports.ts';
import { begin, done, failed, overdue } from './scripts.ts';

export interface WorkQueueOptions {
  onEvent: OnEvent;
  /** 30 s. A worker that dies keeps its keys for at most this and `stalledMs` (10 s). */
  lockMs?: number;
  stalledMs?: number;
  /** After a failure: 0.5 s doubling to 5 min, ±20 %. */
  backoff?: Backoff;
  /** How long a replica sleeps when nothing is due (1.5 s): it notices an erased Redis that fast. */
  idleMs?: number;
  /** How long `close` waits for handlers before it aborts them (10 s). */
  closeMs?: number;
}

const DEFAULTS = { lockMs: 30_000, stalledMs: 10_000, backoff: { baseMs: 500, maxMs: 300_000 }, idleMs: 1_500, closeMs: 10_000 };
/** A handler's time when the caller does not say (architecture §2.3). */
const TIMEOUT_MS = 10_000;
const CONCURRENCY = 8;
/** Handlers that were told to stop get this long before `close` leaves them behind. */
const LAST_MS = 2_000;
/** A job's key comes from Redis; what is longer was not made by us. */
const LONGEST_KEY = 600;

class BullWorkQueue implements WorkQueue {
  private readonly handle: RedisHandle;
  private readonly name: string;
  private readonly options: WorkQueueOptions & typeof DEFAULTS;
  private readonly keys: QueueKeys;
  private readonly queue: Queue;
  private readonly outbox: Outbox;
  private readonly locks: Locks;
  private worker: Worker | undefined;
  private alarm: Alarm | undefined;
  private watchdog: NodeJS.Timeout | undefined;
  private everyKey: WorkOptions['everyKey'] = () => [];
  /** Counts the orders to queue every key; a newer one replaces what an older one is still doing. */
  private round = 0;
  private closing = false;
  private readonly onErased = (reason: string): void => {
    this.options.onEvent({ type: 'erased', reason });
    // Every lock is gone with the rest; what runs is queued again like all.
    this.locks.stopAll(new Stopped('lost', 'Redis was erased'));
    void this.queueEveryKey();
  };

  constructor(handle: RedisHandle, name: string, options: WorkQueueOptions) {
    this.handle = handle;
    this.name = name;
    this.options = { ...DEFAULTS, ...options };
    this.keys = queueKeys(handle.prefix, name);
    this.queue = openQueue(handle, name, this.onError);
    this.outbox = new Outbox(handle.client, this.queue, this.keys, this.onError);
    this.locks = new Locks(this.options.lockMs, (key) => this.options.onEvent({ type: 'lockLost', key }));
  }

  wake(wakeUp: WakeUp): Promise<void> {
    return this.outbox.wake(wakeUp);
  }

  async wakeAfter(key: string, ms: number): Promise<void> {
    await this.outbox.wakeAfter(key, ms);
    this.alarm?.dueIn(ms);
  }

  work(handler: (work: Work) => Promise<WorkResult>, options: WorkOptions): void {
    const { lockMs, stalledMs, idleMs } = this.options;
    this.everyKey = options.everyKey;
    const run = async (job: Job): Promise<void> => {
      const key = keyOf(job);
      if (key === undefined) return this.onError(new Error(`a job of queue ${this.name} that names no key was dropped`));
      // The lock was taken when this process asked for work; BullMQ notes that moment.
      const age = Math.max(0, Date.now() - (job.processedOn ?? Date.now()));
      await this.locks.hold(key, job.id ?? '', age, (stop) => this.workOn(handler, key, stop, options.timeoutMs ?? TIMEOUT_MS));
    };
    this.worker = new Worker(this.name, run, {
      connection: this.handle.client,
      prefix: this.handle.prefix,
      skipVersionCheck: true,
      concurrency: options.concurrency ?? CONCURRENCY,
      lockDuration: lockMs,
      stalledInterval: stalledMs,
      // A key whose worker died is tried again, however often.
      maxStalledCount: 1e9,
      drainDelay: 10,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.worker.on('error', this.onError);
    this.worker.on('stalled', () => this.options.onEvent({ type: 'recovered', keys: 1 }));
    this.locks.follow(this.worker);
    this.watchdog = setInterval(() => this.locks.check(), lockMs / 20);
    this.watchdog.unref();
    this.handle.on('erased', this.onErased);
    this.alarm = new Alarm({
      handle: this.handle,
      timers: this.keys.timers,
      idleMs,
      enqueue: (keys) => enqueue(this.queue, keys),
      // Every key once more than may be needed: Redis may have been erased just before.
      onWatching: () => void this.queueEveryKey(),
      onErased: this.onErased,
      onError: this.onError,
    });
    this.alarm.start();
  }

  async lagMs(): Promise<number> {
    const [timer, [oldest]] = await Promise.all([
      overdue(this.handle.client, [this.keys.timers], []),
      this.queue.getJobs(['waiting'], 0, 0, true),
    ]);
    return Math.max(Number(timer), oldest ? Date.now() - oldest.timestamp : 0, 0);
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    this.handle.off('erased', this.onErased);
    await this.alarm?.stop();
    if (this.worker) {
      const closed = this.worker.close();
      await within(closed, this.options.closeMs);
      this.locks.stopAll(new Stopped('closing', 'the service stops'));
      await within(closed, LAST_MS);
      // While Redis is away it would wait for it.
      await within(this.worker.getBackend().close(true), LAST_MS);
    }
    clearInterval(this.watchdog);
    await this.outbox.close(LAST_MS);
    await within(this.queue.close(), LAST_MS);
  }

  /** Works one key, and decides when it is looked at again. Never throws: the job always ends, which lets the next wake-up of its key in. */
  private async workOn(handler: (work: Work) => Promise<WorkResult>, key: string, stop: AbortController, timeoutMs: number): Promise<void> {
    const { onEvent } = this.options;
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    const timers: NodeJS.Timeout[] = [];
    const { client } = this.handle;
    const { versions, timers: due, failures: failing } = this.keys;
    let timer = '';
    try {
      const [version, taken] = (await begin(client, [versions, due], [key])) as [string | null, string];
      timer = taken;
      const resourceVersion = version ?? undefined;
      stop.signal.throwIfAborted();
      timers.push(
        setTimeout(() => stop.abort(new Stopped('overdue', `took longer than ${timeoutMs / 1000} s`)), timeoutMs),
        setTimeout(() => onEvent({ type: 'stuck', key, seconds: seconds() }), 2 * timeoutMs),
      );
      const result = await handler({ key, ...(resourceVersion !== undefined && { resourceVersion }), signal: stop.signal });
      stop.signal.throwIfAborted();
      const again = result?.requeueAfterMs;
      const nextLook = again === undefined ? '' : Math.max(0, Math.round(again));
      await done(client, [versions, due, failing], [key, resourceVersion ?? '', nextLook, timer]);
      if (again !== undefined) this.alarm?.dueIn(again);
      onEvent({ type: 'worked', key, result: 'done', seconds: seconds() });
    } catch (thrown) {
      const stopped: unknown = stop.signal.aborted ? stop.signal.reason : undefined;
      const error = (stopped ?? thrown) as Error;
      if (stopped instanceof Stopped && stopped.why !== 'overdue') {
        onEvent({ type: 'worked', key, result: 'interrupted', seconds: seconds() });
        await this.wakeAfter(key, 0);
      } else {
        onEvent({ type: 'worked', key, result: 'failed', seconds: seconds(), error });
        const failures = await failed(client, [due, failing], [key, timer]).catch((error: Error) => (this.onError(error), 1));
        await this.wakeAfter(key, backoffMs(Number(failures), Math.random(), this.options.backoff));
      }
    } finally {
      timers.forEach(clearTimeout);
    }
  }

  private async queueEveryKey(): Promise<void> {
    const round = ++this.round;
    const began = performance.now();
    while (!this.closing && round === this.round) {
      try {
        await limitEvents(this.handle.client, this.queue);
        const keys = [...this.everyKey()];
        await enqueue(this.queue, keys);
        this.options.onEvent({ type: 'everyKey', keys: keys.length, seconds: (performance.now() - began) / 1000 });
        return;
      } catch (error) {
        this.onError(error as Error);
        await pause(1_000, undefined, { ref: false });
      }
    }
  }

  private readonly onError = (error: Error): void => {
    if (!isGone(error)) this.options.onEvent({ type: 'error', error });
  };
}

function keyOf(job: Job): string | undefined {
  const key: unknown = (job.data as { key?: unknown } | null)?.key;
  return typeof key === 'string' && key !== '' && key.length <= LONGEST_KEY ? key : undefined;
}

/** A queue that all replicas of a service share. */
export function createWorkQueue(redis: RedisHandle, name: string, options: WorkQueueOptions): WorkQueue {
  return new BullWorkQueue(redis, name, options);
}
