/** Says, for people, what objects that went without their clean-up may have left, and what of ours still stands on Nodes. */
import { GROUP, NODE_ANNOTATIONS, type Bfb, type Dpu, type Node } from '@dpf/api';

/** A line per host, and one for the images. */
export function leftOf(dpus: readonly Dpu[], bfbs: readonly Bfb[]): string[] {
  const hosts = Map.groupBy(dpus, ({ spec }) => spec.nodeName);
  const lines = [...hosts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([host, its]) => `left on host ${host}: ${its.map(ofDpu).join('; ')}`);
  const images = bfbs.flatMap(({ status }) => (status?.sha256 ? [`${status.sha256}.bfb`] : []));
  return images.length === 0 ? lines : [...lines, `left on the BFB volume: ${[...new Set(images)].join(', ')}`];
}

function ofDpu({ metadata, spec, status }: Dpu): string {
  const { taint, customLabel } = spec.nodeEffect ?? {};
  const parts = [
    `the bridge and the virtual functions of card ${spec.pciAddress}`,
    ...(taint ? [`the taint ${taint.key}=${taint.value ?? ''}:${taint.effect}`] : []),
    ...(customLabel ? [`the labels ${Object.keys(customLabel).join(', ')}`] : []),
    ...(spec.cluster ? [`Node ${metadata.name} in tenant cluster ${spec.cluster.namespace}/${spec.cluster.name}`] : []),
  ];
  const because = status?.waitingFor ? `, which waited for ${status.waitingFor}` : '';
  return `of Dpu ${metadata.namespace}/${metadata.name} (${status?.phase ?? 'Initializing'}${because}) perhaps ${parts.join(', ')}`;
}

/** Annotations that tell of unfinished work; `agent` and `reset` are removed once the services are gone. */
const isUnfinished = (annotation: string): boolean =>
  annotation === NODE_ANNOTATIONS.holders || annotation.startsWith(NODE_ANNOTATIONS.card(''));

export function leftOnNodes(nodes: readonly Node[]): string[] {
  return nodes.flatMap(({ metadata: { name, annotations = {} } }) => {
    const left = Object.keys(annotations).filter(isUnfinished);
    const list = left.map((annotation) => annotation.slice(GROUP.length + 1)).join(', ');
    return left.length === 0 ? [] : [`left on Node ${name}: annotations ${GROUP}/{${list}}; remove them once no flash is under way there`];
  });
}
