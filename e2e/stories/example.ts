/** The founding document's objects as every story uses them: its flavor also under the name that its set asks for. */
import { readFileSync } from 'node:fs';
import { KINDS, type Bfb, type Dpu, type DPUFlavor, type DpuSet } from '@dpf/api';
import { isAlreadyExists } from '@dpf/kube';
import { parseAllDocuments } from 'yaml';
import { NAMESPACE } from '../fleet/control-plane.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { describeDpu, Watching } from '../fleet/watching.ts';
import { FOUNDING_DOCUMENT } from '../fleet/workspace.ts';

interface Example {
  bfb: Bfb;
  flavor: DPUFlavor;
  set: DpuSet;
}

/** The objects of the document; `flavor` bears the name `hbn`. */
export function example(): Example {
  const objects = parseAllDocuments(readFileSync(FOUNDING_DOCUMENT, 'utf8'))
    .map((document) => document.toJS() as { kind?: string } | null)
    .filter((object) => object !== null);
  const ofKind = <T>(kind: string) => objects.find((object) => object.kind === kind) as T;
  const flavor = ofKind<DPUFlavor>('DPUFlavor');
  return { bfb: ofKind('Bfb'), flavor: { ...flavor, metadata: { name: 'hbn', namespace: NAMESPACE } }, set: ofKind('DpuSet') };
}

/** Creates what does not exist yet. */
export async function applyExample({ host: { cluster } }: Fleet, change: (example: Example) => Example = (same) => same): Promise<void> {
  const { bfb, flavor, set } = change(example());
  const creations = [
    cluster.resource<Bfb>(KINDS.Bfb).create(bfb),
    cluster.resource<DPUFlavor>(KINDS.DPUFlavor).create(flavor),
    cluster.resource<DpuSet>(KINDS.DpuSet).create(set),
  ];
  for (const result of await Promise.allSettled(creations))
    if (result.status === 'rejected' && !isAlreadyExists(result.reason)) throw result.reason;
}

/** Deletes the set; resolves once it and its Dpus are gone. */
export async function deleteExample({ host: { cluster } }: Fleet, seconds: number): Promise<void> {
  const sets = await Watching.start<DpuSet>(cluster, KINDS.DpuSet, NAMESPACE);
  const dpus = await Watching.start<Dpu>(cluster, KINDS.Dpu, NAMESPACE);
  try {
    await cluster.resource<DpuSet>(KINDS.DpuSet).delete({ namespace: NAMESPACE, name: example().set.metadata.name });
    await dpus.until('no Dpu is left', (all) => all.length === 0, seconds, describeDpu);
    await sets.until('the set is gone', (all) => all.length === 0, seconds);
  } finally {
    await Promise.all([sets.stop(), dpus.stop()]);
  }
}
