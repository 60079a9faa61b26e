/** Questions about what was observed, each asked in more than one place. */
import { DPU_ANNOTATIONS, FINALIZERS, NODE_LABELS, TENANT_NODE_LABELS, operationId } from '@dpf/api';
import type { AttemptInputs, Dpu, DpuAttempt, DpuOperation, DpuOperationKind, NodeEffect, Phase } from '@dpf/api';
import type { ClusterName, HostFacts, Observed } from './observed.ts';

export const uidOf = (o: Observed): string => o.dpu.metadata.uid ?? '';
export const pciOf = (o: Observed): string => o.dpu.spec.pciAddress;
export const phaseOf = (o: Observed): Phase => o.dpu.status?.phase ?? 'Initializing';
export const attemptOf = (o: Pick<Observed, 'dpu' | 'now'>): DpuAttempt =>
  o.dpu.status?.attempt ?? { number: 1, retries: 0, startedAt: new Date(o.now).toISOString() };
export const isBeingDeleted = (o: Pick<Observed, 'dpu'>): boolean => o.dpu.metadata.deletionTimestamp !== undefined;
export const isForced = (o: Observed): boolean => o.dpu.metadata.annotations?.[DPU_ANNOTATIONS.forceDelete] === 'true';
export const hasFinalizer = (o: Observed): boolean => o.dpu.metadata.finalizers?.includes(FINALIZERS.dpu) ?? false;
/** Made by a DpuSet (a flash then needs the set's grant), or by hand. */
export const isOwned = (o: Observed): boolean => o.dpu.metadata.ownerReferences?.some((owner) => owner.kind === 'DpuSet') ?? false;

/** A DPU of the host that is in service: what flashes this card resets that one too. */
export const readySibling = (o: Observed): string | undefined =>
  o.siblings
    .filter(({ phase }) => phase === 'Ready')
    .map(({ name }) => name)
    .sort()[0];

/** Milliseconds since 1970; undefined for an absent time. */
export const at = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

/** Id that an operation of this kind has in the present attempt. */
export const idOf = (o: Observed, kind: DpuOperationKind): string => operationId({ kind, uid: uidOf(o), attempt: attemptOf(o).number });

/** The operation of this kind in the present attempt, if it was opened. */
export function operationOf(o: Observed, kind: DpuOperationKind): DpuOperation | undefined {
  const operation = o.dpu.status?.operation;
  return operation?.id === idOf(o, kind) ? operation : undefined;
}

/** The agent may be at work on the card: only its word ends this. */
export function isClaimed(o: Observed): boolean {
  const operation = o.dpu.status?.operation;
  return operation?.kind === 'install' && (operation.state === 'Claimed' || operation.state === 'Cancelling');
}

/** The phase was entered at least once in the life of this Dpu: its condition is there. */
export const wasReached = (o: Observed, condition: string): boolean =>
  o.dpu.status?.conditions?.some(({ type }) => type === condition) ?? false;

/** Discovery labels or the agent's last announcement show the card on its host. */
export function cardIsVisible(host: HostFacts, pci: string): boolean {
  const card = host.agent?.cards.find((candidate) => candidate.pci === pci);
  if (card) return card.present;
  return Object.entries(host.labels).some(([label, value]) => value === pci && PCI_LABEL.test(label));
}
const PCI_LABEL = new RegExp(`^${NODE_LABELS.pciAddress(0).replaceAll('.', '\\.').replace('0', '\\d+')}$`);

/** The holder of this Dpu stands on the Node for this attempt, and so does its effect. */
export function isHeld(o: Observed, host: HostFacts): boolean {
  const holder = host.holders[uidOf(o)];
  return holder?.attempt === attemptOf(o).number && effectStands(host, o.dpu.spec.nodeEffect);
}

/** The taint and the labels of this effect are on the Node. */
export function effectStands(host: HostFacts, effect: NodeEffect | undefined): boolean {
  const { taint, customLabel } = effect ?? {};
  if (taint && !host.taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) return false;
  return Object.entries(customLabel ?? {}).every(([key, value]) => host.labels[key] === value);
}

/** The inputs as they are now; undefined while one of them is not known. */
export function inputsNow(o: Observed): AttemptInputs | undefined {
  const { bfb, flavor, tenant, dpu } = o;
  if (typeof bfb === 'string' || typeof flavor === 'string' || bfb.phase !== 'Ready' || !bfb.sha256 || !flavor.hash) return undefined;
  const inputs = { bfb: dpu.spec.bfb, bfbSha256: bfb.sha256, dpuFlavor: dpu.spec.dpuFlavor, flavorHash: flavor.hash };
  if (!dpu.spec.cluster) return inputs;
  if (typeof tenant === 'string' || tenant.state !== 'Reachable') return undefined;
  return { ...inputs, clusterUid: tenant.clusterUid };
}

/** The same image, flavor and cluster, whatever their names. */
export const sameInputs = (a: AttemptInputs, b: AttemptInputs): boolean =>
  a.bfbSha256 === b.bfbSha256 && a.flavorHash === b.flavorHash && a.clusterUid === b.clusterUid;

/** The labels that the DPU's Node in the tenant cluster is to have. */
export function tenantLabels(o: Observed): Record<string, string> {
  const version = o.dpu.status?.bfbVersion?.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, 63);
  return {
    ...o.dpu.spec.cluster?.nodeLabels,
    [TENANT_NODE_LABELS.host]: o.dpu.spec.nodeName.slice(0, 63),
    [TENANT_NODE_LABELS.dpuUid]: uidOf(o),
    ...(version ? { [TENANT_NODE_LABELS.bfbVersion]: version } : {}),
  };
}

/** Every tenant cluster that may have a Node of the Dpu: that of the spec first. */
export function clustersOf({ spec, status }: Dpu): ClusterName[] {
  const all = [spec.cluster, status?.tenantCluster, ...(status?.formerClusters ?? [])].flatMap((cluster) =>
    cluster ? [{ namespace: cluster.namespace, name: cluster.name }] : [],
  );
  return all.filter((cluster, i) => all.findIndex((other) => isSameCluster(other, cluster)) === i);
}

export const isSameCluster = (a: ClusterName | undefined, b: ClusterName | undefined): boolean =>
  a?.name === b?.name && a?.namespace === b?.namespace;

/** For sentences: `tenant cluster ns/name`. */
export const clusterName = (o: Observed): string => nameOf(o.dpu.spec.cluster);
export const nameOf = (cluster: ClusterName | undefined): string => `tenant cluster ${cluster?.namespace}/${cluster?.name}`;
