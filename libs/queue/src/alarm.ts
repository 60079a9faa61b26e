import { randomUUID } from 'node:crypto';
import type { RedisHandle } from './connection.ts';
import { within } from './outbox.ts';
import { release, tick } from './scripts.ts';

export interface AlarmOptions {
  handle: RedisHandle;
  /** Redis key of the timers. */
  timers: string;
  idleMs: number;
  enqueue: (keys: string[]) => Promise<void>;
  /** The epoch was read for the first time: from now on no erasure goes unnoticed. */
  onWatching: () => void;
  onErased: (reason: string) => void;
  onError: (error: Error) => void;
}

/** Should the replica that took timers die before it queued their keys, another one takes them after this. */
const CLAIM_MS = 10_000;
const LAST_MS = 1_000;
/** Taken at once. */
const BATCH = 250;
/** Timers that are due within this are taken together. */
const SHORTEST_MS = 20;

/** Queues the keys whose timers are due, and notices when Redis was erased. Every replica has one; each timer rings in one of them. */
export class Alarm {
  private readonly options: AlarmOptions;
  private timer: NodeJS.Timeout | undefined;
  private rings = Infinity;
  private looking: Promise<void> | undefined;
  private stopped = false;
  private epoch: string | undefined;

  constructor(options: AlarmOptions) {
    this.options = options;
  }

  start(): void {
    this.dueIn(0);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    // While Redis is away a look does not end.
    if (this.looking) await within(this.looking, LAST_MS);
  }

  /** This process has set a timer: look then, not later. */
  dueIn(ms: number): void {
    const rings = performance.now() + Math.max(SHORTEST_MS, ms);
    if (this.stopped || rings >= this.rings) return;
    this.rings = rings;
    clearTimeout(this.timer);
    // One look at a time: the running one sets the next alarm.
    if (!this.looking) this.timer = setTimeout(() => this.look(), rings - performance.now()).unref();
  }

  private look(): void {
    this.rings = Infinity;
    let next = this.options.idleMs;
    this.looking = this.take()
      .then((ms) => void (next = ms), this.options.onError)
      .finally(() => {
        this.looking = undefined;
        const asked = this.rings - performance.now();
        this.rings = Infinity;
        this.dueIn(Math.min(next, asked));
      });
  }

  /** @returns milliseconds until the next look */
  private async take(): Promise<number> {
    const { handle, timers, idleMs } = this.options;
    const answer = await tick(handle.client, [handle.epochKey, timers], [randomUUID(), CLAIM_MS, BATCH]);
    const [epoch, next, claim, ...due] = answer as [string, number, string, ...string[]];
    const before = this.epoch;
    this.epoch = epoch;
    if (before === undefined) this.options.onWatching();
    else if (before !== epoch) this.options.onErased('the epoch in Redis is missing or another');
    if (due.length > 0) {
      await this.options.enqueue(due);
      await release(handle.client, [timers], [claim, ...due]);
    }
    if (due.length === BATCH) return 0;
    return next >= 0 ? Math.min(idleMs, next) : idleMs;
  }
}
