/** DPUClusterConfig: the tenant Node with the Dpu's name has a new uid, is Ready and bears our labels. Its deadline: see `joinAwaitedSince`. */
import { clusterName } from '../facts.ts';
import { keepToken } from '../token.ts';
import { provisioned } from './ready.ts';
import { isLabelled, isOfOldSoftware, labelling } from './tenant-node.ts';
import type { Observed } from '../observed.ts';
import type { Outcome } from '../outcome.ts';

export function clusterConfig(o: Observed): Outcome {
  const { tenant, dpu } = o;
  if (!dpu.spec.cluster)
    return { kind: 'advance', to: 'Ready', reason: 'Provisioned', message: 'it joins no cluster', record: provisioned(o) };
  if (typeof tenant === 'string')
    return { kind: 'stay', reason: 'WaitingForTenantNode', message: `${clusterName(o)} to be read`, recheckMs: 1_000 };
  if (tenant.state !== 'Reachable')
    return { kind: 'stay', reason: tenant.state, message: `${clusterName(o)} to be usable: ${tenant.message}`, unknown: true };

  const { node } = tenant;
  if (!node || isOfOldSoftware(o, node) || !node.ready)
    return {
      kind: 'stay',
      reason: 'WaitingForTenantNode',
      message: `the DPU to register Node ${dpu.metadata.name} in ${clusterName(o)}, and to become Ready there`,
      effects: [...labelling(o), ...keepToken(o)],
    };
  // The DPU has done its part: the labels are ours to put, and no delay of ours makes it fail.
  if (!isLabelled(o, node))
    return {
      kind: 'stay',
      reason: 'WaitingForTenantNode',
      message: `our labels to show on Node ${dpu.metadata.name} of ${clusterName(o)}`,
      effects: labelling(o),
      quiet: true,
    };
  return {
    kind: 'advance',
    to: 'Ready',
    reason: 'ClusterJoined',
    message: `Node ${dpu.metadata.name} of ${clusterName(o)} is Ready`,
    effects: [{ do: 'deleteToken' }],
    record: { tenantNodeUid: node.uid, ...provisioned(o) },
  };
}
