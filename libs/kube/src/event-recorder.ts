import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '@dpf/api';
import { ApiError, isAlreadyExists, isNotFound, isUnreachable } from './api-error.ts';
import { CORE } from './core.ts';
import { EventBudget } from './event-budget.ts';
import { eventOf, type Event } from './event.ts';
import type { EventRecorder } from './ports.ts';
import { HttpResourceClient } from './resource-client.ts';
import { keyOf } from './store.ts';
import type { Transport } from './transport.ts';

/** Events that may wait; further ones are dropped. */
const QUEUE = 1_000;
/** Events whose count is remembered; of the others the server is asked. */
const REMEMBERED = 2_000;
const TRIES = 3;
const RETRY_MS = 1_000;

/** {@link EventRecorder}: one sender, one event after the other; the same event waits only once. */
export class ClusterEventRecorder implements EventRecorder {
  readonly #transport: Transport;
  readonly #events: HttpResourceClient<Event>;
  readonly #component: string;
  readonly #now: () => number;
  readonly #budget = new EventBudget();
  readonly #waiting = new Map<string, Event>();
  readonly #counts = new Map<string, number>();
  readonly #stop = new AbortController();
  #sending: Promise<void> | undefined;
  #dropping = false;

  constructor(transport: Transport, component: string, now: () => number = Date.now) {
    this.#transport = transport;
    this.#events = new HttpResourceClient<Event>(transport, CORE.Event);
    this.#component = component;
    this.#now = now;
  }

  record(about: KubeObject, said: { type: 'Normal' | 'Warning'; reason: string; message: string }): void {
    try {
      if (this.#stop.signal.aborted) return;
      const now = this.#now();
      const event = eventOf(this.#component, about, said, new Date(now).toISOString());
      const key = keyOf(event.metadata);
      const waiting = this.#waiting.get(key);
      if (waiting) {
        waiting.count++;
        waiting.lastTimestamp = event.lastTimestamp;
        return;
      }
      if (!this.#budget.take(about.metadata.uid ?? keyOf(about.metadata), now)) return;
      if (this.#waiting.size >= QUEUE) return this.#drop();
      this.#waiting.set(key, event);
      this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
    } catch (error) {
      this.#report(error);
    }
  }

  /** Said once until all that waits is sent: a word about each would be more work than to send it. */
  #drop(): void {
    if (this.#dropping) return;
    this.#dropping = true;
    this.#report(new Error(`${QUEUE} events wait to be sent: those that find no room are dropped`));
  }

  async flush(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  /** Sends what waits, for so many milliseconds at most, then gives up. */
  async stop(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), ms);
    await this.flush();
    clearTimeout(timer);
    this.#stop.abort();
  }

  async #send(): Promise<void> {
    // Everything recorded in one turn goes out together with its count.
    await Promise.resolve();
    for (const [key, event] of this.#waiting) {
      this.#waiting.delete(key);
      await this.#deliver(key, event).catch((error: unknown) => this.#report(error));
    }
    this.#dropping = false;
  }

  async #deliver(key: string, event: Event): Promise<void> {
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        return this.#remember(key, await this.#write(key, event));
      } catch (error) {
        if (tries >= TRIES || !(isUnreachable(error) || (error instanceof ApiError && error.code === 429))) throw error;
        await sleep(RETRY_MS, undefined, { signal: this.#stop.signal });
      }
    }
  }

  /** The count after this event was added to it. */
  async #write(key: string, event: Event): Promise<number> {
    const signal = this.#stop.signal;
    const known = this.#counts.get(key);
    if (known === undefined) {
      try {
        await this.#events.create(event, { signal });
        return event.count;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    const count = (known ?? (await this.#events.get(event.metadata, { signal }))?.count ?? 0) + event.count;
    try {
      await this.#events.patch(event.metadata, { count, lastTimestamp: event.lastTimestamp }, { signal });
      return count;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // The server drops events after an hour.
      await this.#events.create(event, { signal });
      return event.count;
    }
  }

  #remember(key: string, count: number): void {
    this.#counts.delete(key);
    this.#counts.set(key, count);
    if (this.#counts.size > REMEMBERED) this.#counts.delete(this.#counts.keys().next().value as string);
  }

  #report(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#transport.options.onProblem?.({
      during: 'event',
      kind: 'Event',
      error: error instanceof Error ? error : new Error(String(error)),
    });
  }
}
