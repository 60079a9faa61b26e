/** What a caller may set and hear of when it connects to a cluster. */

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete';

/** One HTTP exchange, for metrics: retries and pages count each. */
export interface RequestEvent {
  verb: Verb;
  kind: string;
  /** HTTP status; 0 when no answer came. */
  code: number;
  /** Until the whole answer was there; for a watch until it was opened. */
  seconds: number;
}

/** Something that failed in the background, where no caller waits for it. */
export interface Problem {
  during: 'list' | 'watch' | 'handler' | 'event';
  kind: string;
  error: Error;
}

/** Times in milliseconds; the defaults suit a real API server. */
export interface Tuning {
  /** For the whole of one request with its retries. */
  requestMs: number;
  /** Time to establish a connection, TLS included. */
  connectMs: number;
  /** Connections for requests; every watch has one more of its own. */
  connections: number;
  /** A reflector's first and greatest wait after a failure. */
  backoffMs: readonly [number, number];
  /**
   * Least and greatest time after which the server ends a watch, so that the next one tells every object anew: what got lost is missed no longer. Within
   * them 100 ms per object that is known, less up to a fifth by chance.
   */
  watchMs: readonly [number, number];
  /** A watch on which nothing came for this long (not even a bookmark, which come every minute) is taken for dead. */
  idleMs: number;
  /** A watch that the server ends so much later than it was told to is taken for dead, too. */
  lateMs: number;
  /** How long closing waits for events that are not sent yet. */
  flushMs: number;
  /** Page size of lists. */
  pageSize: number;
}

export const TUNING: Tuning = {
  requestMs: 10_000,
  connectMs: 5_000,
  connections: 32,
  backoffMs: [800, 30_000],
  watchMs: [60_000, 600_000],
  idleMs: 120_000,
  lateMs: 10_000,
  flushMs: 2_000,
  pageSize: 500,
};

export interface ClusterOptions {
  /** `<program>/<version>`; the API server's audit log and default field manager show it. */
  userAgent: string;
  onRequest?: (event: RequestEvent) => void;
  onProblem?: (problem: Problem) => void;
  tuning?: Partial<Tuning>;
}
