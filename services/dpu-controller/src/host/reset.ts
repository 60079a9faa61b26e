/** The reset of a host: once for all its DPUs, recorded on its Node. */
import type { Node, ResetRecord } from '@dpf/api';
import type { Sibling } from '../lifecycle/observed.ts';
import { recordsOf, withRecords } from './records.ts';

/** Nothing of this Dpu would be cut off by a reset of the host, and nothing that would need another reset is about to begin. */
export function isQuiet({ phase, operation, deleting, paused }: Sibling): boolean {
  if (operation?.kind === 'install' && (operation.state === 'Claimed' || operation.state === 'Cancelling')) return false;
  // What is paused cannot be claimed: the guard refuses it, so waiting for it would have no end.
  if (deleting || paused) return true;
  if (phase === 'Pending') return !(operation?.kind === 'preflight' && operation.state === 'Open');
  return phase !== 'NodeEffect' && phase !== 'OSInstalling';
}

/** Rule reset-on-node: a reset is claimed by compare-and-swap on the Node; no holder leaves until the boot changes or the agent gives the reset up. The same object when one is claimed already. */
export function claimReset(node: Node, record: ResetRecord): Node {
  return recordsOf(node).reset ? node : withRecords(node, { reset: record });
}

/** The agent gave this boot's reset up. */
export function giveUpReset(node: Node, boot: number): Node {
  return recordsOf(node).reset?.boot === boot ? withRecords(node, { reset: undefined }) : node;
}
