/** What an installation has made outside itself, as comparable lines: for "deleting leaves nothing". */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS, NODE_ANNOTATIONS, type KindInfo, type KubeObject, type Node } from '@dpf/api';
import { CORE, type Cluster } from '@dpf/kube';
import type { RedisProcess } from '@dpf/queue/testing';
import type { Fleet } from './fleet.ts';

const HOST_KINDS: KindInfo[] = [
  ...Object.values(KINDS),
  CORE.Node,
  CORE.Secret,
  CORE.ConfigMap,
  CORE.Pod,
  CORE.ServiceAccount,
  CORE.Lease,
  CORE.Namespace,
];
/** A Node's Lease goes with it by garbage collection, its signing request by the control plane's own cleaning after an hour. */
const TENANT_KINDS: KindInfo[] = [CORE.Node, CORE.Secret, CORE.Pod, CORE.ServiceAccount, CORE.Namespace];

/** Events stay by design; the agents' announcements are about hosts, not about what was provisioned there. */
export async function snapshot(fleet: Fleet): Promise<string[]> {
  const [host, tenant, views, redis] = await Promise.all([
    objects('host', fleet.host.cluster, HOST_KINDS),
    objects('tenant', fleet.tenant.cluster, TENANT_KINDS),
    fleet.hardware.views(),
    leftovers(fleet.redis),
  ]);
  const hosts = views.flatMap(({ name, root, cards }) => [
    ...cards.map(({ pci, vfs }) => `host ${name} card ${pci} has ${vfs.join('+')} VFs`),
    ...(root && existsSync(join(root, 'sys/class/net/br-dpu')) ? [`host ${name} has bridge br-dpu`] : []),
  ]);
  const volume = readdirSync(fleet.services.bfbVolume, { recursive: true }).map((name) => `volume ${String(name)}`);
  return [
    ...host,
    ...tenant,
    ...hosts,
    ...redis.map((key) => `redis ${key}`),
    ...volume.filter((name) => name !== 'volume .partial'),
  ].sort();
}

/** Keys that work left in Redis, timers one by one. */
export async function leftovers(redis: RedisProcess): Promise<string[]> {
  const keys = await redis.leftovers('dpf');
  const lists = keys.map(async (key) =>
    key.endsWith(':timers') ? (await redis.admin.zrange(key, '0', '-1')).map((member) => `${key} ${member}`) : [key],
  );
  return (await Promise.all(lists)).flat();
}

async function objects(cluster: string, api: Cluster, kinds: readonly KindInfo[]): Promise<string[]> {
  const lists = await Promise.all(
    kinds.map(async (kind) => (await api.resource<KubeObject>(kind).list()).items.map((object) => describe(kind, object))),
  );
  return lists.flat().map((line) => `${cluster} ${line}`);
}

function describe(kind: KindInfo, object: KubeObject): string {
  const { namespace = '', name, labels = {}, annotations = {} } = object.metadata;
  if (kind.kind !== 'Node') return `${kind.kind} ${namespace}/${name}`;
  const { [NODE_ANNOTATIONS.agent]: _announcement, ...ours } = annotations;
  const own = Object.keys(labels).filter((label) => !label.startsWith('feature.node.kubernetes.io/'));
  return `Node ${name} labels ${own.sort().join(',')} annotations ${JSON.stringify(ours)} taints ${JSON.stringify((object as Node).spec?.taints ?? [])}`;
}
