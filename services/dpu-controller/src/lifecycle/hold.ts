/** The node effect stands from the end of phase NodeEffect to Ready: what was lost with the Node, or taken off by hand, is put back. */
import type { HolderRecord, Phase } from '@dpf/api';
import { attemptOf, effectStands, pciOf, phaseOf, uidOf } from './facts.ts';
import type { HostFacts, Observed } from './observed.ts';
import type { Effect } from './outcome.ts';

const HELD_IN: ReadonlySet<Phase> = new Set<Phase>(['OSInstalling', 'Rebooting', 'HostNetworkConfiguration', 'DPUClusterConfig']);

/** First of the effects, so that none that fails leaves the host open. Only who has the claim of the card holds: see the guard `lostHost`. */
export function withHold(o: Observed, effects: Effect[]): Effect[] {
  const { host } = o;
  if (host === 'absent' || !HELD_IN.has(phaseOf(o))) return effects;
  if (host.claims[pciOf(o)]?.uid !== uidOf(o) || stands(host, host.holders[uidOf(o)])) return effects;
  return effects.some((effect) => effect.do === 'hold') ? effects : [{ do: 'hold', attempt: attemptOf(o).number, again: true }, ...effects];
}

/** As it was recorded: another effect in the spec is for the next attempt, and one of an earlier attempt serves where only the host network is repeated. */
function stands(host: HostFacts, holder: HolderRecord | undefined): boolean {
  if (!holder) return false;
  // Where another holder set the same label otherwise, whoever came last has it: two that put it back would never rest.
  const isOfHolder = (key: string) =>
    key in host.labels && Object.values(host.holders).some(({ labels }) => labels?.[key] === host.labels[key]);
  const labels = Object.entries(holder.labels ?? {}).filter(([key]) => !isOfHolder(key));
  return effectStands(host, { taint: holder.taint, customLabel: Object.fromEntries(labels) });
}
