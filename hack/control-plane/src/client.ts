/** Requests of an administrator to the API server: just enough to set a control plane up. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KeyAndCert } from '@dpf/pki';

export interface Answer {
  code: number;
  body: string;
}

export interface Client {
  /** One request, JSON in both directions. Throws where there is no answer within 10 s. */
  call(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer>;
  /** As `call`; throws unless the answer is 2xx. */
  demand<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T>;
  close(): void;
}

const ANSWER_MS = 10_000;

export function clientOf(server: string, caPem: string, user: KeyAndCert): Client {
  const agent = new Agent({ ca: caPem, cert: user.certPem, key: user.keyPem, keepAlive: true });
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { 'user-agent': 'dpf-control-plane', 'content-type': 'application/json' };
    const ask = request(new URL(path, server), { method, agent, headers, signal: AbortSignal.timeout(ANSWER_MS) });
    ask.end(body && JSON.stringify(body));
    const [response] = (await once(ask, 'response')) as [IncomingMessage];
    return { code: response.statusCode ?? 0, body: await text(response) };
  };
  return {
    call,
    demand: async (method, path, body) => {
      const answer = await call(method, path, body);
      if (answer.code < 200 || answer.code > 299) throw new Error(`${method} ${path}: ${answer.code} ${answer.body}`);
      return JSON.parse(answer.body);
    },
    close: () => agent.destroy(),
  };
}
