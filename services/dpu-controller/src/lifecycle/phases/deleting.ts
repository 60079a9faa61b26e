/** Deleting: tenant Node and token, host network, claim and node effect, finalizer; each observed gone before the next. */
import { clusterName, hasFinalizer, idOf, isClaimed, isForced, operationOf, pciOf, uidOf, wasReached } from '../facts.ts';
import { formerRemoval, unusableFormer } from '../former-clusters.ts';
import { failed } from './endings.ts';
import { removal } from './tenant-node.ts';
import type { HostFacts, Observed } from '../observed.ts';
import type { Effect, Outcome, Stay } from '../outcome.ts';

export function deleting(o: Observed): Outcome {
  if (!hasFinalizer(o)) return stay('Released', 'the Dpu to go', [], { quiet: true });
  const tenant = leaveTenant(o) ?? leaveFormer(o);
  if (tenant?.kind === 'stay') return tenant;
  const farewell: Effect[] = wasReached(o, 'OSInstalled') && isReachable(o) ? [{ do: 'deleteToken' }] : [];
  const gone = (effects: Effect[]) =>
    stay('Released', 'the Dpu to go', [...effects, ...farewell, { do: 'removeFinalizer' }], { quiet: true });

  // The Node object is gone: there is no host to clean.
  if (o.host === 'absent') return gone([]);
  const host = cleanHost(o);
  if (host === 'unclean')
    // Claim and holder stay on the Node until the agent says that it holds nothing of this uid: see host/entries.ts.
    return gone([{ do: 'releaseByForce' }]);
  if (host) return host;
  if (!hasEntries(o, o.host)) return gone([]);
  const { reset } = o.host;
  // Nothing leaves before the boot changes; what was claimed is asked for again until then.
  if (reset && isForced(o)) return gone([{ do: 'releaseByForce' }]);
  if (reset) return stay('ReleasingHost', `host ${o.host.name} to boot: a reset is under way`, [{ do: 'submitReset', boot: reset.boot }]);
  return stay('ReleasingHost', `claim and node effect to go from Node ${o.host.name}`, [{ do: 'release' }], { quiet: true });
}

/** The tenant's part, unless nothing was ever installed. A cluster that is gone, or never was granted, needs nothing. */
function leaveTenant(o: Observed): Stay | undefined {
  const { tenant, dpu } = o;
  if (!wasReached(o, 'OSInstalled') || typeof tenant === 'string') return undefined;
  if (tenant.state !== 'Reachable') {
    if (isForced(o) || tenant.state === 'ClusterNotFound') return undefined;
    return stay(tenant.state, `${clusterName(o)} to be usable, so that Node ${dpu.metadata.name} can be removed: ${tenant.message}`);
  }
  return removal(o, 'RemovingTenantNode', { quiet: true });
}

/** What the DPU left before, or was to leave with its next attempt. */
function leaveFormer(o: Observed): Stay | undefined {
  const unusable = isForced(o) ? undefined : unusableFormer(o)[0];
  if (unusable) return stay(unusable.state, `${unusable.what}, so that Node ${o.dpu.metadata.name} can be removed: ${unusable.message}`);
  return formerRemoval(o, 'RemovingTenantNode', { quiet: true });
}

const isReachable = ({ tenant }: Observed): boolean => typeof tenant !== 'string' && tenant.state === 'Reachable';

/** The agent's part, where there may be something to undo. `unclean`: forced, so it is left. */
function cleanHost(o: Observed): Outcome | 'unclean' | undefined {
  const operation = operationOf(o, 'cleanup');
  const needed = isClaimed(o) || (wasReached(o, 'HostNetworkReady') && operation?.state !== 'Succeeded');
  if (!needed) return undefined;
  if (isForced(o)) return 'unclean';
  if (operation?.state === 'Failed') return failed(o, 'CleanupBlocked');
  return stay(
    'CleaningUpHost',
    `the agent of host ${o.dpu.spec.nodeName} to undo the host network of card ${pciOf(o)}`,
    [{ do: 'submit', id: idOf(o, 'cleanup') }],
    operation ? {} : { operation: { open: 'cleanup' } },
  );
}

const hasEntries = (o: Observed, host: HostFacts): boolean =>
  host.claims[pciOf(o)]?.uid === uidOf(o) || host.holders[uidOf(o)] !== undefined;

const stay = (reason: Stay['reason'], message: string, effects: Effect[] = [], more: Partial<Stay> = {}): Stay => ({
  kind: 'stay',
  reason,
  message,
  effects,
  ...more,
});
