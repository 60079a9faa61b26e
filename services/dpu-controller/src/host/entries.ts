/**
 * Claims and holders of Dpus on their host Node, as pure changes of the Node object as it was read. Each returns the same object when there is nothing
 * to do or when it is not allowed. Whoever writes the result writes it with the resourceVersion of that read.
 */
import type { Dpu, Node, NodeEffect } from '@dpf/api';
import { applyEffect, removeEffect } from './effect.ts';
import { recordsOf, withRecords } from './records.ts';

/** Who asks. */
export interface Owner {
  uid: string;
  namespace: string;
  name: string;
  pci: string;
}
export const ownerOf = ({ metadata, spec }: Dpu): Owner => ({
  uid: metadata.uid ?? '',
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  pci: spec.pciAddress,
});

/** Two Dpus, sets or releases never flash one card: the first claim stands. */
export function claimCard(node: Node, { pci, uid, namespace, name }: Owner): Node {
  const { claims } = recordsOf(node);
  return claims[pci] ? node : withRecords(node, { claims: { ...claims, [pci]: { uid, namespace, name } } });
}

/** Holder and effect in one change. A newer holder is left as it is. */
export function hold(node: Node, { uid, namespace, name, pci }: Owner, attempt: number, effect: NodeEffect | undefined): Node {
  const { [uid]: own, ...others } = recordsOf(node).holders;
  if (own && own.attempt > attempt) return node;
  const without = own ? removeEffect(node, own, others) : node;
  const { node: with_, record } = applyEffect(without, others, effect);
  return withRecords(with_, { holders: { ...others, [uid]: { attempt, namespace, name, pci, ...record } } });
}

/** Rule holder-has-attempt: a holder is `<uid>/<attempt>`, and no worker removes one newer than the attempt it saw. */
export function unhold(node: Node, uid: string, attempt: number): Node {
  const { holders, reset } = recordsOf(node);
  const own = holders[uid];
  // Pinned by a claimed reset: see reset.ts.
  if (!own || own.attempt > attempt || reset) return node;
  return withoutHolder(node, uid);
}

function withoutHolder(node: Node, uid: string): Node {
  const { [uid]: own, ...others } = recordsOf(node).holders;
  return own ? withRecords(removeEffect(node, own, others), { holders: others }) : node;
}

/** Claim and holder of a Dpu that is being deleted. What was deleted by force is left, and everything while a reset is claimed. */
export function release(node: Node, uid: string): Node {
  const { claims, reset } = recordsOf(node);
  if (reset || Object.values(claims).some((claim) => claim.uid === uid && claim.forced)) return node;
  return withoutEntries(node, uid);
}

function withoutEntries(node: Node, uid: string): Node {
  const { claims } = recordsOf(node);
  const rest = Object.fromEntries(Object.entries(claims).filter(([, claim]) => claim.uid !== uid));
  const unclaimed = Object.keys(rest).length === Object.keys(claims).length ? node : withRecords(node, { claims: rest });
  return withoutHolder(unclaimed, uid);
}

/** Rule force-leaves-claim: a forced deletion leaves claim and holder on the Node, marked; they go once the agent says that it holds nothing of that uid. */
export function releaseByForce(node: Node, uid: string): Node {
  const { claims } = recordsOf(node);
  const marked = Object.entries(claims).map(
    ([pci, claim]) => [pci, claim.uid === uid ? { ...claim, forced: true as const } : claim] as const,
  );
  return withRecords(node, { claims: Object.fromEntries(marked) });
}

/** What was deleted by force and the agent does not hold (any more) goes. */
export function releaseForced(node: Node, agentHolds: (uid: string) => boolean): Node {
  const { claims, reset } = recordsOf(node);
  if (reset) return node;
  const letGo = Object.values(claims).filter((claim) => claim.forced && !agentHolds(claim.uid));
  return letGo.reduce((changed, { uid }) => withoutEntries(changed, uid), node);
}
