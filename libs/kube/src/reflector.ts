import { setImmediate as yieldToOthers, setTimeout as sleep } from 'node:timers/promises';
import type { KindInfo, KubeObject } from '@dpf/api';
import { ApiError, isGone, isInvalid } from './api-error.ts';
import { Backoff } from './backoff.ts';
import { Cache } from './cache.ts';
import { listPages } from './list.ts';
import type { Problem } from './options.ts';
import type { ReflectOptions, Reflector, Store, StoreEvent } from './ports.ts';
import { compareResourceVersion } from './resource-version.ts';
import { keyOf } from './store.ts';
import type { Transport } from './transport.ts';
import { WHOLE, WatchIdleError, watch, type WatchPosition } from './watch.ts';

/** A watch that lasted this long has shown that the server is well, in milliseconds. */
const PROVEN_MS = 1_000;
/** What a watch lasts for each object that is known, in milliseconds: telling all anew costs at most ten objects a second. */
const PER_OBJECT_MS = 100;
/** Deletions that a relist found, told between two turns of other work. */
const CHUNK = 500;

/** {@link Reflector}: one loop that lists when it must, else watches from where it was. In its time a watch is followed by one that tells all again. */
export class KindReflector<T extends KubeObject> implements Reflector<T> {
  readonly #transport: Transport;
  readonly #kind: KindInfo;
  readonly #options: ReflectOptions<T>;
  readonly #cache: Cache<T>;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  /** Where the watch goes on; undefined: a list is needed. */
  #position: WatchPosition | undefined;
  #retells = true;
  /** By performance.now(): from then on the next watch shows whether an event got lost since all was told last. */
  #retellDue = 0;
  #loop: Promise<void> | undefined;
  hasSynced = false;

  constructor(transport: Transport, kind: KindInfo, options: ReflectOptions<T>) {
    this.#transport = transport;
    this.#kind = kind;
    this.#options = options;
    this.#backoff = new Backoff(transport.tuning.backoffMs);
    this.#cache = new Cache<T>(kind, options, (error) => this.#report('handler', error));
    this.#synced.promise.catch(() => undefined);
  }

  get store(): Store<T> {
    return this.#cache.store;
  }

  onEvent(handler: (event: StoreEvent<T>) => void): () => void {
    return this.#cache.onEvent(handler);
  }

  learn(object: T): void {
    this.#cache.learn(object);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** @throws the signal's reason; an Error when it is stopped before */
  async synced(signal?: AbortSignal): Promise<void> {
    if (!signal) return this.#synced.promise;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#synced.reject(new Error(`the reflector of ${this.#kind.plural} was stopped before its first list was whole`));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // A watch that ended before goes on where it was: a server ends that of a client which falls behind, and to be told all would put it back further.
      if (this.#position && performance.now() >= this.#retellDue) {
        this.#position.retell = this.#retells;
        this.#retellDue = this.#nextDue();
      }
      const during = this.#position ? 'watch' : 'list';
      const began = performance.now();
      const error = await (this.#position ? this.#watch(this.#position) : this.#list()).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (signal.aborted) return;
      const proven = during === 'watch' && performance.now() - began >= PROVEN_MS;
      if (proven) this.#backoff.reset();
      if (error !== undefined) await this.#recover(during, error);
      // A server that ends every watch at once must not be asked in a tight loop.
      else if (during === 'watch' && !proven) await this.#pause();
    }
  }

  async #recover(during: 'watch' | 'list', error: unknown): Promise<void> {
    this.#report(during, error as Error);
    if (error instanceof WatchIdleError) await this.#checkHistory();
    if (this.#position?.retell && isInvalid(error)) {
      // A server before Kubernetes 1.32 does not tell again.
      this.#retells = this.#position.retell = false;
      return;
    }
    if (!isGone(error)) return this.#pause(error instanceof ApiError ? error.retryAfterSeconds : undefined);
    this.#position = undefined;
    // The first list after a 410 must not wait, a 410 after every list must.
    if (this.#backoff.failures > 0) return this.#pause();
    this.#backoff.next();
  }

  async #pause(seconds = 0): Promise<void> {
    await sleep(Math.max(this.#backoff.next(), seconds * 1000), undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  async #list(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const scope = {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector && { labelSelector }),
      ...(fieldSelector && { fieldSelector }),
    };
    const seen = new Set<string>();
    let resourceVersion = '';
    for await (const page of listPages<T>(this.#transport, this.#kind, { ...scope, signal: this.#stop.signal })) {
      if (page.first) seen.clear();
      for (const item of page.items) {
        seen.add(keyOf(item.metadata));
        this.#cache.put(item, 'list');
      }
      resourceVersion = page.resourceVersion;
    }
    await this.#keepOnly(seen);
    this.#position = { resourceVersion };
    this.#retellDue = this.#nextDue();
    this.hasSynced = true;
    this.#synced.resolve();
  }

  async #watch(position: WatchPosition): Promise<void> {
    const events = watch<T>(this.#transport, this.#kind, this.#options, position, this.#secondsLeft(), this.#stop.signal);
    const retold = new Set<string>();
    for await (const { type, object } of events) {
      if (type === WHOLE) {
        if (this.#cache.except(retold).length === 0) continue;
        // What was not told again is gone, or its telling got lost: a list says which.
        this.#position = undefined;
        return;
      }
      if (type === 'DELETED') this.#cache.remove(object.metadata, object);
      else {
        this.#cache.put(object, 'watch');
        if (position.retell) retold.add(keyOf(object.metadata));
      }
      this.#backoff.reset();
    }
  }

  #nextDue(): number {
    const [least, most] = this.#transport.tuning.watchMs;
    const ms = Math.min(most, Math.max(least, this.store.size * PER_OBJECT_MS));
    return performance.now() + ms * (0.8 + 0.2 * Math.random());
  }

  /** What a watch lasts that begins now. */
  #secondsLeft(): number {
    return Math.max(1, Math.ceil((this.#retellDue - performance.now()) / 1000));
  }

  /** Removes what is gone: everything whose key was not seen. */
  async #keepOnly(seen: ReadonlySet<string>): Promise<void> {
    for (const [i, ref] of this.#cache.except(seen).entries()) {
      this.#cache.remove(ref);
      if (i % CHUNK === CHUNK - 1) await yieldToOthers();
    }
  }

  /**
   * A server restored from a backup is behind the version we know, and a watch from the future stays silent for ever. So after a silent watch the
   * server is asked where it stands.
   */
  async #checkHistory(): Promise<void> {
    const { namespace } = this.#options;
    try {
      const options = { limit: 1, signal: this.#stop.signal, ...(namespace !== undefined && { namespace }) };
      const { value } = await listPages<T>(this.#transport, this.#kind, options).next();
      if (value && compareResourceVersion(value.resourceVersion, this.#position?.resourceVersion) < 0) this.#position = undefined;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#report('list', error as Error);
    }
  }

  #report(during: Problem['during'], error: Error): void {
    this.#transport.options.onProblem?.({ during, kind: this.#kind.kind, error });
  }
}
