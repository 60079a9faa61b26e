import { setTimeout as sleep } from 'node:timers/promises';
import { request, type Dispatcher } from 'undici';
import { ApiError, errorOfAnswer } from './api-error.ts';
import type { Credentials } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import { TUNING, type ClusterOptions, type Tuning, type Verb } from './options.ts';
import { ConnectionPool } from './pool.ts';
import { retryDelay } from './retry.ts';
import { unreachable } from './unreachable.ts';

/** One request. */
export interface Call {
  verb: Verb;
  kind: string;
  /** `Dpu default/dpu-1`: completes the sentence "cannot patch …". */
  target: string;
  path: string;
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal | undefined;
  /** May be repeated after a failure that leaves open whether it was done. Default: reads. */
  safe?: boolean;
}

type Answer = Awaited<ReturnType<typeof request>>;

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  apply: 'PATCH',
  delete: 'DELETE',
} as const satisfies Record<Verb, Dispatcher.HttpMethod>;

/** HTTP to one API server: pooled connections, identity, deadlines, retries, errors. JSON only. */
export class Transport {
  readonly server: string;
  readonly tuning: Tuning;
  readonly options: ClusterOptions;
  readonly #credentials: Credentials;
  readonly #pool: ConnectionPool;

  constructor(credentials: Credentials, options: ClusterOptions) {
    this.server = credentials.server.replace(/\/+$/, '');
    this.tuning = { ...TUNING, ...options.tuning };
    this.options = options;
    this.#credentials = credentials;
    this.#pool = new ConnectionPool(this.tuning, credentials.proxy);
  }

  /**
   * One request and its whole answer.
   * @throws ApiError; the signal's reason when the caller gave up; KubeconfigError when there is no identity to use
   */
  async send<R>(call: Call): Promise<R> {
    const deadline = new Deadline(this.tuning.requestMs, call.signal);
    try {
      for (let tries = 1; ; tries++) {
        try {
          return await this.#exchange<R>(call, deadline);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          const delay = this.#delay(call, error, tries);
          if (delay === undefined || delay >= deadline.left) throw error;
          await sleep(delay, undefined, { signal: deadline.signal }).catch(() => Promise.reject(error));
        }
      }
    } catch (error) {
      call.signal?.throwIfAborted();
      throw error;
    } finally {
      deadline.dispose();
    }
  }

  /** A 401 was certainly not carried out; the token may just have been renewed. */
  #delay(call: Call, error: ApiError, tries: number): number | undefined {
    if (error.code === 401) this.#credentials.invalidate();
    if (error.code === 401 && tries === 1) return 0;
    return retryDelay(error, { tries, safe: call.safe ?? METHODS[call.verb] === 'GET', random: Math.random() });
  }

  async #exchange<R>(call: Call, deadline: Deadline): Promise<R> {
    return this.#counted(call, deadline, async (count) => {
      const answer = await this.#request(call, deadline.signal, 'requests');
      const text = await answer.body.text();
      count(answer.statusCode);
      if (answer.statusCode >= 300) throw this.#refusal(call, answer, text);
      return JSON.parse(text) as R;
    });
  }

  /** Opens a watch: answers, once the server accepted it, with its stream. From then on only the signal ends it. */
  async open(call: Call & { signal: AbortSignal }): Promise<AsyncIterable<Buffer>> {
    const deadline = new Deadline(this.tuning.requestMs, call.signal);
    try {
      return await this.#counted(call, deadline, async (count) => {
        const answer = await this.#request(call, deadline.signal, 'watches');
        count(answer.statusCode);
        if (answer.statusCode >= 300) throw this.#refusal(call, answer, await answer.body.text());
        deadline.lift();
        return answer.body;
      });
    } catch (error) {
      deadline.dispose();
      if (error instanceof ApiError && error.code === 401) this.#credentials.invalidate();
      throw error;
    }
  }

  /** Ends everything under way. */
  destroy(): Promise<void> {
    return this.#pool.destroy();
  }

  async #request(call: Call, signal: AbortSignal, pool: 'requests' | 'watches'): Promise<Answer> {
    const identity = await this.#credentials.current();
    signal.throwIfAborted();
    const query = new URLSearchParams(
      Object.entries(call.query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const contentType = call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' };
    return request(`${this.server}${call.path}${query.size > 0 ? `?${query}` : ''}`, {
      dispatcher: this.#pool.for(identity.tls)[pool],
      method: METHODS[call.verb],
      headers: { ...identity.headers, accept: 'application/json', 'user-agent': this.options.userAgent, ...contentType },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      // undici would end the connection after each DELETE that has a body, and ours have preconditions.
      reset: false,
      signal,
    });
  }

  async #counted<R>(call: Call, deadline: Deadline, exchange: (count: (code: number) => void) => Promise<R>): Promise<R> {
    const started = performance.now();
    let code = 0;
    try {
      return await exchange((answered) => (code = answered));
    } catch (error) {
      call.signal?.throwIfAborted();
      if (error instanceof ApiError || error instanceof KubeconfigError) throw error;
      code = 0;
      throw unreachable(`${call.verb} ${call.target}`, this.server, error, deadline.expired);
    } finally {
      this.options.onRequest?.({ verb: call.verb, kind: call.kind, code, seconds: (performance.now() - started) / 1000 });
    }
  }

  #refusal(call: Call, answer: Answer, text: string): ApiError {
    const header = answer.headers['retry-after'];
    return errorOfAnswer(`${call.verb} ${call.target}`, answer.statusCode, text, typeof header === 'string' ? header : undefined);
  }
}
