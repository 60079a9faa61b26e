/** The audit log of an API server, real or embedded: JSON lines of audit.k8s.io/v1 Events, of writes with request and response (level RequestResponse). */
import { createReadStream } from 'node:fs';
import type { Dpu, KubeObject } from '@dpf/api';

/** What is read of an Event. */
export interface AuditEvent {
  stage: 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  requestURI: string;
  verb: string;
  /** The name is empty where nobody was authenticated. */
  user: { username: string };
  userAgent?: string;
  objectRef?: { resource: string; subresource?: string; apiGroup?: string; namespace?: string; name?: string; uid?: string };
  responseStatus?: { code?: number };
  requestObject?: unknown;
  /** The object as it stands after the write; a Status where it is gone. */
  responseObject?: unknown;
  /** RFC 3339, microseconds. */
  stageTimestamp: string;
}

/**
 * The events of a file, each request once, in the order in which they were answered.
 * @param fromLine lines before it are skipped: what was there when a story began
 * @throws Error naming the line that is no JSON
 */
export async function readAudit(file: string, fromLine = 0): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  let number = 0;
  for await (const line of writtenLines(file)) {
    if (number++ < fromLine) continue;
    const event = parsed(line, file, number);
    // A watch is told when it starts and when it ends.
    if (event.stage === (event.verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete')) events.push(event);
  }
  return events;
}

/** The lines that are written whole: the log grows while it is read. */
async function* writtenLines(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    yield* lines;
  }
}

function parsed(line: string, file: string, number: number): AuditEvent {
  try {
    const event = JSON.parse(line) as AuditEvent;
    return { ...event, user: { ...event.user, username: event.user?.username ?? '' } };
  } catch (cause) {
    throw new Error(`line ${number} of the audit log ${file} is not JSON`, { cause });
  }
}

/** How many lines the log has now: where a story begins. */
export async function auditLength(file: string): Promise<number> {
  let lines = 0;
  for await (const _ of writtenLines(file)) lines++;
  return lines;
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** It changed something, or was allowed to: accepted, and no dry run. */
export function isAcceptedWrite({ verb, responseStatus, requestURI }: AuditEvent): boolean {
  return WRITES.has(verb) && (responseStatus?.code ?? 0) < 300 && !/[?&]dryRun=/.test(requestURI);
}

/** `patch dpus/status`: the kind of a request, for people and for counting. */
export const kindOf = ({ verb, objectRef }: AuditEvent): string =>
  [`${verb} ${objectRef?.resource ?? 'none'}`, objectRef?.subresource].filter(Boolean).join('/');

export interface RequestCount {
  kind: string;
  user: string;
  userAgent: string;
  count: number;
}

/** Requests by kind (verb and resource) and user, the most frequent first. */
export function countRequests(events: Iterable<AuditEvent>): RequestCount[] {
  const counts = new Map<string, RequestCount>();
  for (const event of events) {
    const of = { kind: kindOf(event), user: event.user.username, userAgent: event.userAgent ?? '' };
    const key = JSON.stringify(of);
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { ...of, count: 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

/** Of the system under test: whoever is no test (`dpf-e2e`) and no kubectl; Events and DpuSets not counted. */
const isOfServices = ({ userAgent = '', objectRef }: AuditEvent): boolean =>
  /^(dpu-controller|dpuset-controller|bfb-downloader)\//.test(userAgent) &&
  objectRef?.resource !== 'events' &&
  objectRef?.resource !== 'dpusets';

/** Accepted writes of the services per Dpu, by kind: `patch dpus/status` → 7.2. Events and DpuSets not counted. */
export function writesPerDpu(events: Iterable<AuditEvent>, dpus: number): Map<string, number> {
  const counted = [...events].filter((event) => isAcceptedWrite(event) && isOfServices(event));
  const kinds = countRequests(counted);
  const sums = new Map<string, number>();
  for (const { kind, count } of kinds) sums.set(kind, (sums.get(kind) ?? 0) + count / dpus);
  return sums;
}

/** One accepted write of a Dpu or its status: the Dpu as it stood then. */
export interface DpuWrite {
  uid: string;
  at: string;
  /** Absent: it is gone. */
  dpu?: Dpu;
}

/** The accepted writes of Dpus, in the order in which they took place: an API server logs answers, and answers may overtake one another. */
export function dpuWrites(events: Iterable<AuditEvent>): DpuWrite[] {
  const writes: (DpuWrite & { version: bigint })[] = [];
  let last = 0n;
  for (const event of events) {
    if (event.objectRef?.resource !== 'dpus' || !isAcceptedWrite(event)) continue;
    const object = (event.responseObject ?? {}) as Partial<KubeObject> & { details?: { uid?: string } };
    const isDpu = object.kind === 'Dpu';
    const uid = isDpu ? object.metadata?.uid : (object.details?.uid ?? event.objectRef.uid);
    if (uid === undefined) continue;
    const version = isDpu ? BigInt(object.metadata?.resourceVersion ?? 0) : last;
    if (version > last) last = version;
    const isGone = !isDpu || (object.metadata?.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0);
    writes.push({ uid, at: event.stageTimestamp, version, ...(isGone ? {} : { dpu: object as Dpu }) });
  }
  // The sort is stable: what bears no version of its own stays where it was told.
  return writes.sort((a, b) => (a.version < b.version ? -1 : a.version > b.version ? 1 : 0)).map(({ version: _, ...write }) => write);
}

/** What services were refused for want of a right, as sentences, each once. */
export function forbidden(events: Iterable<AuditEvent>): string[] {
  const refused = [...events]
    .filter(({ responseStatus, user }) => responseStatus?.code === 403 && user.username.startsWith('system:serviceaccount:'))
    .map((event) => `${event.user.username} may not ${kindOf(event)} (${event.requestURI.split('?')[0]})`);
  return [...new Set(refused)];
}
