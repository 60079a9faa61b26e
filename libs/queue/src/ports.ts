/** The port to the queue: wake-ups for controllers, operation ids for agents. Truth is never here (architecture §2). */

export interface WakeUp {
  /** See `wakeUpKey` in @dpf/api. */
  key: string;
  /** resourceVersion that caused it; a worker whose store is older reads live. Of several, the greatest is kept. */
  resourceVersion?: string;
}

export interface Work {
  key: string;
  resourceVersion?: string;
  /** Aborted after `timeoutMs` (10 s), when the lock is lost, or when the queue closes. Every awaited call honours it. */
  signal: AbortSignal;
}

/**
 * What a handler answers: nothing more to do (timers of the key that stood before the work are dropped), or look again after so many milliseconds at
 * the latest. A throw is retried with backoff.
 */
export type WorkResult = { requeueAfterMs?: number } | void;

/**
 * A keyed, level-triggered work queue shared by all replicas of a service.
 * One key is worked by one worker at a time; a wake-up that arrives while its key is being worked is never lost (it runs once more);
 * of several timers of one key the earliest wins and none is swallowed; timers use Redis' clock.
 */
export interface WorkQueue {
  /** Coalesces with a waiting wake-up of the same key. */
  wake(wakeUp: WakeUp): Promise<void>;
  wakeAfter(key: string, ms: number): Promise<void>;
  /** Starts working. `everyKey` is asked for all keys at start and whenever Redis was found erased (epoch key missing or changed). */
  work(handler: (work: Work) => Promise<WorkResult>, options: WorkOptions): void;
  /** Milliseconds by which the oldest due wake-up is late; for readiness and metrics. */
  lagMs(): Promise<number>;
  /** Stops taking work, waits for what runs (up to the deadline, then aborts it). */
  close(): Promise<void>;
}

export interface WorkOptions {
  concurrency?: number;
  timeoutMs?: number;
  everyKey: () => Iterable<string>;
}

/** Gives wake-ups to another service's queue (a producer only). */
export interface WakeUpSender {
  wake(wakeUp: WakeUp): Promise<void>;
  close(): Promise<void>;
}

/** dpu-controller's side of the delivery of operations. */
export interface OperationSender {
  /** At least once, until it is taken; submitting an id that is queued or running already changes nothing. job-forgotten: an ended job leaves nothing. */
  submit(node: string, operationId: string): Promise<void>;
  /** Removes a job that was not taken yet (tidiness; correctness does not need it). */
  withdraw(node: string, operationId: string): Promise<void>;
  /** Removes whatever the queue of a node left behind in Redis. */
  forget(node: string): Promise<void>;
  close(): Promise<void>;
}

/** The agent's side: one consumer, two connections, at most one command in 4 s when idle. */
export interface OperationReceiver {
  /**
   * Drops what is queued, then takes operation ids; several operations may run at once, the same id never twice at once.
   * `mirror` shows progress (0..100 and a sentence) on the job for dashboards; no decision reads it.
   */
  receive(
    handler: (operationId: string, mirror: (percent: number, message: string) => void, signal: AbortSignal) => Promise<string>,
  ): Promise<void>;
  close(): Promise<void>;
}

/** How to reach Redis. `url` is redis:// or rediss://, may hold user and password; `prefix` separates installations (default `dpf`). */
export interface RedisSettings {
  url: string;
  caFile?: string;
  prefix?: string;
}
