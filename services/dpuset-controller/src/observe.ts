/** The only reads of a reconcile. */
import { DPU_LABELS, KINDS, type Dpu, type DpuSet, type Node } from '@dpf/api';
import type { Cluster, ObjectRef, Store } from '@dpf/kube';
import { labelValue } from './plan/names.ts';
import type { Facts } from './plan/plan.ts';

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
  return { set, dpus, nodes: new Map(sources.nodes.list().map((node) => [node.metadata.name, node])), now: sources.now() };
}
