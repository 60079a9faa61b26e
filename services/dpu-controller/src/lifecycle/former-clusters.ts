/** Tenant clusters that a DPU has left, since spec.cluster was changed: its Node there goes, by uid, and where that cannot be done it is told. */
import type { DpuStatus } from '@dpf/api';
import { isSameCluster, nameOf, tenantLabels } from './facts.ts';
import type { ClusterName, FormerCluster, Observed, TenantFacts, TenantNode } from './observed.ts';
import type { Effect, Outcome, Recorded, Stay } from './outcome.ts';
import { ownerOfNode } from './phases/tenant-node.ts';

/** Its Node stands in a cluster that can be used, and is ours to remove. */
function nodeLeft(o: Observed, { facts }: FormerCluster): TenantNode | undefined {
  if (facts.state !== 'Reachable' || !facts.node || isPresentCluster(o, facts)) return undefined;
  return ownerOfNode(o, facts.node) === 'foreign' ? undefined : facts.node;
}

/** Another name of the cluster that the DPU is to be in. */
const isPresentCluster = ({ tenant }: Observed, facts: TenantFacts): boolean =>
  typeof tenant !== 'string' && tenant.state === 'Reachable' && facts.state === 'Reachable' && facts.clusterUid === tenant.clusterUid;

/** Nothing is known of its Node there. A cluster that is gone has none. */
const isUnusable = ({ facts }: FormerCluster): boolean => facts.state !== 'Reachable' && facts.state !== 'ClusterNotFound';

/** Something is left to be done there. */
const isUnfinished = (o: Observed, former: FormerCluster): boolean => isUnusable(former) || nodeLeft(o, former) !== undefined;

function removing(o: Observed, former: FormerCluster): Effect[] {
  const node = nodeLeft(o, former);
  const { cluster } = former;
  if (!node) return [];
  // Only a Node with our label is deleted: one that the DPU registered gets it first.
  return ownerOfNode(o, node) === 'ours'
    ? [
        { do: 'deleteTenantNode', uid: node.uid, cluster },
        { do: 'deleteToken', cluster },
      ]
    : [{ do: 'labelTenantNode', uid: node.uid, labels: tenantLabels(o), cluster }];
}

/** The wait for the Nodes that can be removed now; undefined: there is none. */
export function formerRemoval(o: Observed, reason: Stay['reason'], more: Partial<Stay> = {}): Stay | undefined {
  const [first, ...rest] = (o.former ?? []).filter((former) => nodeLeft(o, former));
  if (!first) return undefined;
  const message = `Node ${o.dpu.metadata.name} of ${nameOf(first.cluster)} to be removed`;
  return { kind: 'stay', reason, message, effects: [first, ...rest].flatMap((former) => removing(o, former)), ...more };
}

export interface UnusableFormer {
  cluster: ClusterName;
  state: Exclude<TenantFacts, { state: 'Reachable' }>['state'];
  what: string;
  message: string;
}

/** The clusters that were left and cannot be looked into. @param among only these; default: all */
export function unusableFormer(o: Observed, among?: readonly ClusterName[]): UnusableFormer[] {
  return (o.former ?? [])
    .filter(({ cluster }) => !among || among.some((one) => isSameCluster(one, cluster)))
    .flatMap(({ cluster, facts }) =>
      facts.state === 'Reachable' || facts.state === 'ClusterNotFound'
        ? []
        : [{ cluster, state: facts.state, what: `${nameOf(cluster)} to be usable`, message: facts.message }],
    );
}

/** When an install begins: the cluster that it joins, and those that it leaves without having removed its Node there. */
export function clusterRecord(o: Observed): Recorded {
  const { cluster } = o.dpu.spec;
  return {
    tenantCluster: cluster && { name: cluster.name, namespace: cluster.namespace },
    formerClusters: listed((o.former ?? []).filter((former) => isUnfinished(o, former)).map((former) => former.cluster)),
  };
}

/** Of the clusters that were left: removes what can be removed by now, and forgets those where nothing is left to do. */
export function withFormerClusters(o: Observed, outcome: Outcome): Outcome {
  const known = o.dpu.status?.formerClusters;
  if (outcome.kind !== 'stay' || !known || !o.former || (outcome.record && 'formerClusters' in outcome.record)) return outcome;
  const recorded = o.former.filter(({ cluster }) => known.some((one) => isSameCluster(one, cluster)));
  const unfinished = recorded.filter((former) => isUnfinished(o, former));
  return {
    ...outcome,
    effects: [...(outcome.effects ?? []), ...unfinished.flatMap((former) => removing(o, former))],
    record: { ...outcome.record, formerClusters: listed(unfinished.map(({ cluster }) => cluster)) },
  };
}

/** As many as the API takes: the latest. */
const listed = (clusters: ClusterName[]): DpuStatus['formerClusters'] => (clusters.length === 0 ? undefined : clusters.slice(-MOST));
const MOST = 8;
