/** The HTTP endpoint of every service: /healthz (alive), /readyz (each check by name), /metrics (Prometheus text). */
import { fastify, type FastifyInstance } from 'fastify';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { VERSION } from './version.ts';

/** Resolves to undefined when fine, or to one sentence that says what is missing. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** To listen on: `::` where the system has IPv6, which takes IPv4 too, otherwise `0.0.0.0`. A Pod may have an address of either family, or of both. */
export const EVERY_ADDRESS = '';

export interface Probes {
  readonly registry: Registry;
  /** Adds a check to /readyz. */
  readiness(name: string, check: Check): void;
  /** Adds a check to /healthz: failing means that only a restart helps. */
  liveness(name: string, check: Check): void;
  listen(options: { host: string; port: number }): Promise<string>;
  close(): Promise<void>;
}

export function createProbes(service: string): Probes {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'dpf_build_info', help: 'Always 1; its labels say what runs.', labelNames: ['version'], registers: [registry] }).set(
    { version: VERSION },
    1,
  );
  const server: FastifyInstance = fastify({ logger: false, forceCloseConnections: true });
  const checks = { ready: new Map<string, Check>(), alive: new Map<string, Check>() };
  const answer = async (of: Map<string, Check>) => {
    const results = await Promise.all([...of].map(async ([name, check]) => [name, await problemOf(check)] as const));
    const failed = results.filter(([, problem]) => problem !== undefined);
    return { ok: failed.length === 0, checks: Object.fromEntries(results.map(([name, problem]) => [name, problem ?? 'ok'])) };
  };
  server.get('/healthz', async (_request, reply) => {
    const result = await answer(checks.alive);
    return reply.code(result.ok ? 200 : 503).send(result);
  });
  server.get('/readyz', async (_request, reply) => {
    const result = await answer(checks.ready);
    return reply.code(result.ok ? 200 : 503).send(result);
  });
  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return {
    registry,
    readiness: (name, check) => void checks.ready.set(name, check),
    liveness: (name, check) => void checks.alive.set(name, check),
    listen: (options) => server.listen(options),
    close: () => server.close(),
  };
}

/** kubelet's own patience is a second by default: an answer that names the check must come before. */
const CHECK_MS = 900;

async function problemOf(check: Check): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>(
    (resolve) => (timer = setTimeout(() => resolve(`did not answer within ${CHECK_MS / 1000} s`), CHECK_MS)),
  );
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return (error as Error).message;
  } finally {
    clearTimeout(timer);
  }
}
