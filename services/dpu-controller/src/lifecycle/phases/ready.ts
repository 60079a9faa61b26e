/** Ready: the node effect is released; health and drift are followed. */
import { attemptOf, clusterName, isOwned, tenantLabels, uidOf } from '../facts.ts';
import { isLabelled } from './tenant-node.ts';
import type { Observed, TenantNode } from '../observed.ts';
import type { Effect, Outcome, Recorded, Stay } from '../outcome.ts';

const RECHECK_MS = 5 * 60_000;

export function ready(o: Observed): Outcome {
  const { host } = o;
  const attempt = attemptOf(o).number;
  const effects: Effect[] = [];
  // Not while a reset is claimed: see host/reset.ts.
  if (host !== 'absent' && host.holders[uidOf(o)] && !host.reset) effects.push({ do: 'unhold', attempt });
  const stay: Stay = {
    kind: 'stay',
    reason: 'Provisioned',
    message: 'nothing',
    met: true,
    effects,
    recheckMs: RECHECK_MS,
    record: { outdated: drift(o) },
  };
  return { ...stay, ...health(o, effects) };
}

/** The tenant Node's: anything but a Ready Node of the uid that this software registered as is not met. */
function health(o: Observed, effects: Effect[]): Partial<Stay> {
  const { tenant, dpu } = o;
  if (!dpu.spec.cluster || typeof tenant === 'string') return {};
  if (tenant.state !== 'Reachable')
    return { met: false, reason: tenant.state, message: `${clusterName(o)} to be usable: ${tenant.message}`, recheckMs: undefined };
  const name = `Node ${dpu.metadata.name} of ${clusterName(o)}`;
  const { node } = tenant;
  if (!node || !isOurs(o, node)) return { met: false, reason: 'DPUNodeMissing', message: `${name} to come back`, stalled: true };
  if (!isLabelled(o, node)) effects.push({ do: 'labelTenantNode', uid: node.uid, labels: tenantLabels(o) });
  if (!node.ready) return { met: false, reason: 'DPUNodeNotReady', message: `${name} to become Ready` };
  // A kubelet whose Node was deleted registers it again: the same software under another uid.
  return node.uid === dpu.status?.tenantNodeUid ? {} : { record: { outdated: drift(o), tenantNodeUid: node.uid } };
}

const isOurs = (o: Observed, node: TenantNode): boolean => node.dpuUid === undefined || node.dpuUid === uidOf(o);

/** Drift is reported; a flash starts only from a granted revision. Facts that were not read say nothing. */
function drift({ dpu, bfb, flavor, ...rest }: Observed): Recorded['outdated'] {
  const { status, spec, metadata } = dpu;
  const inputs = status?.attempt?.inputs;
  if (!inputs) return status?.outdated;
  if (isOwned({ dpu, bfb, flavor, ...rest }) && (inputs.bfb !== spec.bfb || inputs.dpuFlavor !== spec.dpuFlavor))
    return {
      reason: 'NotGranted',
      message: `the spec names Bfb ${spec.bfb} and DPUFlavor ${spec.dpuFlavor}, the card has ${inputs.bfb} and ${inputs.dpuFlavor}`,
    };
  if (typeof bfb !== 'string' && bfb.sha256 !== undefined && bfb.sha256 !== inputs.bfbSha256)
    return {
      reason: 'ImageReplaced',
      message: `Bfb ${metadata.namespace}/${spec.bfb} holds image ${bfb.sha256.slice(0, 12)}, the card has ${inputs.bfbSha256.slice(0, 12)}`,
    };
  if (typeof flavor !== 'string' && flavor.hash !== undefined && flavor.hash !== inputs.flavorHash)
    return {
      reason: 'FlavorReplaced',
      message: `DPUFlavor ${metadata.namespace}/${spec.dpuFlavor} differs from the one that the card was installed with`,
    };
  return undefined;
}

/** `provisioned` is copied from the frozen inputs. */
export function provisioned(o: Observed): Recorded {
  const inputs = attemptOf(o).inputs;
  return inputs ? { provisioned: { bfbSha256: inputs.bfbSha256, flavorHash: inputs.flavorHash, at: new Date(o.now).toISOString() } } : {};
}
