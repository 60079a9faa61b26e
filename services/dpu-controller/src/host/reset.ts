/** The reset of a host: once for all its DPUs, recorded on its Node. */
import type { Sibling } from '../lifecycle/observed.ts';

/** Nothing of this Dpu would be cut off by a reset of the host, and nothing that would need another reset is about to begin. */
export function isQuiet({ phase, operation, deleting }: Sibling): boolean {
  if (operation?.kind === 'install' && (operation.state === 'Claimed' || operation.state === 'Cancelling')) return false;
  if (deleting) return true;
  if (phase === 'Pending') return !(operation?.kind === 'preflight' && operation.state === 'Open');
  return phase !== 'NodeEffect' && phase !== 'OSInstalling';
}
