import { agentQueue } from '@dpf/api';
import { Worker, type Job, type Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { isGone, limitEvents, openQueue } from './bull.ts';
import { keyPrefix, redisOptions } from './connection.ts';
import { Mirror } from './mirror.ts';
import { within } from './outbox.ts';
import type { OperationReceiver, RedisSettings } from './ports.ts';
import { explain, refusalOf, type Trouble } from './preflight.ts';

export interface ReceiverOptions {
  /** Told of everything that goes wrong; it is dealt with here already. */
  onError: (error: Error) => void;
}

export interface NodeReceiver extends OperationReceiver {
  /** Undefined while Redis is reachable, else one sentence. Not being reachable delays operations, nothing else. */
  problem(): string | undefined;
  /** For liveness, while nothing runs: why only a restart helps, for user and password are read at the start; undefined while Redis does not refuse them. */
  refusal(): string | undefined;
}

type Handler = Parameters<OperationReceiver['receive']>[0];

/** More than a host has cards. */
const CONCURRENCY = 32;
/** Longer than any operation: there is one consumer, which knows what it runs, so that nobody needs a lock, its renewal, or a search for stalled jobs. */
const LOCK_MS = 86_400_000;
/** An idle worker sends two commands in this time. */
const IDLE_SECONDS = 10;
const CLOSE_MS = 5_000;

/** The agent's end of the delivery of operations. Knows of no job but what it runs in this process: Redis may lose or repeat any of them. */
class BullReceiver implements NodeReceiver {
  private readonly client: Redis;
  private readonly queue: Queue;
  private readonly options: ReceiverOptions;
  private readonly prefix: string;
  private readonly where: string;
  private readonly stop = new AbortController();
  /** What runs, by operation id. The same id delivered again (Redis was erased meanwhile) joins it. */
  private readonly running = new Map<string, { result: Promise<string>; mirror: Mirror }>();
  private worker: Worker | undefined;
  private handler: Handler = () => Promise.reject(new Error('not receiving yet'));
  private trouble: Trouble | undefined;

  constructor(settings: RedisSettings, node: string, options: ReceiverOptions) {
    this.options = options;
    this.prefix = keyPrefix(settings);
    this.where = new URL(settings.url).host;
    this.trouble = { sentence: `Redis at ${this.where} was not reached yet`, lasting: false };
    // The agents' user may not ask for INFO, which is what the ready check does.
    this.client = new Redis({ ...redisOptions(settings), enableReadyCheck: false });
    this.client.on('error', (error: Error) => {
      this.trouble = explain(error, this.where);
      options.onError(error);
    });
    this.client.on('ready', () => {
      this.trouble = undefined;
      if (this.worker) void this.adopt().catch(this.onError);
    });
    this.queue = openQueue({ client: this.client, prefix: this.prefix }, agentQueue(node), this.onError);
  }

  problem(): string | undefined {
    return this.trouble?.sentence;
  }

  refusal(): string | undefined {
    return refusalOf(this.trouble);
  }

  async receive(handler: Handler): Promise<void> {
    this.handler = handler;
    // With everything in it: jobs that a predecessor took, and its locks.
    await this.queue.obliterate({ force: true });
    await limitEvents(this.client, this.queue);
    this.worker = new Worker(this.queue.name, (job: Job) => this.run(job), {
      connection: this.client,
      prefix: this.prefix,
      skipVersionCheck: true,
      concurrency: CONCURRENCY,
      lockDuration: LOCK_MS,
      skipLockRenewal: true,
      skipStalledCheck: true,
      drainDelay: IDLE_SECONDS,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.worker.on('error', this.onError);
  }

  async close(): Promise<void> {
    this.stop.abort(new Error('the agent stops'));
    if (this.worker) {
      await within(this.worker.close(), CLOSE_MS);
      // While Redis is away it would wait for it.
      await within(this.worker.getBackend().close(true), CLOSE_MS);
    }
    await within(this.queue.close(), CLOSE_MS);
    this.client.disconnect();
  }

  /** Never throws: a job has no second try, and how an operation failed is said elsewhere. */
  private async run(job: Job): Promise<string> {
    const id = job.id ?? '';
    const present = this.running.get(id);
    if (present) {
      present.mirror.job = job;
      return present.result;
    }
    const mirror = new Mirror(job, this.onError);
    const result = this.handler(id, (percent, message) => mirror.show(percent, message), this.stop.signal).catch((error: Error) => {
      this.options.onError(error);
      return 'failed';
    });
    this.running.set(id, { result, mirror });
    try {
      return await result;
    } finally {
      this.running.delete(id);
      mirror.stop();
    }
  }

  /**
   * After the connection was lost: a job may have been taken whose delivery was lost with it. Nobody else would ever find it, and while it is in
   * Redis its id cannot be submitted again.
   */
  private async adopt(): Promise<void> {
    for (const job of await this.queue.getJobs(['active'])) {
      if (!job?.id || this.running.has(job.id)) continue;
      void this.run(job)
        .then(() => this.client.del(`${this.queue.toKey(job.id!)}:lock`))
        .then(() => this.queue.remove(job.id!))
        .catch(this.onError);
    }
  }

  private readonly onError = (error: Error): void => {
    if (!isGone(error)) this.options.onError(error);
  };
}

/**
 * Receives operation ids for a node's agent. `receive` waits while Redis is away; operations that run then go on.
 * @param node name of the host's Node
 */
export function createOperationReceiver(settings: RedisSettings, node: string, options: ReceiverOptions): NodeReceiver {
  return new BullReceiver(settings, node, options);
}
