/** After the services went: waits until their hosts are clean, and removes from the Nodes what nobody keeps up to date any more. */
import { NODE_ANNOTATIONS, NODE_LABELS, type KubeObject, type Node, type Pod } from '@dpf/api';
import { CORE, formatSelector, isNotFound, type Cluster } from '@dpf/kube';
import { hostsCleaned } from './hosts.ts';
import { passUntilEnd, workOff, type Failure, type Pace } from './pace.ts';
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
  /** The services that have not ended: a host that is down keeps its Pods. */
  let services: Pod[] | undefined;
  const ended = async () => {
    const { items } = await cluster.resource<Pod>(CORE.Pod).list({ namespace: scope.namespace, labelSelector: scope.podSelector });
    services = items.filter(({ spec }) => spec?.nodeName);
    return items.length === 0 ? undefined : `waits for Pod ${items[0]?.metadata.name} to end`;
  };
  // Before the labels go: by them the hosts are found.
  await hostsCleaned(cluster, { namespace: scope.namespace, name: scope.cleaners }, pace, ended);
  if (!services) return pace.say('it cannot be told whether the services have ended: what they noted on Nodes stays');
  const keep = new Set(services.map(({ spec }) => spec?.nodeName));
  for (const { metadata, spec } of services)
    pace.say(`left on Node ${spec?.nodeName}: what is noted there, for Pod ${metadata.name} did not end`);
  await clear(cluster, scope, pace, keep);
}

async function clear(cluster: Cluster, scope: NodesScope, pace: Pace, keep: ReadonlySet<string | undefined>): Promise<void> {
  const nodes = cluster.resource<Node>(CORE.Node);
  const labelSelector = formatSelector({ matchLabels: lasting(scope) });
  /** As they were first seen: what is cleared may be what finds them. */
  const seen = new Map<string, Node>();
  let cleared = 0;
  let failures: Failure<Node>[] = [];
  const pass = async () => {
    const { items } = await nodes.list({ labelSelector });
    for (const node of items) if (!seen.has(node.metadata.name)) seen.set(node.metadata.name, node);
    const toClear = items.filter((node) => !keep.has(node.metadata.name) && removal(node, scope.discovery));
    failures = await workOff(pace, toClear, async (node) => {
      try {
        const metadata = removal(node, scope.discovery);
        await nodes.patch(node.metadata, { metadata }, { resourceVersion: node.metadata.resourceVersion });
        cleared++;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
    return failures.length === 0 ? undefined : `${failures.length} Nodes could not be cleared, tries again`;
  };
  await passUntilEnd(pace, pass);
  pace.say(`${cleared} Nodes were cleared`);
  for (const { item, because } of failures) pace.say(`left on Node ${item.metadata.name}: what is noted there (${because})`);
  for (const line of leftOnNodes([...seen.values()])) pace.say(line);
}

/**
 * What of the hosts' selector still finds them: NFD takes its label away with the file that was removed. Among the Nodes that are found so, our annotations
 * tell the hosts.
 */
function lasting({ nodeSelector, discovery }: NodesScope): Record<string, string> {
  const labels = Object.entries(nodeSelector);
  return Object.fromEntries(discovery === 'nfd' ? labels.filter(([label]) => label !== NODE_LABELS.dpuEnabled) : labels);
}

/** The patch that removes what is ours; undefined where nothing is. */
export function removal({ metadata: { annotations = {}, labels = {} } }: Node, discovery: 'nfd' | 'agent'): object | undefined {
  const discovered = [NODE_LABELS.dpuEnabled, ...Array.from({ length: CARDS }, (_, i) => INDEXED.map((label) => label(i))).flat()];
  const nulls = (names: readonly string[], of: Record<string, string>) =>
    Object.fromEntries(names.filter((name) => name in of).map((name) => [name, null]));
  const patch = { annotations: nulls(ANNOTATIONS, annotations), labels: discovery === 'agent' ? nulls(discovered, labels) : {} };
  return Object.keys({ ...patch.annotations, ...patch.labels }).length === 0 ? undefined : patch;
}
