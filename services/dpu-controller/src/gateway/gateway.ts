/** The agents' way in: HTTPS, authenticated, an agent for its own node only. What it says is handed to the reconciler and is in the API when it hears 200. */
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  parseOperationId,
  type AgentApiError,
  type Announcement,
  type ClaimRequest,
  type OperationRef,
  type Reason,
  type Report,
} from '@dpf/api';
import { redact, type Logger } from '@dpf/service';
import pLimit from 'p-limit';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Reconciler, Refusal } from '../ports.ts';
import { readKeyPair, watchKeyPair } from './certificate.ts';
import { createIdentities, NotAuthenticated, type IdentityOptions } from './identity.ts';
import { createRateLimit } from './rate-limit.ts';
import { ANNOUNCEMENT, CLAIM, REPORT } from './schemas.ts';

export interface GatewayOptions extends IdentityOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  certFile: string;
  keyFile: string;
  reconciler: Pick<Reconciler, 'announce' | 'claim' | 'report'>;
  log: Pick<Logger, 'info' | 'warn'>;
  /** For metrics. */
  onRequest?: (request: { call: string; status: number; seconds: number }) => void;
  /** How often the certificate files are looked at; default 10 s. */
  reloadMs?: number;
}

export interface Gateway {
  readonly port: number;
  /** Stops listening, lets requests under way end. */
  close(): Promise<void>;
}

/** An agent reports a running operation every 10 s, and has few; a burst follows its start. */
const CALLS_PER_SECOND = 10;
const CALLS_AT_ONCE = 60;
/** Below the 15 s after which an agent asks again: an answer that nobody waits for is no answer. */
const DEADLINE_MS = 12_000;
/** Worked at a time; the others wait for their turn. Together with the reconciles no more than there are connections: a crowd of agents must not keep these from them. */
const CALLS_AT_A_TIME = 16;
const BODY_BYTES = 64 * 1024;
/** As much of an agent's sentence as goes into a status. */
const MESSAGE_CHARACTERS = 1024;

/** Listens. @throws when the certificate cannot be used or the port is taken */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const pair = await readKeyPair(options.certFile, options.keyFile);
  const server = fastify({
    https: { ...pair, minVersion: 'TLSv1.2' },
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: 20_000,
    forceCloseConnections: 'idle',
    // No coercion: "1" is no number. Unknown fields are dropped, so that a newer agent is understood.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: true, useDefaults: false, allErrors: false } },
  });
  routes(server as unknown as FastifyInstance, options);
  const stopWatching = watchKeyPair(
    { ...options, first: pair, everyMs: options.reloadMs ?? 10_000 },
    (next) => {
      (server.server as HttpsServer).setSecureContext({ ...next, minVersion: 'TLSv1.2' });
      options.log.info('the certificate of the agents’ endpoint was renewed');
    },
    (error) => options.log.warn({ err: error }, 'the certificate of the agents’ endpoint cannot be read again'),
  );
  await server.listen({ host: options.host, port: options.port });
  return {
    port: (server.server.address() as AddressInfo).port,
    close: async () => {
      stopWatching();
      await server.close();
    },
  };
}

/** The node that a request was authenticated as. Kept beside the request: a header could be forged. */
type Callers = WeakMap<FastifyRequest, string>;

