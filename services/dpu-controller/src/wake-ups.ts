/** Who is told when something changed. A wake-up says that, never what. */
import { DPU_LABELS, NODE_ANNOTATIONS, nodeKey, wakeUpKey, type ClusterRef, type Dpu, type DPUFlavor, type Node } from '@dpf/api';
import type { StoreEvent } from '@dpf/kube';
import type { WakeUp } from '@dpf/queue';
import { nextInLine } from './caps.ts';
import { hostFacts, recordsOf } from './host/records.ts';
import { clustersOf, isSameCluster } from './lifecycle/facts.ts';
import { placeOf } from './place.ts';
import { isOurs, type Settings, type World } from './world.ts';

/** The queues that wake-ups go to. Losing one costs a recheck: failures are the sender's to log. */
export interface Queues {
  dpu(wakeUp: WakeUp): void;
  dpuset(wakeUp: WakeUp): void;
  bfb(wakeUp: WakeUp): void;
}
type Stores = World['stores'];

export const dpuKey = ({ metadata }: Dpu): string => wakeUpKey('dpu', metadata.namespace ?? '', metadata.name);

export function onDpuEvent(stores: Stores, settings: Settings, queues: Queues, event: StoreEvent<Dpu>): void {
  const { dpus } = stores;
  const dpu = event.object;
  const old = event.type === 'updated' ? event.old : undefined;
  const { resourceVersion } = dpu.metadata;
  // Of a Dpu that is gone the queue is told once more, so that it forgets when to look again.
  queues.dpu({ key: dpuKey(dpu), ...(event.type !== 'deleted' && { resourceVersion }) });
  const set = setKey(dpu);
  if (set && (!old || concernsSet(old) !== concernsSet(dpu))) queues.dpuset({ key: set, resourceVersion });
  if (event.type === 'deleted') {
    queues.bfb({ key: bfbKey(dpu) });
    queues.dpu({ key: nodeKey(dpu.spec.nodeName) });
  } else if (old && old.spec.bfb !== dpu.spec.bfb) queues.bfb({ key: bfbKey(old) });
  if (event.type === 'deleted' || !old || concernsHost(old) !== concernsHost(dpu)) {
    // A host's reset waits for all its DPUs.
    const siblings = dpus.byIndex('host', dpu.spec.nodeName).filter((other) => other !== dpu && other.status?.phase === 'Rebooting');
    for (const other of siblings) queues.dpu({ key: dpuKey(other) });
  }
  if (leftPlace(event)) for (const other of nextInLine(stores, settings)) queues.dpu({ key: dpuKey(other) });
}

/** Whoever gives back its place under a limit, or its place in the line, lets others go on. */
function leftPlace(event: StoreEvent<Dpu>): boolean {
  if (event.type === 'added') return false;
  const before = placeOf(event.type === 'updated' ? event.old : event.object);
  const now = event.type === 'updated' ? placeOf(event.object) : undefined;
  return before !== undefined && now !== before && now !== 'installing';
}

/** A DpuSet is told of phase, readiness, what is waited for and existence, and of what its grants hang on. */
function concernsSet({ status, metadata, spec }: Dpu): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return JSON.stringify([
    status?.phase,
    ready?.status,
    ready?.reason,
    metadata.deletionTimestamp,
    metadata.generation,
    status?.observedGeneration,
    spec.grant,
    status?.attempt?.grant,
    status?.outdated?.reason,
  ]);
}

const concernsHost = ({ status, metadata, spec }: Dpu): string =>
  JSON.stringify([status?.phase, status?.operation?.state, status?.operation?.kind, metadata.deletionTimestamp, spec.paused]);

function setKey({ metadata }: Dpu): string | undefined {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'DpuSet')?.name ?? metadata.labels?.[DPU_LABELS.setName];
  return owner === undefined ? undefined : wakeUpKey('dpuset', metadata.namespace ?? '', owner);
}

const bfbKey = ({ metadata, spec }: Dpu): string => wakeUpKey('bfb', metadata.namespace ?? '', spec.bfb);

/** A host Node changed in what its Dpus look at: they are woken, and those who may go on where it is available again; entries of unknown uids are looked at by themselves. */
export function onNodeEvent(stores: Stores, settings: Settings, queues: Queues, event: StoreEvent<Node>): void {
  const { dpus } = stores;
  const node = event.object;
  if (isAvailableAgain(event)) for (const dpu of nextInLine(stores, settings)) queues.dpu({ key: dpuKey(dpu) });
  if (event.type === 'updated' && concernsDpus(event.old) === concernsDpus(node)) return;
  const own = dpus.byIndex('host', node.metadata.name);
  for (const dpu of own) queues.dpu({ key: dpuKey(dpu) });
  if (own.length === 0 && hostFacts(node, (_, namespace) => !isOurs(settings, namespace)).strangers.length > 0)
    queues.dpu({ key: nodeKey(node.metadata.name) });
}

const isHeld = (node: Node): boolean => Object.keys(recordsOf(node).holders).length > 0;
const isAvailableAgain = (event: StoreEvent<Node>): boolean =>
  event.type === 'updated' ? isHeld(event.old) && !isHeld(event.object) : event.type === 'deleted' && isHeld(event.object);

const concernsDpus = ({ metadata, spec }: Node): string =>
  JSON.stringify([metadata.uid, metadata.labels, metadata.annotations, spec?.taints]);

export function onFlavorEvent({ dpus }: Stores, queues: Queues, { object: { metadata } }: StoreEvent<DPUFlavor>): void {
  for (const dpu of dpus.byIndex('flavor', `${metadata.namespace}/${metadata.name}`)) queues.dpu({ key: dpuKey(dpu) });
}

/** A Node of a tenant cluster bears the name of its Dpu. */
export function onTenantNodeEvent(
  { dpus }: Stores,
  queues: Queues,
  { cluster, name }: { cluster: Pick<ClusterRef, 'name' | 'namespace'>; name: string },
): void {
  for (const dpu of dpus.byIndex('name', name)) {
    if (clustersOf(dpu).some((used) => isSameCluster(used, cluster))) queues.dpu({ key: dpuKey(dpu) });
  }
}

/** All keys of the dpu queue: at start, and when Redis was found erased. */
export function* everyKey({ dpus, nodes }: Stores): Iterable<string> {
  for (const dpu of dpus.list()) yield dpuKey(dpu);
  for (const node of nodes.list()) if (Object.keys(recordsOf(node).claims).length > 0) yield nodeKey(node.metadata.name);
}

/** What is kept of a host Node in the store: its status is large and changes all the time. */
export const trimNode = (node: Node): Node => ({
  apiVersion: node.apiVersion,
  kind: node.kind,
  metadata: { ...node.metadata, annotations: ours(node.metadata.annotations) },
  spec: { taints: node.spec?.taints },
});

/** Only our annotations: every heartbeat and every other controller changes the rest. */
function ours(annotations: Record<string, string> | undefined): Record<string, string> | undefined {
  if (!annotations) return undefined;
  const prefix = NODE_ANNOTATIONS.holders.slice(0, NODE_ANNOTATIONS.holders.indexOf('/') + 1);
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => name.startsWith(prefix)));
}
