/** The tenant clusters, as dpu-controller uses them. What fails is a fact with a sentence; nothing here waits longer than its deadline. */
import { TENANT_NODE_LABELS, type Node, type Secret } from '@dpf/api';
import { ApiError, CORE, isConflict, isNotFound, type Cluster, type ClusterOptions } from '@dpf/kube';
import type { ClusterName } from '../lifecycle/observed.ts';
import { TenantError, type Join, type TenantClusters, type TenantUser } from '../ports.ts';
import { Entry } from './entry.ts';
import { refusal, type TenantGrant } from './grants.ts';
import type { TenantCluster, Unusable } from './tenant-cluster.ts';
import { deleteTokens, ensureToken, extendTokens } from './tokens.ts';

export interface TenantClustersOptions extends Pick<ClusterOptions, 'userAgent' | 'onRequest'> {
  /** The host cluster: the Secrets with the kubeconfigs are there. */
  host: Pick<Cluster, 'reflect'>;
  grants: readonly TenantGrant[];
  /** How long a watch lasts, in milliseconds: least and greatest. */
  watchMs?: readonly [number, number];
  /** Milliseconds since 1970; default: the system's clock. */
  now?: () => number;
}

type Options = { signal?: AbortSignal | undefined };

/** Entries that long overdue are of nobody any more, in milliseconds. */
const FORGOTTEN_MS = 3_600_000;

export function createTenantClusters(options: TenantClustersOptions): TenantClusters {
  const { grants, now = Date.now } = options;
  const entries = new Map<string, Entry>();
  const handlers = new Set<(node: { cluster: ClusterName; name: string }) => void>();
  const keyOf = ({ name, namespace }: ClusterName) => `${namespace}/${name}`;

  async function connect(
    cluster: ClusterName,
    user: TenantUser,
    signal?: AbortSignal,
  ): Promise<{ tenant: TenantCluster } | { unusable: Unusable }> {
    const message = refusal(grants, cluster.namespace, user.namespace);
    if (message !== undefined) return { unusable: { state: 'ClusterNotGranted', message } };
    let entry = entries.get(keyOf(cluster));
    if (!entry) {
      const { name, namespace } = cluster;
      entry = new Entry({ name, namespace }, { ...options, now, onNode: (event) => handlers.forEach((handler) => handler(event)) });
      entries.set(keyOf(cluster), entry);
    }
    return entry.connection(user.name, signal);
  }

  /** Does something in a tenant cluster. @throws TenantError, or the signal's reason */
  async function use<T>(
    cluster: ClusterName,
    user: TenantUser,
    { signal }: Options,
    work: (tenant: TenantCluster) => Promise<T>,
  ): Promise<T> {
    const connection = await connect(cluster, user, signal);
    if ('unusable' in connection) throw new TenantError(connection.unusable);
    try {
      return await work(connection.tenant);
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof ApiError ? new TenantError(connection.tenant.factsOf(error)) : error;
    }
  }

  /** The Node of the user with this uid, read live; undefined: gone, or another one has its name. */
  async function liveNode({ cluster }: TenantCluster, user: TenantUser, nodeUid: string, signal?: AbortSignal): Promise<Node | undefined> {
    const node = await cluster.resource<Node>(CORE.Node).get({ name: user.name }, { signal });
    return node?.metadata.uid === nodeUid ? node : undefined;
  }

  /** A merge patch of that very Node; a Node of the name with another uid is left alone. */
  async function patchNode(
    tenant: TenantCluster,
    user: TenantUser,
    uid: string,
    patch: { metadata?: object; spec?: object },
    signal?: AbortSignal,
  ): Promise<void> {
    const nodes = tenant.cluster.resource<Node>(CORE.Node);
    try {
      await nodes.patch({ name: user.name }, { ...patch, metadata: { ...patch.metadata, uid } }, { signal });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error) && !isOfAnotherUid(error)) throw error;
    }
  }

  return {
    async observe(cluster, user, { signal }: Options = {}) {
      const connection = await connect(cluster, user, signal);
      return 'unusable' in connection ? connection.unusable : connection.tenant.observe(user.name, signal);
    },

    cordonAndDeleteNode: (cluster, user, nodeUid, options: Options = {}) =>
      use(cluster, user, options, async (tenant) => {
        const { signal } = options;
        const node = await liveNode(tenant, user, nodeUid, signal);
        if (!node || node.metadata.deletionTimestamp !== undefined) return;
        if (node.metadata.labels?.[TENANT_NODE_LABELS.dpuUid] === undefined)
          throw new Error(
            `Node ${user.name} of cluster ${keyOf(cluster)} has no label ${TENANT_NODE_LABELS.dpuUid}: it is not ours and is not deleted`,
          );
        if (!node.spec?.unschedulable) await patchNode(tenant, user, nodeUid, { spec: { unschedulable: true } }, signal);
        try {
          await tenant.cluster.resource<Node>(CORE.Node).delete({ name: user.name }, { uid: nodeUid, signal });
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }),

    labelNode: (cluster, user, nodeUid, labels, options: Options = {}) =>
      use(cluster, user, options, (tenant) => patchNode(tenant, user, nodeUid, { metadata: { labels } }, options.signal)),

    ensureJoin: (cluster, user, attempt, options: Options = {}) =>
      use(cluster, user, options, async (tenant): Promise<Join> => {
        const secrets = tenant.cluster.resource<Secret>(CORE.Secret);
        const token = await ensureToken(secrets, user, attempt, { now, signal: options.signal });
        return { ...tenant.join, token };
      }),

    extendToken: (cluster, user, attempt, options: Options = {}) =>
      use(cluster, user, options, async (tenant) => {
        const { uid } = user;
        const known = tenant.tokensDue.get(uid);
        if (known?.attempt === attempt && now() < known.at) return;
        // Asked for again and again: not of a server that is known not to answer.
        const unusable = tenant.unusable();
        if (unusable) throw new TenantError(unusable);
        const at = await extendTokens(tenant.cluster.resource<Secret>(CORE.Secret), user, attempt, { now, signal: options.signal });
        // Another replica may have deleted the tokens of those that are long due.
        for (const [other, due] of tenant.tokensDue) if (due.at < now() - FORGOTTEN_MS) tenant.tokensDue.delete(other);
        tenant.tokensDue.set(uid, { attempt, at });
      }),

    deleteToken: (cluster, user, options: Options = {}) =>
      use(cluster, user, options, (tenant) => {
        tenant.tokensDue.delete(user.uid);
        return deleteTokens(tenant.cluster.resource<Secret>(CORE.Secret), user, options.signal);
      }),

    onNodeEvent(handler) {
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },

    inUse(clusters) {
      const used = new Set(clusters.map(keyOf));
      for (const [key, entry] of entries) {
        if (used.has(key)) continue;
        entries.delete(key);
        void entry.close();
      }
    },

    async close() {
      handlers.clear();
      await Promise.all([...entries.values()].map((entry) => entry.close()));
      entries.clear();
    },
  };
}

/** A patch with a uid is refused for an object that has another one: the field is immutable. */
const isOfAnotherUid = (error: unknown): boolean => error instanceof ApiError && error.causes.some(({ field }) => field === 'metadata.uid');
