/** Which Dpu an operation is of: read live, and only on the host of the agent that asks. */
import type { Dpu } from '@dpf/api';
import { recordsOf } from '../host/records.ts';
import type { Refusal } from '../ports.ts';
import { isOurs, type World } from '../world.ts';

/** The Dpu of this uid as it is now, or why the agent of `node` gets no answer about it. */
export async function findDpu(world: World, uid: string, node: string, signal?: AbortSignal): Promise<Dpu | Refusal> {
  const ref = await whereIs(world, uid, node, signal);
  if (ref && !isOurs(world.settings, ref.namespace))
    return notYours(`Dpu ${ref.namespace}/${ref.name} is in a namespace that this release does not watch (watchNamespaces)`);
  const dpu = ref && (await world.api.dpus.get(ref, { signal }));
  if (dpu?.metadata.uid !== uid) return stale(`there is no Dpu with uid ${uid}`);
  return dpu.spec.nodeName === node ? dpu : notYours(`Dpu ${dpu.metadata.name} is not on node ${node}`);
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

const notYours = (message: string): Refusal => ({ status: 403, refused: { reason: 'NotYours', message } });
export const stale = (message: string): Refusal => ({ status: 409, refused: { reason: 'OperationStale', message } });
