/** After the services went: waits until their hosts are clean, and removes from the Nodes what nobody keeps up to date any more. */
import { NODE_ANNOTATIONS, NODE_LABELS, type KubeObject, type Node } from '@dpf/api';
import { CORE, formatSelector, isConflict, isNotFound, type Cluster } from '@dpf/kube';
import { hostsCleaned } from './hosts.ts';
import { waitUntilNothing, type Pace } from './pace.ts';
import { leftOnNodes } from './report.ts';

export interface NodesScope {
  /** Where the services ran, and which Pods were theirs. */
  namespace: string;
  podSelector: string;
  /** The DaemonSet whose Pods remove files on the hosts. */
  cleaners: string;
  /** The hosts: of other hosts another release may keep account. */
  nodeSelector: Record<string, string>;
  /** `agent`: the discovery labels are ours. */
  discovery: 'nfd' | 'agent';
}

const ANNOTATIONS: readonly string[] = [NODE_ANNOTATIONS.agent, NODE_ANNOTATIONS.reset];
const INDEXED = [NODE_LABELS.pciAddress, NODE_LABELS.pfName, NODE_LABELS.psid];
/** DPUs of a host that labels are looked for. */
const CARDS = 16;

/** When this step began, in milliseconds since 1970, whichever of the Job's Pods asks: the cleaners are made just before the Job. */
export async function stepBegan(cluster: Cluster, { namespace, cleaners }: NodesScope, now: number): Promise<number> {
  const set = await cluster
    .resource<KubeObject>(CORE.DaemonSet)
    .get({ namespace, name: cleaners })
    .catch(() => undefined);
  return Math.min(now, Date.parse(set?.metadata.creationTimestamp ?? '') || now);
}

export async function clearNodes(cluster: Cluster, scope: NodesScope, pace: Pace): Promise<void> {
  const pods = cluster.resource(CORE.Pod);
  const ended = await waitUntilNothing(pace, async () => {
    const { items } = await pods.list({ namespace: scope.namespace, labelSelector: scope.podSelector });
    return items.length === 0 ? undefined : `waits for Pod ${items[0]?.metadata.name} to end`;
  });
  if (!ended) return pace.say('the services did not end in time: what they left on hosts and noted on Nodes stays');
  // Before the labels go: by them the hosts are found.
  await hostsCleaned(cluster, { namespace: scope.namespace, name: scope.cleaners }, pace);
  const labelSelector = formatSelector({ matchLabels: scope.nodeSelector });
  const nodes = cluster.resource<Node>(CORE.Node);
  let cleared = 0;
  await waitUntilNothing(pace, async () => {
    const { items } = await nodes.list({ labelSelector });
    for (const node of items) {
      const metadata = removal(node, scope.discovery);
      if (!metadata) continue;
      try {
        await nodes.patch(node.metadata, { metadata }, { resourceVersion: node.metadata.resourceVersion });
        cleared++;
      } catch (error) {
        if (isNotFound(error)) continue;
        if (isConflict(error)) return 'a Node changed, looks again';
        throw error;
      }
    }
    return undefined;
  });
  pace.say(`${cleared} Nodes were cleared`);
  for (const line of leftOnNodes((await nodes.list({ labelSelector })).items)) pace.say(line);
}

/** The patch that removes what is ours; undefined where nothing is. */
export function removal({ metadata: { annotations = {}, labels = {} } }: Node, discovery: 'nfd' | 'agent'): object | undefined {
  const discovered = [NODE_LABELS.dpuEnabled, ...Array.from({ length: CARDS }, (_, i) => INDEXED.map((label) => label(i))).flat()];
  const nulls = (names: readonly string[], of: Record<string, string>) =>
    Object.fromEntries(names.filter((name) => name in of).map((name) => [name, null]));
  const patch = { annotations: nulls(ANNOTATIONS, annotations), labels: discovery === 'agent' ? nulls(discovered, labels) : {} };
  return Object.keys({ ...patch.annotations, ...patch.labels }).length === 0 ? undefined : patch;
}
