/** The Node in the tenant cluster that bears the Dpu's name: whose it is, how it becomes ours, how it goes. */
import { TENANT_NODE_LABELS } from '@dpf/api';
import { clusterName, tenantLabels, uidOf, wasReached } from '../facts.ts';
import type { Observed, TenantNode } from '../observed.ts';
import type { Effect, Stay } from '../outcome.ts';

/** The Node, if the cluster can be read and has one. */
export function tenantNodeOf({ tenant }: Observed): TenantNode | undefined {
  return typeof tenant !== 'string' && tenant.state === 'Reachable' ? tenant.node : undefined;
}

/**
 * `ours`: it bears the label of this Dpu, or of an earlier one of the same host. `unlabelled`: a DPU that we installed registered it, for none of that name
 * was there before the first install. `foreign`: never touched.
 */
export function ownerOfNode(o: Observed, node: TenantNode): 'ours' | 'unlabelled' | 'foreign' {
  if (node.dpuUid === undefined) return wasReached(o, 'OSInstalled') ? 'unlabelled' : 'foreign';
  const ours = node.dpuUid === uidOf(o) || node.labels[TENANT_NODE_LABELS.host] === tenantLabels(o)[TENANT_NODE_LABELS.host];
  return ours ? 'ours' : 'foreign';
}

/** The software before this one registered it; it says nothing about the present one. */
export const isOfOldSoftware = (o: Observed, node: TenantNode): boolean =>
  node.uid === o.dpu.status?.tenantNodeUid || (node.dpuUid !== undefined && node.dpuUid !== uidOf(o));

export const isLabelled = (o: Observed, node: TenantNode): boolean =>
  Object.entries(tenantLabels(o)).every(([key, value]) => node.labels[key] === value);

/** The new software registered its Node, and that one is Ready. */
export function hasJoined(o: Observed): boolean {
  const node = tenantNodeOf(o);
  return node !== undefined && !isOfOldSoftware(o, node) && node.ready;
}

/** Puts our labels on the Node that the new software registered. */
export function labelling(o: Observed): Effect[] {
  const node = tenantNodeOf(o);
  if (!node || isOfOldSoftware(o, node) || isLabelled(o, node)) return [];
  return [{ do: 'labelTenantNode', uid: node.uid, labels: tenantLabels(o) }];
}

/** The Node has to leave the cluster: the wait for that, or undefined when there is none of ours. Only a Node with our label is deleted. */
export function removal(o: Observed, reason: Stay['reason'], more: Partial<Stay> = {}): Stay | undefined {
  const node = tenantNodeOf(o);
  const owner = node && ownerOfNode(o, node);
  if (!node || owner === 'foreign') return undefined;
  const effect: Effect =
    owner === 'ours' ? { do: 'deleteTenantNode', uid: node.uid } : { do: 'labelTenantNode', uid: node.uid, labels: tenantLabels(o) };
  return { kind: 'stay', reason, message: `Node ${o.dpu.metadata.name} of ${clusterName(o)} to be removed`, effects: [effect], ...more };
}

/** A Node of that name that is not ours: nothing begins before it is gone. */
export function foreignNode(o: Observed): Pick<Stay, 'reason' | 'message' | 'stalled'> | undefined {
  const node = tenantNodeOf(o);
  if (!node || ownerOfNode(o, node) !== 'foreign') return undefined;
  return {
    reason: 'TenantNodeForeign',
    message: `Node ${o.dpu.metadata.name} of ${clusterName(o)}, which is not ours, to go`,
    stalled: true,
  };
}
