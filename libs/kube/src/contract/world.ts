import type { KubeObject } from '@dpf/api';
import { connect } from '../cluster.ts';
import { CORE } from '../core.ts';
import type { Problem, RequestEvent, Tuning } from '../options.ts';
import type { Cluster, ResourceClient } from '../ports.ts';

/** A running API server. */
export interface Server {
  url: string;
  /** Text of an admin's kubeconfig. */
  kubeconfig: string;
  close(): Promise<void>;
}

/** The kind of the contract: a custom resource with a bounded spec and a status subresource. */
export interface Widget extends KubeObject {
  spec: { size?: number; color?: string; note?: string };
  status?: { seen?: number; phase?: string };
}
export const WIDGET = { apiVersion: 'contract.dpf.example/v1', kind: 'Widget', plural: 'widgets', namespaced: true };

export interface World {
  readonly server: Server;
  readonly cluster: Cluster;
  readonly widgets: ResourceClient<Widget>;
  readonly namespace: string;
  /** Every request made through `cluster` so far. */
  readonly requests: RequestEvent[];
  /** A name that no other story uses. */
  name(prefix?: string): string;
  /** One more connection, with tuning of its own; closed with the world. */
  connect(tuning: Partial<Tuning>): Promise<{ cluster: Cluster; requests: RequestEvent[]; problems: Problem[] }>;
  close(): Promise<void>;
}

/** Waits until something holds that the server brings about by itself; 10 s at most. */
export async function eventually<R>(what: string, look: () => R | Promise<R>): Promise<NonNullable<R>> {
  const end = performance.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`it never came to pass: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Connects, and makes the namespace and the kind that the stories use. */
export async function openWorld(server: Server): Promise<World> {
  const opened: Cluster[] = [];
  const open: World['connect'] = async (tuning) => {
    const requests: RequestEvent[] = [];
    const problems: Problem[] = [];
    const cluster = await connect({
      kubeconfig: server.kubeconfig,
      userAgent: 'contract/1',
      onRequest: (event) => requests.push(event),
      onProblem: (problem) => problems.push(problem),
      tuning,
    });
    opened.push(cluster);
    return { cluster, requests, problems };
  };
  const { cluster, requests } = await open({});
  const namespace = 'contract';
  await cluster.resource(CORE.Namespace).create({ metadata: { name: namespace } });
  await cluster.resource(CORE.CustomResourceDefinition).create(definition as KubeObject);
  const widgets = cluster.resource<Widget>(WIDGET);
  await eventually('the kind Widget is served', () => widgets.list({ namespace }).catch(() => undefined));
  let names = 0;
  return {
    server,
    cluster,
    widgets,
    namespace,
    requests,
    name: (prefix = 'w') => `${prefix}-${++names}`,
    connect: open,
    close: async () => {
      await Promise.all(opened.map((one) => one.close()));
      await server.close();
    },
  };
}

const definition = {
  metadata: { name: 'widgets.contract.dpf.example' },
  spec: {
    group: 'contract.dpf.example',
    names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  size: { type: 'integer', minimum: 1, maximum: 100, default: 1 },
                  color: { type: 'string', maxLength: 20 },
                  note: { type: 'string', maxLength: 1000 },
                },
              },
              status: { type: 'object', properties: { seen: { type: 'integer' }, phase: { type: 'string' } } },
            },
          },
        },
      },
    ],
  },
};
