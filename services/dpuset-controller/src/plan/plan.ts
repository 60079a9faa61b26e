/** The whole decision of one reconcile, from facts alone: which Dpus to create, change and delete, and what the rollout's grants become. */
import { API_VERSION, DPU_LABELS, FINALIZERS, KINDS, NODE_ANNOTATIONS, type ClaimRecord, type Dpu, type DpuSet, type Node } from '@dpf/api';
import { byHost, unavailableOf, waitsForGrant } from './availability.ts';
import { dpuLabels, dpuName } from './names.ts';
import { planRollout, isRolling, type RolloutPlan } from './rollout.ts';
import { unwanted, wantedCards, type WantedCard } from './selection.ts';
import { fromTemplate, needsUpdate, quietPatch } from './template.ts';

/** What is known when a reconcile decides. `dpus`: every Dpu with the set's labels, listed after `set` was read. */
export interface Facts {
  set: DpuSet;
  dpus: Dpu[];
  nodes: ReadonlyMap<string, Node>;
  now: Date;
}

/** A card that the set wants and that somebody else has. */
export interface Conflict {
  node: string;
  pci: string;
  /** Who has it: `Dpu ns/name`. */
  holder: string;
}

export interface Plan {
  /** The set's own Dpus, and those of them that it still wants. */
  own: Dpu[];
  staying: Dpu[];
  desired: number;
  create: Dpu[];
  remove: { dpu: Dpu; why: string }[];
  /** Changes that disrupt nothing and take no grant. */
  quiet: { dpu: Dpu; patch: Record<string, unknown> }[];
  rollout: RolloutPlan;
  conflicts: Conflict[];
  /** Discovery labels that cannot be used, a sentence each. */
  problems: string[];
  /** What the API server refused, a sentence each; known only after the plan was acted upon. */
  failures: string[];
  deleting: boolean;
}

/** True for a Dpu that this very set made (its controller's uid): a label alone makes no owner. */
export const isOwn = (dpu: Dpu, set: DpuSet): boolean =>
  dpu.metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === set.metadata.uid) === true;

export function plan(facts: Facts): Plan {
  const { set, nodes, now } = facts;
  const own = facts.dpus.filter((dpu) => isOwn(dpu, set));
  const deleting = set.metadata.deletionTimestamp !== undefined;
  const leaving = own.flatMap((dpu) => {
    const why = deleting
      ? `DpuSet ${set.metadata.name} is being deleted`
      : unwanted(set.spec, dpu.spec.pciAddress, nodes.get(dpu.spec.nodeName), dpu.spec.nodeName);
    return why === undefined ? [] : [{ dpu, why }];
  });
  const found = deleting ? [] : [...nodes.values()].map((node) => wantedCards(set.spec, node));
  const cards = found.flatMap((one) => one.cards);
  const going = new Set(leaving.map(({ dpu }) => dpu));
  const staying = own.filter((dpu) => !going.has(dpu));
  const have = new Set(own.map(({ spec }) => cardKey(spec.nodeName, spec.pciAddress)));
  const missing = cards.filter((card) => !have.has(cardKey(card.node, card.pci)));
  const conflicts = conflictsOf(cards, facts, own);
  const contested = new Set(conflicts.map(({ node, pci }) => cardKey(node, pci)));
  const desired = staying.length + missing.length;
  const unavailable = unavailableOf(staying, desired, set.status?.rollout?.granted ?? []);
  const hands = !deleting && set.spec.paused !== true;
  const rollout = planRollout({
    set: deleting ? { ...set, spec: { ...set.spec, paused: true } } : set,
    hosts: byHost(
      own,
      missing.map(({ node }) => node),
    ),
    desired,
    unavailable,
    now,
  });
  return {
    own,
    staying,
    desired,
    create: hands ? missing.filter((card) => !contested.has(cardKey(card.node, card.pci))).map((card) => newDpu(set, card)) : [],
    remove: hands || deleting ? leaving.filter(({ dpu }) => dpu.metadata.deletionTimestamp === undefined) : [],
    quiet: hands ? (isRolling(set) ? quietChanges(set, staying, cards, rollout) : consents(staying)) : [],
    rollout,
    conflicts,
    problems: found.flatMap((one) => one.problems),
    failures: [],
    deleting,
  };
}

