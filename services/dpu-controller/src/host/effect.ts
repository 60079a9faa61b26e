/** The node effect: taints and labels of the holders, without touching what was on the Node before any of us. */
import type { HolderRecord, HolderRecords, Node, NodeEffect, Taint } from '@dpf/api';

export const sameTaint = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;

/** The Node with the effect on it, and what of the effect was there before us (it will never be removed). */
export function applyEffect(
  node: Node,
  others: HolderRecords,
  effect: NodeEffect | undefined,
): { node: Node; record: Pick<HolderRecord, 'taint' | 'labels' | 'foreign'> } {
  const holders = Object.values(others);
  const { taint, customLabel } = effect ?? {};
  const taints = node.spec?.taints ?? [];
  const labels = node.metadata.labels ?? {};

  const stands = taint !== undefined && taints.some((other) => sameTaint(other, taint));
  const sharers = holders.filter((holder) => taint && holder.taint && sameTaint(holder.taint, taint));
  const foreignTaint = stands && (sharers.length === 0 || sharers.some(({ foreign }) => foreign?.taint));
  const foreignLabels = Object.keys(customLabel ?? {}).filter((key) => {
    const sharing = holders.filter((holder) => holder.labels && key in holder.labels);
    return key in labels && (sharing.length === 0 || sharing.some(({ foreign }) => foreign?.labels?.includes(key)));
  });
  return {
    node: {
      ...node,
      metadata: { ...node.metadata, labels: { ...labels, ...customLabel } },
      spec: { ...node.spec, taints: taint && !stands ? [...taints, taint] : taints },
    },
    record: {
      ...(taint ? { taint } : {}),
      ...(customLabel ? { labels: customLabel } : {}),
      ...(foreignTaint || foreignLabels.length > 0
        ? { foreign: { ...(foreignTaint ? { taint: true as const } : {}), ...(foreignLabels.length > 0 ? { labels: foreignLabels } : {}) } }
        : {}),
    },
  };
}

/** The Node without what only this holder put there. */
export function removeEffect(node: Node, holder: HolderRecord, others: HolderRecords): Node {
  const rest = Object.values(others);
  const { taint, foreign } = holder;
  const keepsTaint = !taint || foreign?.taint || rest.some((other) => other.taint && sameTaint(other.taint, taint));
  const labels = { ...node.metadata.labels };
  for (const key of Object.keys(holder.labels ?? {}))
    if (!foreign?.labels?.includes(key) && !rest.some((other) => other.labels && key in other.labels)) delete labels[key];
  return {
    ...node,
    metadata: { ...node.metadata, labels },
    spec: keepsTaint ? node.spec : { ...node.spec, taints: (node.spec?.taints ?? []).filter((other) => !sameTaint(other, taint)) },
  };
}
