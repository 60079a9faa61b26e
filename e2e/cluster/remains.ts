/** What of a release stands in the cluster, and on its hosts' disks. */
import { setTimeout as delay } from 'node:timers/promises';
import { KINDS, type KindInfo, type KubeObject, type Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import type { Installation } from './installation.ts';
import { onNode } from './node-command.ts';

const REMOVED = [KINDS.DpuSet, KINDS.Dpu, KINDS.Bfb, KINDS.DPUFlavor];
const OURS = /^(provisioning\.dpu\.nvidia\.com|feature\.node\.kubernetes\.io)\//;

/** Objects in the release's namespace, and the namespace of its simulated tenant. */
export async function objectsLeft({ cluster, place }: Installation, tenantNamespace: string): Promise<string[]> {
  const { release, namespace } = place;
  const look = async (kind: KindInfo) => (await cluster.resource<KubeObject>(kind).list({ namespace })).items;
  const found: string[] = [];
  for (const kind of REMOVED) for (const { metadata } of await look(kind)) found.push(`${kind.kind} ${metadata.name}`);
  for (const kind of [CORE.Pod, CORE.Secret, CORE.ServiceAccount, CORE.Lease])
    for (const { metadata } of await look(kind)) if (metadata.name.startsWith(release)) found.push(`${kind.kind} ${metadata.name}`);
  const { items: namespaces } = await cluster.resource<KubeObject>(CORE.Namespace).list();
  if (namespaces.some(({ metadata }) => metadata.name === tenantNamespace)) found.push(`Namespace ${tenantNamespace}`);
  return found;
}

/** Labels, annotations and taints of ours on the Nodes that are hosts. */
export async function marksLeft({ cluster, nodes }: Installation): Promise<{ node: string; what: string }[]> {
  const { items } = await cluster.resource<Node>(CORE.Node).list();
  return items
    .filter(({ metadata }) => nodes.includes(metadata.name))
    .flatMap(({ metadata, spec }) => {
      const keys = [...Object.keys(metadata.labels ?? {}), ...Object.keys(metadata.annotations ?? {})].filter((key) => OURS.test(key));
      const taints = (spec?.taints ?? []).filter(({ key }) => key === 'dpu').map(({ key }) => `taint ${key}`);
      return [...keys, ...taints].map((what) => ({ node: metadata.name, what }));
    });
}

/** Files of ours on the hosts, where the harness can look. */
async function filesLeft({ options: { nodeLook }, nodes }: Installation): Promise<string[]> {
  if (nodeLook === undefined) return [];
  const found = await Promise.all(nodes.map(async (node) => [node, await onNode(nodeLook, node)] as const));
  return found.flatMap(([node, names]) => names.split('\n').flatMap((name) => (name ? [`${name} on the disk of ${node}`] : [])));
}

/** Pods end within their grace period, and the cluster collects what belonged to them. */
const GONE_MS = 60_000;
const POLL_MS = 1_000;

/** @throws Error that names what is left after a minute */
export async function mustBeGone(installation: Installation, tenantNamespace: string): Promise<void> {
  for (const end = Date.now() + GONE_MS; ; await delay(POLL_MS)) {
    const marks = (await marksLeft(installation)).map(({ node, what }) => `${what} on Node ${node}`);
    const left = [...(await objectsLeft(installation, tenantNamespace)), ...marks, ...(await filesLeft(installation))];
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(left.map((what) => `left: ${what}`).join('; '));
  }
}
