/** The only reads of a reconcile: one plain value, clock included. */
import { KINDS, type Bfb, type Dpu, type DpuSet } from '@dpf/api';
import type { Cluster } from '@dpf/kube';
import type { DownloadResult, Observed } from './outcome.ts';
import type { BfbVolume } from './volume.ts';

export interface Sources {
  cluster: Pick<Cluster, 'resource'>;
  volume: BfbVolume;
  now: () => number;
  chance: () => number;
}

export async function observe(sources: Sources, bfb: Bfb, download: DownloadResult | undefined, signal: AbortSignal): Promise<Observed> {
  const observed: Observed = { now: sources.now(), bfb, references: [], chance: sources.chance(), ...(download ? { download } : {}) };
  if (bfb.metadata.deletionTimestamp) observed.references = await references(sources.cluster, bfb, signal);
  else if (bfb.status?.phase === 'Ready' && bfb.status.sha256) {
    const size = await sources.volume.size(bfb.status.sha256);
    if (size !== undefined) observed.publishedSize = size;
  }
  return observed;
}

/** Who refers to this Bfb, DpuSets first. Read live: a deletion must not overlook the newest. */
async function references(cluster: Sources['cluster'], bfb: Bfb, signal: AbortSignal): Promise<string[]> {
  const { namespace = '', name } = bfb.metadata;
  const [sets, dpus] = await Promise.all([
    cluster.resource<DpuSet>(KINDS.DpuSet).list({ namespace, signal }),
    cluster.resource<Dpu>(KINDS.Dpu).list({ namespace, signal }),
  ]);
  return [
    ...sets.items.filter((set) => set.spec.dpuTemplate.spec.BFB.bfb === name).map((set) => `DpuSet ${set.metadata.name}`),
    ...dpus.items
      .filter((dpu) => dpu.spec.bfb === name || dpu.status?.attempt?.inputs?.bfb === name)
      .map((dpu) => `Dpu ${dpu.metadata.name}`),
  ];
}
