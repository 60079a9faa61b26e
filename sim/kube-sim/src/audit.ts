/** What clients did: accepted writes in the form of a real audit log, and counters of all requests. */

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

export interface RequestFilter {
  verb?: string;
  resource?: string;
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
    const key = Object.values(request).join('\0');
    const known = this.#counts.get(key);
    if (known) known.count += 1;
    else this.#counts.set(key, { ...request, count: 1 });
  }

  /** How many requests match; watches only where the verb `watch` is asked for. */
  count(filter: RequestFilter = {}): number {
    return this.list(filter).reduce((sum, { count }) => sum + count, 0);
  }

  list({ userAgent = '', ...exact }: RequestFilter = {}): RequestCount[] {
    const wanted = Object.entries(exact) as [keyof typeof exact, string][];
    return [...this.#counts.values()].filter(
      (each) =>
        wanted.every(([name, value]) => each[name] === value) &&
        each.userAgent.startsWith(userAgent) &&
        (exact.verb !== undefined || each.verb !== 'watch'),
    );
  }
}
