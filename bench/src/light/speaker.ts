/** One agent's way to dpu-controller: HTTPS over a connection of its own, a token bound to its Pod, tried until answered. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Endpoint {
  url: string;
  caPem: string;
}

/** As dms-agent's. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** A final answer: this is not wanted. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export class Speaker {
  readonly #endpoint: Endpoint;
  readonly #token: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #closed = false;
  /** Calls that had to be repeated. */
  repeated = 0;

  constructor(endpoint: Endpoint, token: string) {
    this.#endpoint = endpoint;
    this.#token = token;
  }

  /** @throws Refused on 403 and 409, or once it is closed */
  async post<T>(path: string, body: unknown): Promise<T> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const { code, answer } = await this.#once(path, JSON.stringify(body)).catch((error: Error) => ({ code: 0, answer: error.message }));
      if (code === 200) return JSON.parse(answer) as T;
      if (code === 403 || code === 409 || this.#closed) throw new Refused(`${path}: ${code} ${answer}`);
      this.repeated++;
      await sleep(pause, undefined, { ref: false });
    }
  }

  async #once(path: string, body: string): Promise<{ code: number; answer: string }> {
    const { url, caPem } = this.#endpoint;
    const call = request(new URL(path, url), {
      method: 'POST',
      agent: this.#agent,
      ca: caPem,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization: `Bearer ${this.#token}` },
      timeout: 15_000,
    });
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.end(body);
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return { code: response.statusCode ?? 0, answer: await text(response) };
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
  }
}
