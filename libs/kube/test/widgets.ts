/** A kind, its objects, and what a server says of them. */
import type { KubeObject } from '@dpf/api';
import { connectTo, type Cluster, type Problem, type RequestEvent, type Tuning } from '../src/index.ts';

export const WIDGET = { apiVersion: 'test.example/v1', kind: 'Widget', plural: 'widgets', namespaced: true };

export interface Widget extends KubeObject {
  spec: { size: number };
}

export const widget = (name: string, version: number, more: { uid?: string; size?: number } = {}): Widget => ({
  apiVersion: WIDGET.apiVersion,
  kind: WIDGET.kind,
  metadata: { namespace: 'ns', name, uid: more.uid ?? `uid-${name}`, resourceVersion: String(version) },
  spec: { size: more.size ?? version },
});

export const listOf = (version: number, items: Widget[], token?: string) => ({
  kind: 'WidgetList',
  metadata: { resourceVersion: String(version), ...(token && { continue: token }) },
  items,
});

export const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Widget) => ({ type, object });
export const bookmark = (version: number) => ({
  type: 'BOOKMARK',
  object: { kind: 'Widget', metadata: { resourceVersion: String(version) } },
});
export const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } };

export interface Connection {
  cluster: Cluster;
  requests: RequestEvent[];
  problems: Problem[];
}

/** A client with short waits. */
export function client(server: string, tuning: Partial<Tuning> = {}): Connection {
  const requests: RequestEvent[] = [];
  const problems: Problem[] = [];
  const cluster = connectTo({
    server,
    caData: '',
    token: 'secret',
    userAgent: 'test/1',
    onRequest: (request) => requests.push(request),
    onProblem: (problem) => problems.push(problem),
    tuning: { requestMs: 2_000, backoffMs: [2, 20], ...tuning },
  });
  return { cluster, requests, problems };
}

/** Waits until something holds; 5 s at most. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it never came to hold: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
