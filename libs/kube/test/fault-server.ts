/** A hand-written HTTP(S) server that does to a client whatever a test says, and counts connections and requests. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Request {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
  /** Which request of this kind (`list`, `watch`, or the method) it is, from 1. */
  nth: number;
}

/** What a test can do to a request. */
export interface Reply {
  json(body: unknown, code?: number, headers?: Record<string, string>): void;
  /** A metav1.Status. */
  refuse(code: number, reason: string, headers?: Record<string, string>): void;
  /** Sends headers and these lines, and leaves the stream open. */
  stream(...events: unknown[]): void;
  /** Sends raw bytes of a body and cuts the connection. */
  cut(bytes?: string): void;
  end(): void;
  raw: ServerResponse;
}

export interface FaultServer {
  url: string;
  requests: Request[];
  connections(): number;
  /** Requests seen of a kind: `list`, `watch`, or a method. */
  count(kind: string): number;
  close(): Promise<void>;
}

export async function serve(handle: (request: Request, reply: Reply) => void, tls?: ServerOptions): Promise<FaultServer> {
  const requests: Request[] = [];
  const counts = new Map<string, number>();
  let connections = 0;
  const listener: RequestListener = (message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const url = new URL(message.url ?? '/', 'http://server');
      const kind = kindOf(message.method ?? '', url);
      const nth = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, nth);
      const body = Buffer.concat(chunks).toString();
      const request = { method: message.method ?? '', path: url.pathname, query: url.searchParams, headers: message.headers, body, nth };
      requests.push(request);
      handle(request, replyOf(response));
    });
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on(tls ? 'secureConnection' : 'connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    count: (kind) => counts.get(kind) ?? 0,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function kindOf(method: string, url: URL): string {
  if (method !== 'GET') return method;
  if (url.searchParams.has('watch')) return 'watch';
  return url.searchParams.has('limit') || url.searchParams.has('continue') || /s$/.test(url.pathname) ? 'list' : 'GET';
}

function replyOf(raw: ServerResponse): Reply {
  const json = (body: unknown, code = 200, headers: Record<string, string> = {}) => {
    raw.writeHead(code, { 'content-type': 'application/json', ...headers });
    raw.end(JSON.stringify(body));
  };
  return {
    raw,
    json,
    refuse: (code, reason, headers) =>
      json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `a ${reason} made by the test` }, code, headers),
    stream: (...events) => {
      if (!raw.headersSent) raw.writeHead(200, { 'content-type': 'application/json' });
      raw.flushHeaders();
      for (const event of events) raw.write(`${JSON.stringify(event)}\n`);
    },
    cut: (bytes = '') => {
      if (!raw.headersSent) raw.writeHead(200, { 'content-type': 'application/json' });
      raw.write(bytes, () => raw.socket?.destroy());
    },
    end: () => raw.end(),
  };
}
