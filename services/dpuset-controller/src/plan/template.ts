/** What the template of a DpuSet makes of a Dpu's spec, and how far an existing Dpu is from it. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Dpu, DpuSet, DpuSpec } from '@dpf/api';

/** The part of a Dpu's spec that comes from the template. `null` removes (a merge patch): a field absent in the template is absent in the Dpu. */
export interface TemplatePatch {
  bfb: string;
  dpuFlavor: string;
  nodeEffect: DpuSpec['nodeEffect'] | null;
  cluster: DpuSpec['cluster'] | null;
  automaticNodeReboot: boolean;
}

/** Template → spec. Absent `nodeEffect`: none; absent `automaticNodeReboot`: true, as the schema defaults it. */
export function fromTemplate(set: DpuSet): TemplatePatch {
  const { BFB, dpuFlavor, nodeEffect, cluster, automaticNodeReboot } = set.spec.dpuTemplate.spec;
  return {
    bfb: BFB.bfb,
    dpuFlavor,
    nodeEffect: nodeEffect ?? null,
    cluster: cluster ?? null,
    automaticNodeReboot: automaticNodeReboot ?? true,
  };
}

/** The fields whose change takes a flash: they are changed under a grant only. */
const disruptive = (spec: Pick<TemplatePatch, 'bfb' | 'dpuFlavor'> & { cluster?: DpuSpec['cluster'] | null }) => [
  spec.bfb,
  spec.dpuFlavor,
  spec.cluster?.name ?? '',
  spec.cluster?.namespace ?? '',
];

/** A short name of what the template asks to be on the cards. */
export const revisionOf = (set: DpuSet): string =>
  createHash('sha256')
    .update(JSON.stringify(disruptive(fromTemplate(set))))
    .digest('hex')
    .slice(0, 10);

/** True if a Dpu's spec asks for other software than the template, so that bringing it there takes a flash. */
export const needsUpdate = (dpu: Dpu, set: DpuSet): boolean => !isDeepStrictEqual(disruptive(dpu.spec), disruptive(fromTemplate(set)));

/**
 * The change that makes a Dpu follow its template without disruption (reboot policy, node effect, labels of the tenant Node, metadata); undefined: nothing
 * to do. Metadata is only added or replaced: what others put on the object stays.
 * @param labels those that the Dpu shall carry: the template's and our own
 */
export function quietPatch(dpu: Dpu, set: DpuSet, labels: Record<string, string>): Record<string, unknown> | undefined {
  const target = fromTemplate(set);
  const spec: Record<string, unknown> = {};
  if (!isDeepStrictEqual(dpu.spec.nodeEffect ?? null, target.nodeEffect))
    spec['nodeEffect'] = replacing(dpu.spec.nodeEffect, target.nodeEffect);
  if ((dpu.spec.automaticNodeReboot ?? true) !== target.automaticNodeReboot) spec['automaticNodeReboot'] = target.automaticNodeReboot;
  const [before, after] = [dpu.spec.cluster?.nodeLabels ?? {}, target.cluster?.nodeLabels ?? {}];
  if (dpu.spec.cluster && target.cluster && !isDeepStrictEqual(before, after)) spec['cluster'] = { nodeLabels: replacing(before, after) };
  const metadata = {
    ...differing('labels', dpu.metadata.labels, labels),
    ...differing('annotations', dpu.metadata.annotations, set.spec.dpuTemplate.metadata?.annotations),
  };
  const patch = { ...(Object.keys(spec).length > 0 ? { spec } : {}), ...(Object.keys(metadata).length > 0 ? { metadata } : {}) };
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** The whole spec of the template as a merge patch of this Dpu: maps are replaced, not merged. */
export function templatePatch(dpu: Dpu, set: DpuSet): Record<string, unknown> {
  const target = fromTemplate(set);
  return {
    ...target,
    nodeEffect: replacing(dpu.spec.nodeEffect, target.nodeEffect),
    cluster: target.cluster && {
      ...target.cluster,
      nodeLabels: replacing(dpu.spec.cluster?.nodeLabels ?? {}, target.cluster.nodeLabels ?? {}),
    },
  };
}

/** A merge patch that turns `from` into `to`: keys that `to` lacks become null. */
function replacing(from: object | undefined | null, to: object | undefined | null): unknown {
  if (!to || !from) return to ?? null;
  const result: Record<string, unknown> = { ...to };
  for (const [key, value] of Object.entries(from)) {
    const next = (to as Record<string, unknown>)[key];
    if (next === undefined) result[key] = null;
    else if (isMap(value) && isMap(next)) result[key] = replacing(value, next);
  }
  return result;
}
const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

function differing(field: string, present: Record<string, string> = {}, wanted: Record<string, string> = {}): Record<string, unknown> {
  const changed = Object.entries(wanted).filter(([key, value]) => present[key] !== value);
  return changed.length === 0 ? {} : { [field]: Object.fromEntries(changed) };
}
