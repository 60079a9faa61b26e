/** What clients did: an append-only log of accepted writes, and counters of all requests. */
import { appendFileSync } from 'node:fs';

/** One accepted write. Dry runs and refused requests are not in the log. */
export interface AuditEntry {
  /** RFC 3339 with milliseconds. */
  time: string;
  verb: 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deletecollection';
  group: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name: string;
  uid?: string;
  user: string;
  userAgent: string;
  /** resourceVersion before (absent: created) and after (absent: removed, or a virtual resource). Equal: a write that changed nothing. */
  before?: string;
  after?: string;
  /** The request's body as parsed JSON; left out for Secrets. */
  body?: unknown;
}

export interface RequestFilter {
  verb?: string;
  group?: string;
  resource?: string;
  user?: string;
  /** A prefix of the User-Agent header. */
  userAgent?: string;
}
export interface RequestCount extends Required<RequestFilter> {
  count: number;
}

/** Counts of all requests since the start. The verb of a watch is `watch`, of anything that is no resource `get` on resource ''. */
export class RequestCounters {
  readonly #counts = new Map<string, RequestCount>();

  add(request: Required<RequestFilter>): void {
    const key = JSON.stringify([request.verb, request.group, request.resource, request.user, request.userAgent]);
    const known = this.#counts.get(key);
    if (known) known.count += 1;
    else this.#counts.set(key, { ...request, count: 1 });
  }

  /** How many requests match; watches only where the verb `watch` is asked for. */
  count(filter: RequestFilter = {}): number {
    return this.list(filter).reduce((sum, { count }) => sum + count, 0);
  }

  list(filter: RequestFilter = {}): RequestCount[] {
    return [...this.#counts.values()].filter(
      (entry) =>
        (filter.verb === undefined ? entry.verb !== 'watch' : entry.verb === filter.verb) &&
        (filter.group === undefined || entry.group === filter.group) &&
        (filter.resource === undefined || entry.resource === filter.resource) &&
        (filter.user === undefined || entry.user === filter.user) &&
        (filter.userAgent === undefined || entry.userAgent.startsWith(filter.userAgent)),
    );
  }
}

/** A request as a real API server writes it down: `audit.k8s.io/v1`, level RequestResponse (Secrets: Metadata). */
export interface AuditEvent {
  kind: 'Event';
  apiVersion: 'audit.k8s.io/v1';
  level: 'Metadata' | 'RequestResponse';
  auditID: string;
  stage: 'ResponseComplete' | 'ResponseStarted';
  requestURI: string;
  verb: string;
  user: { username: string; groups?: string[] };
  userAgent: string;
  objectRef?: {
    resource: string;
    apiGroup?: string;
    apiVersion?: string;
    subresource?: string;
    namespace?: string;
    name?: string;
    uid?: string;
    resourceVersion?: string;
  };
  responseStatus: { code: number };
  requestObject?: unknown;
  responseObject?: unknown;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

/** Keeps the entries in memory and, with a file, appends the event of each as a line of JSON. */
export class AuditLog {
  readonly entries: AuditEntry[] = [];
  readonly #file: string | undefined;

  constructor(file?: string) {
    this.#file = file;
    if (file) appendFileSync(file, '');
  }

  add(entry: AuditEntry, event: () => AuditEvent): void {
    this.entries.push(entry);
    if (this.#file) appendFileSync(this.#file, JSON.stringify(event()) + '\n');
  }
}
