/** Which Dpu an operation is of: read live, and only on the host of the agent that asks. */
import type { Dpu } from '@dpf/api';
import { recordsOf } from '../host/records.ts';
import type { Refusal } from '../ports.ts';
import type { World } from '../world.ts';

/** The Dpu of this uid as it is now, or why the agent of `node` gets no answer about it. */
export async function findDpu(world: World, uid: string, node: string, signal?: AbortSignal): Promise<Dpu | Refusal> {
  const ref = await whereIs(world, uid, node, signal);
  const dpu = ref && (await world.api.dpus.get(ref, { signal }));
  if (dpu?.metadata.uid !== uid) return stale(`there is no Dpu with uid ${uid}`);
  if (dpu.spec.nodeName !== node)
    return { status: 403, refused: { reason: 'NotYours', message: `Dpu ${dpu.metadata.name} is not on node ${node}` } };
  return dpu;
}

/**
 * By the store, or by the claim on the Node, which stands there before any operation is submitted. That one is read live: an agent that hears "no such
 * Dpu" stops what it does, and a store may be behind.
 */
async function whereIs(
  { stores, api }: World,
  uid: string,
  node: string,
  signal?: AbortSignal,
): Promise<{ namespace: string; name: string } | undefined> {
  const stored = stores.dpus.byIndex('uid', uid)[0];
  if (stored) return { namespace: stored.metadata.namespace ?? '', name: stored.metadata.name };
  const host = await api.nodes.get({ name: node }, { signal });
  return host && Object.values(recordsOf(host).claims).find((claim) => claim.uid === uid);
}

export const stale = (message: string): Refusal => ({ status: 409, refused: { reason: 'OperationStale', message } });
