import { createHash } from 'node:crypto';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import type { Identity } from './credentials.ts';
import type { Tuning } from './options.ts';

/** Dispatchers of one identity: requests share a bounded pool of kept-alive connections, every watch has one of its own, so that none waits for another. */
interface Pair {
  id: string;
  requests: Dispatcher;
  watches: Dispatcher;
}

/** The connections to one API server. When a client certificate or CA rotates, new connections replace the old, which end with their last request. */
export class ConnectionPool {
  readonly #tuning: Tuning;
  readonly #proxy: string | undefined;
  readonly #retired = new Set<Pair>();
  #pair: Pair | undefined;

  constructor(tuning: Tuning, proxy?: string) {
    this.#tuning = tuning;
    this.#proxy = proxy;
  }

  for(tls: Identity['tls']): Pair {
    const id = idOf(tls);
    if (this.#pair?.id === id) return this.#pair;
    const old = this.#pair;
    if (old) {
      this.#retired.add(old);
      void Promise.all([old.requests.close(), old.watches.close()]).finally(() => this.#retired.delete(old));
    }
    this.#pair = { id, requests: this.#dispatcher(tls, this.#tuning.connections, 30_000), watches: this.#dispatcher(tls, null, 0) };
    return this.#pair;
  }

  /** Cuts everything. */
  async destroy(): Promise<void> {
    const pairs = [...this.#retired, ...(this.#pair ? [this.#pair] : [])];
    await Promise.all(pairs.flatMap((pair) => [pair.requests.destroy(), pair.watches.destroy()]));
  }

  #dispatcher(tls: Identity['tls'], connections: number | null, bodyTimeout: number): Dispatcher {
    const common = { allowH2: false, connections, bodyTimeout, headersTimeout: 30_000, keepAliveTimeout: 30_000, pipelining: 1 };
    // TCP keep-alive below the 60 s after which load balancers forget an idle connection.
    const connect = { timeout: this.#tuning.connectMs, keepAlive: true, keepAliveInitialDelay: 30_000, ...tls };
    return this.#proxy ? new ProxyAgent({ ...common, uri: this.#proxy, requestTls: connect }) : new Agent({ ...common, connect });
  }
}

function idOf(tls: Identity['tls']): string {
  const hash = createHash('sha256');
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized]) hash.update(`${String(part)}\0`);
  return hash.digest('hex');
}
