/** A bare client for the stories: what went over the wire is what is judged. */
import { Agent, request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';

export type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- answers are judged as they come

export interface Answer {
  code: number;
  body: Body;
  text: string;
  headers: Record<string, string | string[] | undefined>;
}

export interface Options {
  type?: string;
  accept?: string;
  /** A bearer token instead of the client certificate. */
  token?: string;
  /** No credentials at all. */
  anonymous?: boolean;
}

export interface WatchEvent {
  type: string;
  object: Body;
}

/** An open watch: events in order. */
export interface Watching {
  next(): Promise<WatchEvent>;
  /** All events until the server ends the watch. */
  rest(): Promise<WatchEvent[]>;
  stop(): void;
}

export interface Client {
  url: string;
  call(method: string, path: string, body?: unknown, options?: Options): Promise<Answer>;
  get(path: string, options?: Options): Promise<Answer>;
  post(path: string, body: unknown, options?: Options): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  merge(path: string, body: unknown): Promise<Answer>;
  /** Server-side apply; the query holds fieldManager. */
  apply(path: string, body: unknown): Promise<Answer>;
  remove(path: string, body?: unknown): Promise<Answer>;
  watch(path: string, options?: Options): Promise<Watching>;
  close(): void;
}

const decoded = (base64: string) => Buffer.from(base64, 'base64').toString();

/** A client with the credentials of a kubeconfig. */
export function clientOf(kubeconfig: string): Client {
  const { clusters, users } = parse(kubeconfig) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const { server, 'certificate-authority-data': ca } = clusters[0]!.cluster as { server: string; 'certificate-authority-data': string };
  const { 'client-certificate-data': cert, 'client-key-data': key } = users[0]!.user as Record<string, string>;
  const admin = new Agent({ ca: decoded(ca), cert: decoded(cert!), key: decoded(key!), keepAlive: true, maxSockets: 64 });
  const nobody = new Agent({ ca: decoded(ca), keepAlive: true });
  const open = (method: string, path: string, body: unknown, { type = 'application/json', accept, token, anonymous }: Options) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const request = httpsRequest(new URL(path, server), {
      method,
      agent: token !== undefined || anonymous ? nobody : admin,
      headers: {
        'User-Agent': 'stories/1.0',
        ...(accept !== undefined && { Accept: accept }),
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(text !== undefined && { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }),
      },
    });
    request.end(text);
    return request;
  };
  const call: Client['call'] = (method, path, body, options = {}) =>
    new Promise((resolve, reject) => {
      open(method, path, body, options)
        .on('error', reject)
        .on('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const json = response.headers['content-type']?.startsWith('application/json');
            resolve({ code: response.statusCode ?? 0, text, body: json ? (JSON.parse(text) as Body) : {}, headers: response.headers });
          });
        });
    });
  const watch: Client['watch'] = (path, options = {}) =>
    new Promise((resolve, reject) => {
      const request = open('GET', path, undefined, options);
      request.on('error', reject).on('response', (response) => {
        const lines = createInterface({ input: response })[Symbol.asyncIterator]();
        response.on('error', () => undefined);
        const next = async (): Promise<WatchEvent | undefined> => {
          const { done, value } = await lines.next();
          return done ? undefined : (JSON.parse(value) as WatchEvent);
        };
        resolve({
          next: async () => {
            const event = await next();
            if (!event) throw new Error('the watch has ended');
            return event;
          },
          rest: async () => {
            const events: WatchEvent[] = [];
            for (let event = await next(); event; event = await next()) events.push(event);
            return events;
          },
          stop: () => request.destroy(),
        });
      });
    });
  return {
    url: server,
    call,
    get: (path, options) => call('GET', path, undefined, options),
    post: (path, body, options) => call('POST', path, body, options),
    put: (path, body) => call('PUT', path, body),
    merge: (path, body) => call('PATCH', path, body, { type: 'application/merge-patch+json' }),
    apply: (path, body) => call('PATCH', path, body, { type: 'application/apply-patch+yaml' }),
    remove: (path, body) => call('DELETE', path, body),
    watch,
    close: () => {
      admin.destroy();
      nobody.destroy();
    },
  };
}
