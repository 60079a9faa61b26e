/** One tenant cluster, reached with one version of its kubeconfig: its Nodes watched, its uid known, its failures as a sentence. */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { TENANT_NODE_LABELS, type KubeObject, type Node } from '@dpf/api';
import { ApiError, connectTo, CORE, type Cluster, type ClusterOptions, type Reflector } from '@dpf/kube';
import type { TenantFacts, TenantNode } from '../lifecycle/observed.ts';
import type { JoinTarget, TenantAccess } from './kubeconfig.ts';

export type Unusable = Exclude<TenantFacts, { state: 'Reachable' }>;

/** A tenant's server that does not answer takes this much of a reconcile, in milliseconds, and no more. */
const TUNING = { requestMs: 5_000, connectMs: 3_000, connections: 8 } as const;
/** How long the first list may take before the cluster counts as out of reach (it goes on trying). */
const FIRST_LIST_MS = 3_000;
/** A watch that is interrupted for less than this is no news. */
const INTERRUPTION_MS = 30_000;

export interface TenantClusterOptions extends Pick<ClusterOptions, 'userAgent' | 'onRequest'> {
  now: () => number;
  watchMs?: readonly [number, number];
  /** Called when a Node of this name changed in a way that matters. */
  onNode: (name: string) => void;
  /** Called when the cluster can be used, or can no more. */
  onReach: () => void;
}

export class TenantCluster {
  readonly cluster: Cluster;
  readonly join: JoinTarget;
  /** When the tokens of a Dpu, by its uid, are to be extended next. Known here only to spare the server a request at each look. */
  readonly tokensDue = new Map<string, { attempt: number; at: number }>();
  readonly #nodes: Reflector<Node>;
  readonly #options: TenantClusterOptions;
  /** Settled once the first list is there, or the first try of it failed. */
  readonly #firstWord = Promise.withResolvers<void>();
  #uid: string | undefined;
  /** What failed last in the background, and since when nothing succeeded. */
  #trouble: { error: Error; since: number } | undefined;

  constructor(access: TenantAccess, join: JoinTarget, options: TenantClusterOptions) {
    this.join = join;
    this.#options = options;
    this.cluster = connectTo({
      ...access,
      userAgent: options.userAgent,
      tuning: { ...TUNING, ...(options.watchMs && { watchMs: options.watchMs }) },
      onRequest: (event) => {
        options.onRequest?.(event);
        if ((event.verb === 'watch' || event.verb === 'list') && event.code > 0 && event.code < 300) this.#recovered();
      },
      onProblem: ({ error, during }) => {
        if (during !== 'list' && during !== 'watch') return;
        this.#trouble = { error, since: this.#trouble?.since ?? options.now() };
        this.#firstWord.resolve();
      },
    });
    this.#nodes = this.cluster.reflect<Node>(CORE.Node, { transform: trimNode });
    this.#nodes.onEvent((event) => {
      if (event.type === 'updated' && isDeepStrictEqual(factsOf(event.old), factsOf(event.object))) return;
      options.onNode(event.object.metadata.name);
    });
    this.#nodes.start();
    void this.#nodes
      .synced()
      .then(options.onReach, () => undefined)
      .then(this.#firstWord.resolve);
  }

  /** What there is to know of the Node with this name. Waits for the first list, but not for a server that does not answer. */
  async observe(nodeName: string, signal?: AbortSignal): Promise<TenantFacts> {
    if (!this.#nodes.hasSynced && !this.#trouble)
      await Promise.race([this.#firstWord.promise, pause(FIRST_LIST_MS, undefined, { signal, ref: false })]);
    const unusable = this.unusable() ?? (this.#nodes.hasSynced ? undefined : this.factsOf(new Error('no answer yet')));
    if (unusable) return unusable;
    try {
      const clusterUid = (this.#uid ??= await this.#readUid(signal));
      const node = this.#nodes.store.get({ name: nodeName });
      return { state: 'Reachable', clusterUid, ...(node ? { node: factsOf(node) } : {}) };
    } catch (error) {
      signal?.throwIfAborted();
      return this.factsOf(error as Error);
    }
  }

  /** What is known against the server without asking it. */
  unusable(): Unusable | undefined {
    const trouble = this.#trouble;
    if (!trouble || (this.#nodes.hasSynced && this.#options.now() - trouble.since < INTERRUPTION_MS)) return undefined;
    return this.factsOf(trouble.error);
  }

  /** A failed request as facts: refused by the server, or not answered. */
  factsOf(error: Error): Unusable {
    const { host } = new URL(this.cluster.server);
    if (error instanceof ApiError && (error.code === 401 || error.code === 403))
      return {
        state: 'ClusterInvalid',
        message: `the API server at ${host} refuses the identity of the kubeconfig (${error.code} ${error.reason})`,
      };
    return { state: 'ClusterUnreachable', message: `the API server at ${host} cannot be used: ${error.message}` };
  }

  close(): Promise<void> {
    return this.cluster.close();
  }

  async #readUid(signal?: AbortSignal): Promise<string> {
    const system = await this.cluster.resource<KubeObject>(CORE.Namespace).get({ name: 'kube-system' }, { signal });
    if (!system?.metadata.uid) throw new Error('it has no namespace kube-system');
    return system.metadata.uid;
  }

  #recovered(): void {
    const wasLong = this.#trouble !== undefined && this.#options.now() - this.#trouble.since >= INTERRUPTION_MS;
    this.#trouble = undefined;
    if (wasLong) this.#options.onReach();
  }
}

/** Heartbeats, images and addresses are not stored: a tenant may have thousands of Nodes. */
function trimNode({ metadata, spec, status }: Node): Node {
  const { name, uid, resourceVersion, labels } = metadata;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    metadata: { name, uid, resourceVersion, labels },
    spec: { unschedulable: spec?.unschedulable === true },
    status: { conditions: ready ? [{ type: 'Ready', status: ready.status }] : [] },
  };
}

function factsOf({ metadata: { uid = '', labels = {} }, spec, status }: Node): TenantNode {
  const dpuUid = labels[TENANT_NODE_LABELS.dpuUid];
  return {
    uid,
    ready: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    cordoned: spec?.unschedulable === true,
    labels,
    ...(dpuUid === undefined ? {} : { dpuUid }),
  };
}
