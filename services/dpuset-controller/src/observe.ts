/** The only reads of a reconcile. */
import { DPU_LABELS, KINDS, type Dpu, type DpuSet, type Node } from '@dpf/api';
import { CORE, type Cluster, type ObjectRef, type Store } from '@dpf/kube';
import { inParallel } from './parallel.ts';
import { labelValue } from './plan/names.ts';
import { isOwn, type Facts } from './plan/plan.ts';

export interface Sources {
  cluster: Pick<Cluster, 'resource'>;
  nodes: Pick<Store<Node>, 'list'>;
  now: () => Date;
  /** Told how long the list of the set's Dpus took, in milliseconds. */
  listed: (ms: number) => void;
}

/** Everything that a decision about one set rests on; undefined: the set is gone. The set is read live, and only then are its Dpus listed, once and live. */
export async function observe(sources: Sources, ref: ObjectRef, signal: AbortSignal): Promise<Facts | undefined> {
  const { cluster } = sources;
  const set = await cluster.resource<DpuSet>(KINDS.DpuSet).get(ref, { signal });
  if (!set) return undefined;
  const began = performance.now();
  const labelSelector = `${DPU_LABELS.setName}=${labelValue(ref.name)}`;
  const { items: dpus } = await cluster.resource<Dpu>(KINDS.Dpu).list({ ...ref, labelSelector, signal });
  sources.listed(performance.now() - began);
  const nodes = new Map(sources.nodes.list().map((node) => [node.metadata.name, node]));
  await readMissing(
    cluster,
    nodes,
    dpus.filter((dpu) => isOwn(dpu, set)),
    signal,
  );
  return { set, dpus, nodes, now: sources.now() };
}

/** A Node that the store does not have may be newer than the store: no Dpu is deleted for a Node that was not looked for. */
async function readMissing(cluster: Sources['cluster'], nodes: Map<string, Node>, own: Dpu[], signal: AbortSignal): Promise<void> {
  const missing = new Set(own.map(({ spec }) => spec.nodeName).filter((name) => !nodes.has(name)));
  await inParallel([...missing], async (name) => {
    const node = await cluster.resource<Node>(CORE.Node).get({ name }, { signal });
    if (node) nodes.set(name, node);
  });
}
