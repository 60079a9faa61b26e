/** Pending: the image is Ready, and the agent finds card and host fit (preflight). Nothing is touched so far. */
import { clusterName, idOf, inputsNow, attemptOf, isOwned, operationOf, pciOf, readySibling, sameInputs } from '../facts.ts';
import { failed, inputsChanged } from './endings.ts';
import { foreignNode } from './tenant-node.ts';
import type { Observed } from '../observed.ts';
import type { Outcome, Stay } from '../outcome.ts';

export function pending(o: Observed): Outcome {
  const image = imageNotReady(o);
  if (image) return { kind: 'stay', condition: 'BFBReady', ...image };
  const obstacle = obstacleBeforePreflight(o);
  if (obstacle) return { kind: 'stay', condition: 'PreflightPassed', ...obstacle };

  const inputs = inputsNow(o);
  const operation = operationOf(o, 'preflight');
  const submit = { do: 'submit', id: idOf(o, 'preflight') } as const;
  const wait = {
    kind: 'stay',
    condition: 'PreflightPassed',
    reason: 'Preflight',
    message: `the agent of host ${o.dpu.spec.nodeName} to examine card ${pciOf(o)}`,
    effects: [submit],
  } as const satisfies Stay;
  if (!operation) return { ...wait, inputs, operation: { open: 'preflight' } };
  if (operation.state === 'Failed') return failed(o, 'PreflightFailed');
  const frozen = attemptOf(o).inputs;
  if (inputs && frozen && !sameInputs(inputs, frozen)) return inputsChanged(o);
  if (operation.state !== 'Succeeded') return wait;
  return overLimit(o) ?? { kind: 'advance', to: 'NodeEffect', reason: 'PreflightPassed', message: 'card and host are fit' };
}

function imageNotReady({ bfb, dpu }: Observed): Pick<Stay, 'reason' | 'message' | 'stalled'> | undefined {
  const name = `Bfb ${dpu.metadata.namespace}/${dpu.spec.bfb}`;
  if (bfb === 'absent') return { reason: 'BfbNotFound', message: `${name} to exist` };
  if (bfb === 'unread' || bfb.phase === 'Ready') return undefined;
  if (bfb.phase === 'Error')
    return { reason: 'ImageFailed', message: `${name} to become Ready: ${bfb.message ?? 'it is in phase Error'}`, stalled: true };
  return { reason: 'ImageNotReady', message: `${name} to become Ready` };
}

function obstacleBeforePreflight(o: Observed): Pick<Stay, 'reason' | 'message' | 'stalled'> | undefined {
  const { flavor, bfcfg, tenant, host, dpu } = o;
  if (flavor === 'absent')
    return { reason: 'FlavorNotFound', message: `DPUFlavor ${dpu.metadata.namespace}/${dpu.spec.dpuFlavor} to exist` };
  if (typeof bfcfg !== 'string' && 'reason' in bfcfg) return { ...bfcfg, stalled: true };
  if (typeof tenant !== 'string' && tenant.state !== 'Reachable')
    return { reason: tenant.state, message: `${clusterName(o)} to be usable: ${tenant.message}` };
  const foreign = foreignNode(o);
  if (foreign) return foreign;
  if (host !== 'absent' && !host.agent) return { reason: 'AgentNotSeen', message: `the agent of host ${host.name} to announce itself` };
  return grantNeeded(o);
}

/** A card that comes to a host in service: what installs it resets the others, so that its set counts it as an update. */
function grantNeeded(o: Observed): Pick<Stay, 'reason' | 'message'> | undefined {
  const { status, spec } = o.dpu;
  const disturbed = readySibling(o);
  if (!isOwned(o) || status?.provisioned || spec.grant !== undefined || disturbed === undefined) return undefined;
  return {
    reason: 'WaitingForGrant',
    message: `a grant of its DpuSet, for its installation resets the host of Dpu ${disturbed}, which is Ready`,
  };
}

function overLimit({ caps }: Observed): Stay | undefined {
  const wait = (reason: Stay['reason'], what: string): Stay => ({
    kind: 'stay',
    condition: 'NodeEffectReady',
    reason,
    message: `one of ${what} to become free`,
    // Its place in the line is a status write, which wakes it.
    ...(caps.joins ? { recheckMs: 1_000 } : {}),
  });
  if (caps.installs && (caps.joins || caps.installs.ahead >= caps.installs.limit))
    return wait('InstallLimitReached', `${caps.installs.limit} parallel installs`);
  if (caps.nodes && (caps.joins || caps.nodes.ahead >= caps.nodes.limit))
    return wait('UnavailableNodesLimitReached', `${caps.nodes.limit} unavailable Nodes`);
  return undefined;
}
