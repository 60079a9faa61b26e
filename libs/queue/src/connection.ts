import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions } from 'ioredis';
import type { RedisSettings } from './ports.ts';
import { RedisUnfit, explain, parseInfo, refusalOf, unfitness, type Trouble } from './preflight.ts';

export interface ConnectOptions {
  /** Told of everything that goes wrong on the connection; it is dealt with here already. */
  onError: (error: Error) => void;
}

/** ioredis' options for our settings: commands wait for Redis as long as it takes, a dead peer is noticed after 15 s. */
export function redisOptions(settings: RedisSettings): RedisOptions {
  const url = new URL(settings.url);
  const secure = url.protocol === 'rediss:';
  const database = Number(url.pathname.slice(1) || 0);
  return {
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(url.port || 6379),
    ...(url.username && { username: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    db: database,
    ...(secure && { tls: settings.caFile ? trusting(settings.caFile) : {} }),
    protocol: 2,
    disableClientInfo: true,
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    disconnectTimeout: 200,
    socketTimeout: 15_000,
    retryStrategy: (times) => Math.min(2_000, 50 * 2 ** Math.min(times, 6)) * (0.5 + Math.random()),
  };
}

/** A CA that is renewed counts from the next connection on: the file is read at each; while it cannot be read, it is as it was. */
function trusting(caFile: string): { readonly ca: Buffer } {
  let ca = readFileSync(caFile);
  return {
    get ca() {
      try {
        ca = readFileSync(caFile);
      } catch {
        // As it was.
      }
      return ca;
    },
  };
}

/** The prefix of all our keys in Redis. */
export const keyPrefix = (settings: RedisSettings): string => settings.prefix ?? 'dpf';

/**
 * A service's connection to Redis. It is usable at once: while Redis is away, commands wait and {@link problem} says why.
 * Emits `erased` whenever what was in Redis may be gone: another server process, or another epoch.
 */
export class RedisHandle extends EventEmitter<{ erased: [string] }> {
  readonly client: Redis;
  readonly prefix: string;
  /** A random value that stands in Redis; when it is missing or another, Redis was erased. */
  readonly epochKey: string;
  private readonly where: string;
  private trouble: Trouble | undefined;
  private serverRun: string | undefined;
  private readonly fit = Promise.withResolvers<void>();

  constructor(settings: RedisSettings, options: ConnectOptions) {
    super();
    this.setMaxListeners(0);
    this.prefix = keyPrefix(settings);
    this.epochKey = `${this.prefix}:epoch`;
    this.where = new URL(settings.url).host;
    this.trouble = { sentence: `Redis at ${this.where} was not reached yet`, lasting: false };
    this.fit.promise.catch(() => {});
    this.client = new Redis(redisOptions(settings));
    this.client.on('error', (error: Error) => {
      this.failed(error);
      options.onError(error);
    });
    this.client.on(
      'close',
      () =>
        (this.trouble ??= { sentence: `the connection to Redis at ${this.where} was lost: trying again until it is back`, lasting: false }),
    );
    this.client.on('ready', () => void this.inspect().catch((error: Error) => this.failed(error)));
  }

  /**
   * Waits until Redis answers (for ever: see {@link problem}).
   * @throws RedisUnfit when it does and only somebody's change can help: too old, may evict, wrong password, missing permission, unknown CA
   */
  preflight(): Promise<void> {
    return this.fit.promise;
  }

  /** For readiness: undefined while Redis is reachable and fit, else one sentence that says what to do. */
  problem(): string | undefined {
    return this.trouble?.sentence;
  }

  /** For liveness: why only a restart helps, for user and password are read at the start; undefined while Redis does not refuse them. */
  refusal(): string | undefined {
    return refusalOf(this.trouble);
  }

  async close(): Promise<void> {
    this.fit.reject(new Error('the connection to Redis was closed'));
    const ended = new Promise((resolve) => this.client.once('end', resolve));
    if (this.client.status === 'end') return;
    this.client.disconnect();
    // Between two attempts ioredis ends without a word.
    if (this.client.status !== 'reconnecting') await ended;
  }

  /** Once per connection. */
  private async inspect(): Promise<void> {
    const info = parseInfo(await this.client.info());
    const unfit = unfitness(info);
    if (unfit !== undefined) throw new RedisUnfit(unfit);
    await this.client.set(this.epochKey, randomUUID(), 'NX');
    this.trouble = undefined;
    this.fit.resolve();
    const before = this.serverRun;
    this.serverRun = info.run_id;
    // Even with persistence, a restart or a failover may have lost the last writes.
    if (before !== undefined && before !== info.run_id) this.emit('erased', 'Redis was restarted or replaced');
  }

  private failed(error: Error): void {
    const trouble = error instanceof RedisUnfit ? { sentence: error.message, lasting: true } : explain(error, this.where);
    this.trouble = trouble;
    if (trouble.lasting) this.fit.reject(error instanceof RedisUnfit ? error : new RedisUnfit(trouble.sentence));
  }
}

/** Connects a service to Redis, in the background and for ever. */
export function connectRedis(settings: RedisSettings, options: ConnectOptions): RedisHandle {
  return new RedisHandle(settings, options);
}
