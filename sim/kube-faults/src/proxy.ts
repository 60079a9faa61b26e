/**
 * A TLS proxy on loopback in front of a real API server, for its faults. Bearer tokens pass. A client certificate cannot pass a proxy that ends TLS: whoever
 * shows one is impersonated (`Impersonate-User` and -`Group`) with the proxy's own certificate, which must be an administrator's.
 */
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, RequestListener } from 'node:http';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { verbOf } from './asked.ts';
import { serveControl } from './control.ts';
import { FaultLayer } from './layer.ts';

interface KeyAndCert {
  certPem: string;
  keyPem: string;
}

export interface FaultProxyOptions {
  /** URL of the API server, and the CA of its certificate. */
  server: string;
  caPem: string;
  /** Certificate of an administrator of it. */
  admin: KeyAndCert;
  /** The proxy's own serving certificate. */
  serving: KeyAndCert;
  /** The CA of the client certificates that are accepted; default: `caPem`. */
  clientCaPem?: string;
  /** Default: any free one. */
  port?: number;
  controlPort?: number;
  /** The token to present for a user who showed a certificate; undefined: impersonate. */
  tokenOf?: (user: string) => string | undefined;
  /** Restarts the API server behind the proxy. */
  restart?: () => Promise<void> | void;
}

export interface FaultProxy {
  url: string;
  /** URL of the control API. */
  control: string;
  faults: FaultLayer;
  close(): Promise<void>;
}

/** Starts a proxy that listens on 127.0.0.1. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { server, caPem, admin, serving, restart } = options;
  const asItself = new Agent({ ca: caPem, cert: admin.certPem, key: admin.keyPem, keepAlive: true });
  const asCaller = new Agent({ ca: caPem, keepAlive: true });
  const faults = new FaultLayer({ revision: () => revisionOf(server, asItself), ...(restart && { restart }) });
  const pass: RequestListener = (request, response) => {
    const identity = identityOf(request, options.tokenOf);
    const impersonates = 'Impersonate-User' in identity;
    const upstream = httpsRequest(new URL(request.url ?? '/', server), {
      method: request.method,
      headers: { ...endToEnd(request.headers), ...identity },
      agent: impersonates ? asItself : asCaller,
    });
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      if (verbOf(request.method ?? 'GET', false, new URL(request.url ?? '/', server).searchParams) === 'watch') response.flushHeaders();
      answer.on('error', () => response.destroy()).pipe(response);
    });
    // A server that does not answer looks to the client as it would without a proxy.
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  };
  const listener = createServer(
    {
      cert: serving.certPem,
      key: serving.keyPem,
      ca: options.clientCaPem ?? caPem,
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: 60_000,
      noDelay: true,
    },
    faults.wrap(pass),
  );
  listener.listen(options.port ?? 0, '127.0.0.1');
  await once(listener, 'listening');
  const control = await serveControl(faults, options.controlPort);
  return {
    url: `https://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    control: control.url,
    faults,
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      listener.closeAllConnections();
      asItself.destroy();
      asCaller.destroy();
      await Promise.all([closed, control.close()]);
    },
  };
}

/** Headers that speak of one connection only (RFC 9110, 7.6.1). */
const HOP = new Set(['connection', 'host', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
const endToEnd = (headers: IncomingMessage['headers']): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)));

function identityOf({ headers, socket }: IncomingMessage, tokenOf?: (user: string) => string | undefined): OutgoingHttpHeaders {
  if (headers.authorization !== undefined || !(socket as TLSSocket).authorized) return {};
  const { CN, O = [] } = (socket as TLSSocket).getPeerCertificate().subject as { CN: string; O?: string | string[] };
  const token = tokenOf?.(CN);
  return token === undefined ? { 'Impersonate-User': CN, 'Impersonate-Group': [O].flat() } : { Authorization: `Bearer ${token}` };
}

/** The version of a list that holds next to nothing. */
async function revisionOf(server: string, agent: Agent): Promise<number> {
  const call = httpsRequest(new URL('/api/v1/namespaces?limit=1', server), { agent }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const { metadata } = (await json(response)) as { metadata?: { resourceVersion?: string } };
  return Number(metadata?.resourceVersion);
}
