import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { note } from './scripts.ts';
import type { WakeUp } from './ports.ts';

/** Most keys sent to Redis at once: it works on nothing else meanwhile (about 10 ms). */
const BATCH = 250;
/** After an error. */
const RETRY_MS = 1_000;
/** A caller waits no longer for a Redis that does not answer; the wake-up is sent when it is back. */
const PATIENCE_MS = 2_000;

/** The keys of a queue in Redis that are ours, beside BullMQ's. */
export interface QueueKeys {
  versions: string;
  timers: string;
  failures: string;
}

export const queueKeys = (prefix: string, queue: string): QueueKeys => ({
  versions: `${prefix}:${queue}:versions`,
  timers: `${prefix}:${queue}:timers`,
  failures: `${prefix}:${queue}:failures`,
});

/**
 * The job of a wake-up. `keepLastIfActive`: one that arrives while its key is being worked runs it once more; `replace`: a waiting one is not
 * put off. No attempts, no delay: what fails or waits has a timer, so that its job always ends and lets the next one in.
 */
const jobOf = (key: string) => ({
  name: 'wake-up',
  data: { key },
  opts: { deduplication: { id: key, keepLastIfActive: true, replace: true }, removeOnComplete: true, removeOnFail: true },
});

/** Puts keys into the queue, in batches. */
export async function enqueue(queue: Queue, keys: Iterable<string>): Promise<void> {
  const batch: string[] = [];
  const send = async () => void (await queue.addBulk(batch.splice(0).map(jobOf)));
  for (const key of keys) if (batch.push(key) === BATCH) await send();
  if (batch.length > 0) await send();
}

/** What is sent together, and whoever waits for it. */
class Batch {
  readonly wakeUps = new Map<string, string | undefined>();
  /** Due times by performance.now(). */
  readonly timers = new Map<string, number>();
  readonly sent = Promise.withResolvers<void>();
  private patience: Promise<void> | undefined;

  get empty(): boolean {
    return this.wakeUps.size === 0 && this.timers.size === 0;
  }

  wake(key: string, version: string | undefined): void {
    this.wakeUps.set(key, newest(this.wakeUps.get(key), version));
  }

  due(key: string, due: number): void {
    this.timers.set(key, Math.min(this.timers.get(key) ?? Infinity, due));
  }

  /** Resolves when it is sent, or when waiting for that makes no sense. */
  waited(): Promise<void> {
    return (this.patience ??= within(this.sent.promise, PATIENCE_MS));
  }
}

/**
 * Wake-ups and timers on their way to Redis. While Redis is away they wait here, one per key, and are sent when it is back:
 * memory is bounded by the number of keys, however many events arrive.
 */
export class Outbox {
  private readonly redis: Redis;
  private readonly queue: Queue;
  private readonly keys: QueueKeys;
  private readonly onError: (error: Error) => void;
  private batch = new Batch();
  private sending: Promise<void> | undefined;
  private closed = false;

  constructor(redis: Redis, queue: Queue, keys: QueueKeys, onError: (error: Error) => void) {
    this.redis = redis;
    this.queue = queue;
    this.keys = keys;
    this.onError = onError;
  }

  wake({ key, resourceVersion }: WakeUp): Promise<void> {
    this.batch.wake(key, resourceVersion);
    return this.flushed();
  }

  wakeAfter(key: string, ms: number): Promise<void> {
    this.batch.due(key, performance.now() + ms);
    return this.flushed();
  }

  /** Sends what is left, for at most `ms`. */
  async close(ms: number): Promise<void> {
    if (this.sending) await within(this.sending, ms);
    this.closed = true;
  }

  private flushed(): Promise<void> {
    const waited = this.batch.waited();
    this.sending ??= this.send().finally(() => (this.sending = undefined));
    return waited;
  }

  private async send(): Promise<void> {
    // What is woken in the same turn goes together.
    await Promise.resolve();
    while (!this.closed && !this.batch.empty) {
      const batch = this.batch;
      this.batch = new Batch();
      try {
        await this.deliver(batch);
        batch.sent.resolve();
      } catch (error) {
        this.onError(error as Error);
        for (const [key, version] of batch.wakeUps) this.batch.wake(key, version);
        for (const [key, due] of batch.timers) this.batch.due(key, due);
        void this.batch.sent.promise.then(batch.sent.resolve);
        await pause(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** The version goes first: a worker that takes the job must find it. */
  private async deliver({ wakeUps, timers }: Batch): Promise<void> {
    const versions = [...wakeUps].flatMap(([key, version]) => (version === undefined ? [] : [[key, version] as const]));
    const dues = [...timers].map(([key, due]) => [key, Math.max(0, Math.round(due - performance.now()))] as const);
    for (let from = 0; from < Math.max(versions.length, dues.length); from += BATCH) {
      const [some, others] = [versions.slice(from, from + BATCH), dues.slice(from, from + BATCH)];
      await note(this.redis, [this.keys.versions, this.keys.timers], [some.length, ...some.flat(), ...others.flat()]);
    }
    await enqueue(this.queue, wakeUps.keys());
  }
}

/** Of two resourceVersions the greater one: decimal numbers of any length. */
function newest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.length === b.length ? (a > b ? a : b) : a.length > b.length ? a : b;
}

/** Waits for a promise, but no longer than `ms`; failures of the promise are not ours. */
export async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([promise.then(noop, noop), deadline]);
  clearTimeout(timer);
}
const noop = (): void => {};