const cardKey = (node: string, pci: string): string => `${node}/${pci}`;

/** With OnDelete whoever deletes a Dpu, so that it is made anew, has said when: there is no rollout that would grant it. */
const consents = (dpus: readonly Dpu[]): Plan['quiet'] =>
  dpus
    .filter((dpu) => dpu.metadata.deletionTimestamp === undefined && waitsForGrant(dpu))
    .map((dpu) => ({ dpu, patch: { spec: { grant: 1 } } }));

function quietChanges(set: DpuSet, dpus: Dpu[], cards: WantedCard[], rollout: RolloutPlan): Plan['quiet'] {
  const byKey = new Map(cards.map((card) => [cardKey(card.node, card.pci), card]));
  return dpus
    .filter(
      (dpu) => dpu.metadata.deletionTimestamp === undefined && !needsUpdate(dpu, set) && !rollout.patches.some((one) => one.dpu === dpu),
    )
    .flatMap((dpu) => {
      const card = byKey.get(cardKey(dpu.spec.nodeName, dpu.spec.pciAddress));
      const patch = quietPatch(dpu, set, labelsFor(set, card));
      return patch === undefined ? [] : [{ dpu, patch }];
    });
}

/** The template's labels; ours win. Without its card (away from the bus) a Dpu keeps those it has. */
function labelsFor(set: DpuSet, card: WantedCard | undefined): Record<string, string> {
  const ours: readonly string[] = Object.values(DPU_LABELS);
  const theirs = Object.entries(set.spec.dpuTemplate.metadata?.labels ?? {}).filter(([key]) => !ours.includes(key));
  return {
    ...Object.fromEntries(theirs),
    ...(card ? dpuLabels({ name: set.metadata.name, namespace: set.metadata.namespace ?? '' }, card) : {}),
  };
}

/** The Dpu of a card, with the finalizer from its first moment (finalizer-first: without it dpu-controller would have to write once more). */
function newDpu(set: DpuSet, card: WantedCard): Dpu {
  const { nodeEffect, cluster, ...rest } = fromTemplate(set);
  const annotations = set.spec.dpuTemplate.metadata?.annotations;
  const owner = { ...KINDS.DpuSet, name: set.metadata.name, uid: set.metadata.uid ?? '' };
  return {
    apiVersion: API_VERSION,
    kind: KINDS.Dpu.kind,
    metadata: {
      name: dpuName(card.node, card.pci),
      ...(set.metadata.namespace === undefined ? {} : { namespace: set.metadata.namespace }),
      labels: labelsFor(set, card),
      ...(annotations === undefined ? {} : { annotations }),
      finalizers: [FINALIZERS.dpu],
      ownerReferences: [
        { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid: owner.uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      nodeName: card.node,
      pciAddress: card.pci,
      ...rest,
      ...(nodeEffect ? { nodeEffect } : {}),
      ...(cluster ? { cluster } : {}),
    },
  };
}

/** Somebody else's Dpu on a card that we want: one with our labels that is not ours, or the claim on the Node of a Dpu that is none of ours. */
function conflictsOf(cards: WantedCard[], { set, dpus, nodes }: Facts, own: Dpu[]): Conflict[] {
  const namespace = set.metadata.namespace ?? '';
  const uids = new Set(own.map(({ metadata }) => metadata.uid));
  const strangers = dpus.filter(({ metadata }) => !uids.has(metadata.uid));
  const byCard = new Map(
    strangers.map(({ spec, metadata }) => [cardKey(spec.nodeName, spec.pciAddress), `Dpu ${namespace}/${metadata.name}`]),
  );
  return cards.flatMap(({ node, pci }) => {
    const stranger = byCard.get(cardKey(node, pci));
    if (stranger !== undefined) return [{ node, pci, holder: stranger }];
    const claim = claimOn(nodes.get(node), pci);
    const ours = !claim || uids.has(claim.uid) || (claim.namespace === namespace && claim.name === dpuName(node, pci));
    return ours ? [] : [{ node, pci, holder: `Dpu ${claim.namespace}/${claim.name}` }];
  });
}

function claimOn(node: Node | undefined, pci: string): ClaimRecord | undefined {
  const text = node?.metadata.annotations?.[NODE_ANNOTATIONS.card(pci)];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as ClaimRecord;
  } catch {
    return undefined;
  }
}