function routes(server: FastifyInstance, options: GatewayOptions): void {
  const { reconciler } = options;
  const callers: Callers = new WeakMap();
  const nodeOf = (request: FastifyRequest): string => callers.get(request) ?? '';
  guard(server, options, callers);
  const turns = pLimit(CALLS_AT_A_TIME);
  const inTurn = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    return turns(async () => {
      signal.throwIfAborted();
      return work(signal);
    });
  };

  server.post('/v1/announce', { schema: { body: ANNOUNCEMENT } }, async (request, reply) => {
    const announcement = request.body as Announcement;
    const node = nodeOf(request);
    if (announcement.node !== node)
      return refuse(reply, foreign(`this agent runs on ${node} and announced itself for ${announcement.node}`));
    const answer = await inTurn((signal) => reconciler.announce(node, announcement, signal));
    return 'accepted' in answer ? answer.accepted : refuse(reply, answer);
  });

  server.post<{ Params: { id: string } }>('/v1/operations/:id/claim', { schema: { body: CLAIM } }, async (request, reply) => {
    const ref = operationOf(request.params.id, nodeOf(request));
    if ('refused' in ref) return refuse(reply, ref);
    const answer = await inTurn((signal) => reconciler.claim(ref, nodeOf(request), request.body as ClaimRequest, signal));
    return 'granted' in answer ? answer.granted : refuse(reply, answer);
  });

  server.post<{ Params: { id: string } }>('/v1/operations/:id/report', { schema: { body: REPORT } }, async (request, reply) => {
    const ref = operationOf(request.params.id, nodeOf(request));
    if ('refused' in ref) return refuse(reply, ref);
    const said = request.body as Report;
    const report = { ...said, message: redact(said.message).slice(0, MESSAGE_CHARACTERS) };
    const answer = await inTurn((signal) => reconciler.report(ref, nodeOf(request), report, signal));
    return 'accepted' in answer ? answer.accepted : refuse(reply, answer);
  });
}

/** In front of every call: who is it, and not too often. Behind it: every failure as an AgentApiError. */
function guard(server: FastifyInstance, options: GatewayOptions, callers: Callers): void {
  const identities = createIdentities(options);
  const limit = createRateLimit(CALLS_PER_SECOND, CALLS_AT_ONCE, options.now);
  server.addHook('onRequest', async (request, reply) => {
    // A bfb.cfg may be in the answer: nothing on the way keeps it.
    void reply.header('cache-control', 'no-store');
    const node = await identities.nodeOf(request.headers.authorization, AbortSignal.timeout(DEADLINE_MS));
    callers.set(request, node);
    const seconds = limit.take(node);
    if (seconds > 0)
      return send(reply.header('retry-after', String(seconds)), 429, 'TooManyRequests', `the agent of ${node} calls too often`);
  });
  server.addHook('onResponse', async (request, reply) => {
    const call = request.routeOptions.url?.split('/').at(-1) ?? 'unknown';
    options.onRequest?.({ call, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
  });
  server.setNotFoundHandler((request, reply) =>
    send(reply, 404, 'NotFound', `there is no ${request.method} ${request.url.slice(0, 100)} here`),
  );
  server.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof NotAuthenticated)
      return send(reply, error.status, error.status === 401 ? 'Unauthenticated' : 'NotAnAgent', error.message);
    if (error.statusCode !== undefined && error.statusCode < 500) return send(reply, error.statusCode, 'BadRequest', error.message);
    options.log.warn(
      { err: error, call: request.routeOptions.url, node: callers.get(request) },
      'an agent could not be served, it tries again',
    );
    return send(reply.header('retry-after', '2'), 503, 'Unavailable', 'the request could not be served now; keep it and try again');
  });
}

/** An id is taken apart here and nowhere believed; a reset belongs to the node that it names. */
function operationOf(id: string, node: string): OperationRef | Refusal {
  const ref = parseOperationId(id);
  if (!ref) return { status: 409, refused: { reason: 'OperationStale', message: 'this is no operation id' } };
  if (ref.kind === 'reset' && ref.node !== node) return foreign(`the agent of ${node} asked for a reset of ${ref.node}`);
  return ref;
}

const foreign = (message: string): Refusal => ({ status: 403, refused: { reason: 'NotYours', message } });
const refuse = (reply: FastifyReply, { status, refused }: Refusal) => reply.code(status).send(refused);
const send = (reply: FastifyReply, status: number, reason: Reason, message: string) =>
  reply.code(status).send({ reason, message } satisfies AgentApiError);
