/** DPUClusterConfig: the tenant Node with the Dpu's name has a new uid, is Ready and bears our labels. */
import { attemptOf, clusterName, tenantLabels, uidOf } from '../facts.ts';
import { provisioned } from './ready.ts';
import type { Observed } from '../observed.ts';
import type { Effect, Outcome, Stay } from '../outcome.ts';

export function clusterConfig(o: Observed): Outcome {
  const { tenant, dpu } = o;
  if (!dpu.spec.cluster)
    return { kind: 'advance', to: 'Ready', reason: 'Provisioned', message: 'it joins no cluster', record: provisioned(o) };
  if (typeof tenant === 'string')
    return { kind: 'stay', reason: 'WaitingForTenantNode', message: `${clusterName(o)} to be read`, recheckMs: 1_000 };
  if (tenant.state !== 'Reachable')
    return { kind: 'stay', reason: tenant.state, message: `${clusterName(o)} to be usable: ${tenant.message}` };

  const { node } = tenant;
  const attempt = attemptOf(o);
  const wait = (effects: Effect[]): Stay => ({
    kind: 'stay',
    reason: 'WaitingForTenantNode',
    message: `the DPU to register Node ${dpu.metadata.name} in ${clusterName(o)}, and to become Ready there`,
    effects: [{ do: 'extendToken', attempt: attempt.installed ?? attempt.number }, ...effects],
  });
  const isOld = node?.uid === dpu.status?.tenantNodeUid || (node?.dpuUid !== undefined && node.dpuUid !== uidOf(o));
  if (!node || isOld) return wait([]);
  const labels = tenantLabels(o);
  const labelled = Object.entries(labels).every(([key, value]) => node.labels[key] === value);
  if (!labelled) return wait([{ do: 'labelTenantNode', uid: node.uid, labels }]);
  if (!node.ready) return wait([]);
  return {
    kind: 'advance',
    to: 'Ready',
    reason: 'ClusterJoined',
    message: `Node ${dpu.metadata.name} of ${clusterName(o)} is Ready`,
    effects: [{ do: 'deleteToken' }],
    record: { tenantNodeUid: node.uid, ...provisioned(o) },
  };
}
