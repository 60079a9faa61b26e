/** The token in the bf.cfg of a card lives as long as its DPU has not joined, however long the host's reset or a person takes. */
import type { Phase } from '@dpf/api';
import { attemptOf } from './facts.ts';
import type { Observed } from './observed.ts';
import type { Effect } from './outcome.ts';

/** Between the end of the installation and the wait for the tenant Node, which keeps it by itself. */
const KEPT_IN: ReadonlySet<Phase> = new Set<Phase>(['Rebooting', 'HostNetworkConfiguration']);

/** Of the attempt whose installation is on the card. */
export function keepToken(o: Observed): Effect[] {
  const { number, installed = number } = attemptOf(o);
  return [{ do: 'extendToken', attempt: installed }];
}

/** Every look of a wait keeps it, each well before half of its hour is gone. The last effect: a tenant that does not answer holds nothing else up. */
export function withToken(o: Observed, effects: Effect[]): Effect[] {
  const { phase } = o.dpu.status ?? {};
  const unusable = typeof o.tenant !== 'string' && o.tenant.state !== 'Reachable';
  const kept = phase !== undefined && KEPT_IN.has(phase) && o.dpu.spec.cluster !== undefined && !unusable;
  return kept ? [...effects, ...keepToken(o)] : effects;
}
