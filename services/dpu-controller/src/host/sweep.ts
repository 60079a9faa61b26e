/** Rule sweep: claims and holders of a uid that no longer exists are removed by whoever sees them. */
import type { Dpu, Node } from '@dpf/api';
import { release } from './entries.ts';
import { recordsOf } from './records.ts';

/** Reads one Dpu from the API server itself; undefined: there is none. */
export type ReadLive = (ref: { namespace: string; name: string }) => Promise<Dpu | undefined>;

/**
 * The Node without the entries of those of the given uids that do not exist.
 * Rule sweep-reads-node-first: the Node was read before, the Dpus are read now, live, and the result is written with the first read's resourceVersion:
 * an entry that came in between, or a Dpu made in between, makes that write fail.
 */
export async function sweep(node: Node, uids: readonly string[], readLive: ReadLive): Promise<Node> {
  let swept = node;
  for (const uid of uids) {
    const ref = whereIs(node, uid);
    if (!ref) continue;
    const dpu = await readLive(ref);
    if (dpu?.metadata.uid !== uid) swept = release(swept, uid);
  }
  return swept;
}

function whereIs(node: Node, uid: string): { namespace: string; name: string } | undefined {
  const { claims, holders } = recordsOf(node);
  return Object.values(claims).find((claim) => claim.uid === uid) ?? holders[uid];
}
