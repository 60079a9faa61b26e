/** Which cards a DpuSet wants, and which Dpus it still wants: Node labels × nodeSelector × dpuSelector. */
import { NODE_LABELS, type DpuSetSpec, type LabelSelector, type Node } from '@dpf/api';

/** A card that a set wants a Dpu for, as the Node's discovery labels describe it. */
export interface WantedCard {
  node: string;
  pci: string;
  pfName?: string;
  hostIp?: string;
}

type Labels = Readonly<Record<string, string>>;
type Requirement = { key: string; holds: (labels: Labels) => boolean };

/** Labels of node feature discovery come and go by themselves (an uninstalled NFD, a card that is being flashed); all others are a user's word. */
export const isDiscoveryLabel = (key: string): boolean => key.startsWith('feature.node.kubernetes.io/');

const PCI = /^[0-9a-f]{4}-[0-9a-f]{2}-[0-9a-f]{2}$/;
const INDEX = /\/dpu-(\d{1,3})-(.+)$/;

function requirements(selector: LabelSelector): Requirement[] {
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    holds: (labels: Labels) => labels[key] === value,
  }));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
    key,
    holds: (labels: Labels): boolean => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    },
  }));
  return [...exact, ...expressions];
}

/** True if a Node with these labels is selected. */
export const selects = (selector: LabelSelector, labels: Labels = {}): boolean =>
  requirements(selector).every(({ holds }) => holds(labels));

/** True if nothing but the absence of discovery labels speaks against the Node: what was selected before stays so. */
export const stillSelects = (selector: LabelSelector, labels: Labels = {}): boolean =>
  requirements(selector).every(({ key, holds }) => holds(labels) || (isDiscoveryLabel(key) && labels[key] === undefined));

/** An index is picked when every key of the selector that names it holds; without a selector every index is. */
function picks(selector: Labels, index: string, holds: (key: string, value: string) => boolean): boolean {
  const entries = Object.entries(selector);
  if (entries.length === 0) return true;
  const own = entries.filter(([key]) => INDEX.exec(key)?.[1] === index);
  return own.length > 0 && own.every(([key, value]) => holds(key, value));
}

/** The cards of one Node that a set wants, by index. `problems`: labels that cannot be used, a sentence each. */
export function wantedCards(spec: DpuSetSpec, node: Node): { cards: WantedCard[]; problems: string[] } {
  const labels = node.metadata.labels ?? {};
  const cards = new Map<string, WantedCard>();
  const problems: string[] = [];
  if (node.metadata.deletionTimestamp !== undefined || !selects(spec.nodeSelector, labels)) return { cards: [], problems };
  for (const { index, value } of cardLabels(labels)) {
    const pci = value.toLowerCase();
    if (!picks(spec.dpuSelector ?? {}, String(index), (key, wanted) => labels[key] === wanted)) continue;
    if (!PCI.test(pci)) {
      problems.push(`label ${NODE_LABELS.pciAddress(index)} of Node ${node.metadata.name} is "${value}", no PCI address like 0000-4b-00`);
    } else if (!cards.has(pci)) {
      const hostIp = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
      const pfName = labels[NODE_LABELS.pfName(index)];
      cards.set(pci, {
        node: node.metadata.name,
        pci,
        ...(pfName === undefined ? {} : { pfName }),
        ...(hostIp === undefined ? {} : { hostIp }),
      });
    }
  }
  return { cards: [...cards.values()], problems };
}

/** The labels of a Node that name a card, by index. */
function cardLabels(labels: Labels): { index: number; value: string }[] {
  return Object.entries(labels)
    .map(([key, value]) => ({ key, index: Number(INDEX.exec(key)?.[1]), value }))
    .filter(({ key, index }) => key === NODE_LABELS.pciAddress(index))
    .sort((a, b) => a.index - b.index);
}

/**
 * Why an existing Dpu is no longer wanted; undefined: it stays. A vanished discovery label deletes nothing (our own flash makes the card leave the bus):
 * a Dpu goes when its Node is gone, or a label of the user's own, or the set's selectors, say so.
 */
export function unwanted(spec: DpuSetSpec, pci: string, node: Node | undefined, nodeName: string): string | undefined {
  if (!node) return `Node ${nodeName} is gone`;
  const labels = node.metadata.labels ?? {};
  if (!stillSelects(spec.nodeSelector, labels)) return `Node ${nodeName} no longer matches spec.nodeSelector`;
  const card = cardLabels(labels).find(({ value }) => value.toLowerCase() === pci);
  const lenient = (key: string, value: string) => labels[key] === undefined || labels[key] === value;
  if (card && !picks(spec.dpuSelector ?? {}, String(card.index), lenient))
    return `spec.dpuSelector no longer picks card ${pci} of Node ${nodeName}`;
  return undefined;
}
