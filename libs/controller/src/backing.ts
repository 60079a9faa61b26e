/** A controller's connections: cluster and Redis, with their failures in the log and in the probes. */
import { connect, type Cluster } from '@dpf/kube';
import {
  connectRedis,
  createWakeUpSender,
  createWorkQueue,
  type QueueEvent,
  type RedisHandle,
  type WakeUpSender,
  type WorkQueue,
} from '@dpf/queue';
import { env, VERSION, type Logger, type ServiceContext } from '@dpf/service';
import { createMetrics, type ControllerMetrics } from './metrics.ts';

/** Settings that every controller has. */
export const CONTROLLER_CONFIG = {
  kubeconfig: ['KUBECONFIG', env.optional()],
  redisUrl: ['REDIS_URL', env.url(['redis:', 'rediss:'])],
  redisCaFile: ['REDIS_CA_FILE', env.optional()],
  redisPrefix: ['REDIS_PREFIX', env.text('dpf')],
  /** Empty: all namespaces. */
  namespaces: ['WATCH_NAMESPACES', env.list()],
  /** After so many seconds the API server tells all objects anew, of more than 600 less often: so long is the effect of an event that got lost. */
  watchSeconds: ['WATCH_SECONDS', env.integer({ min: 1, max: 600, default: 60 })],
} as const;

export interface ControllerSettings {
  kubeconfig: string | undefined;
  redisUrl: string;
  redisCaFile: string | undefined;
  redisPrefix: string;
  watchSeconds: number;
}

export interface Backing {
  cluster: Cluster;
  redis: RedisHandle;
  metrics: ControllerMetrics;
  /** For the watches of other clusters: how long each lasts. */
  watchMs: readonly [number, number];
  /** A queue that this service works. `patient`: its keys may wait long, their lateness does not make the service unready. */
  workQueue(name: string, options?: { patient?: boolean }): WorkQueue;
  /** A queue that another service works. */
  sender(name: string): WakeUpSender;
}

/** However many objects: then all are told anew, in milliseconds. */
const LONGEST_WATCH_MS = 600_000;
/** Wakes later than this mean that the queue does not get on, in milliseconds. */
const LAG_MS = 60_000;

/**
 * Connects to cluster and Redis; both are awaited in the background and named in /readyz while they are away.
 * @throws KubeconfigError
 */
export async function connectBacking(context: ServiceContext<ControllerSettings>, name: string): Promise<Backing> {
  const { config, log, probes, onStop } = context;
  const metrics = createMetrics(probes.registry);
  const watchMs = [1000 * config.watchSeconds, LONGEST_WATCH_MS] as const;
  const cluster = await connect({
    ...(config.kubeconfig ? { kubeconfigFile: config.kubeconfig } : {}),
    userAgent: `${name}/${VERSION}`,
    tuning: { watchMs },
    onRequest: metrics.request,
    onProblem: (problem) => {
      metrics.problem(problem);
      log.warn({ err: problem.error, during: problem.during, kind: problem.kind }, 'a request in the background failed, it is tried again');
    },
  });
  onStop('cluster', () => cluster.close());
  const onError = (error: Error) => log.warn({ err: error }, 'Redis');
  const redis = connectRedis(
    { url: config.redisUrl, prefix: config.redisPrefix, ...(config.redisCaFile ? { caFile: config.redisCaFile } : {}) },
    { onError },
  );
  redis.preflight().catch((error: Error) => {
    if (!context.signal.aborted) context.fail(error);
  });
  onStop('redis', () => redis.close());
  probes.readiness('redis', () => redis.problem());
  probes.liveness('redis', () => redis.refusal());
  return {
    cluster,
    redis,
    metrics,
    watchMs,
    workQueue(queue, { patient = false } = {}) {
      const work = createWorkQueue(redis, queue, {
        onEvent: (event) => {
          metrics.queue(queue, event);
          logEvent(log, queue, event);
        },
      });
      metrics.lag(queue, () => work.lagMs());
      if (!patient)
        probes.readiness(`queue ${queue}`, async () => {
          const lag = redis.problem() === undefined ? await work.lagMs() : 0;
          return lag > LAG_MS ? `the oldest wake-up is ${Math.round(lag / 1000)} s late` : undefined;
        });
      return work;
    },
    sender: (queue) => {
      const sender = createWakeUpSender(redis, queue, { onError });
      onStop(`sender of ${queue}`, () => sender.close());
      return sender;
    },
  };
}

function logEvent(log: Logger, queue: string, event: QueueEvent): void {
  switch (event.type) {
    case 'worked':
      if (event.result === 'failed') log.warn({ queue, key: event.key, err: event.error }, 'the work failed, it is tried again');
      else log.debug({ queue, key: event.key, result: event.result, seconds: event.seconds }, 'worked');
      return;
    case 'everyKey':
      log.info({ queue, keys: event.keys }, 'every key was queued');
      return;
    case 'error':
      log.warn({ queue, err: event.error }, 'the queue reports an error');
      return;
    default:
      log.warn({ queue, ...event }, `queue: ${event.type}`);
  }
}
