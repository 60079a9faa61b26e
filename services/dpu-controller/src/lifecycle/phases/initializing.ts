/** Initializing: node, card and references resolve; the card is claimed. */
import { cardIsVisible, clusterName, hasFinalizer, pciOf, uidOf } from '../facts.ts';
import type { Observed } from '../observed.ts';
import type { Effect, Outcome, Stay } from '../outcome.ts';

/** Says what is missing, for as long as it is: no deadline. */
export function initializing(o: Observed): Outcome {
  const { host, dpu } = o;
  const pci = pciOf(o);
  // Rule finalizer-first: a Dpu without our finalizer claims nothing.
  if (!hasFinalizer(o)) return waits('AddingFinalizer', 'the finalizer', [{ do: 'addFinalizer' }], { quiet: true });
  if (host === 'absent') return waits('NodeNotFound', `Node ${dpu.spec.nodeName} to exist`);
  if (!cardIsVisible(host, pci)) return waits('CardNotFound', `card ${pci} to show on Node ${host.name} (discovery labels or agent)`);

  const claim = host.claims[pci];
  if (claim && claim.uid !== uidOf(o)) {
    // An entry of a Dpu that no longer exists is being swept: see decide.ts.
    const stale = host.strangers.includes(claim.uid);
    const holder = `which Dpu ${claim.namespace}/${claim.name} ${claim.forced ? 'left when it was deleted by force, to be given up by the agent' : 'holds'}`;
    return waits('Conflict', `the claim of card ${pci} on Node ${host.name}, ${holder}`, [], { stalled: !stale, quiet: stale });
  }
  const claiming: Effect[] = claim ? [] : [{ do: 'claimCard' }];

  // These facts were read for the end of the last attempt.
  if (o.flavor === 'unread') return waits('NewAttempt', 'the new attempt to begin', claiming, { recheckMs: 1 });
  const missing = missingReference(o);
  if (missing) return waits(missing.reason, missing.message, claiming);
  if (!claim) return waits('ClaimingCard', `the claim of card ${pci}`, claiming, { quiet: true });
  return { kind: 'advance', to: 'Pending', reason: 'Resolved', message: 'node, card and references are there' };
}

function missingReference(o: Observed): Pick<Stay, 'reason' | 'message'> | undefined {
  const { spec, metadata } = o.dpu;
  if (o.flavor === 'absent') return { reason: 'FlavorNotFound', message: `DPUFlavor ${metadata.namespace}/${spec.dpuFlavor} to exist` };
  if (o.bfb === 'absent') return { reason: 'BfbNotFound', message: `Bfb ${metadata.namespace}/${spec.bfb} to exist` };
  if (typeof o.tenant !== 'string' && o.tenant.state !== 'Reachable')
    return { reason: o.tenant.state, message: `${clusterName(o)} to be usable: ${o.tenant.message}` };
  return undefined;
}

const waits = (reason: Stay['reason'], message: string, effects: readonly Effect[] = [], more: Partial<Stay> = {}): Stay => ({
  kind: 'stay',
  reason,
  message,
  effects,
  ...more,
});
