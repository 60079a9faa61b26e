/** Names and labels of Dpus: what a card of a Node is called, within the limits of Kubernetes. */
import { createHash } from 'node:crypto';
import { DPU_LABELS } from '@dpf/api';
import type { WantedCard } from './selection.ts';

/** A Dpu's name is its hostname in the tenant cluster and a label value there: 63 characters at most. */
const MAX_LENGTH = 63;
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** `<node>-<pci>` in lower case. Longer than 63: the node's part is cut and a hash of the whole stands in for what is missing, so that no two names meet. */
export function dpuName(node: string, pci: string): string {
  const whole = `${node}-${pci}`.toLowerCase();
  if (whole.length <= MAX_LENGTH) return whole;
  const tail = `-${shortHash(whole)}-${pci.toLowerCase()}`;
  return `${node
    .toLowerCase()
    .slice(0, MAX_LENGTH - tail.length)
    .replace(/[^a-z0-9]+$/, '')}${tail}`;
}

/** A value as a label may hold it. What is no label value (an IPv6 address, more than 63 characters) is sanitised and gets a hash of the original. */
export function labelValue(text: string): string {
  if (text.length <= MAX_LENGTH && /^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/.test(text)) return text;
  const clean = text
    .replace(/[^A-Za-z0-9_.-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MAX_LENGTH - 9);
  return clean === '' ? shortHash(text) : `${clean}-${shortHash(text)}`;
}

/** The labels by which a Dpu is found and told apart (the peer's); a card property that is not known gets no label. */
export function dpuLabels(set: { name: string; namespace: string }, card: WantedCard): Record<string, string> {
  return {
    [DPU_LABELS.setName]: labelValue(set.name),
    [DPU_LABELS.setNamespace]: labelValue(set.namespace),
    [DPU_LABELS.pciAddress]: labelValue(card.pci),
    ...(card.pfName === undefined ? {} : { [DPU_LABELS.pfName]: labelValue(card.pfName) }),
    ...(card.hostIp === undefined ? {} : { [DPU_LABELS.hostIp]: labelValue(card.hostIp) }),
  };
}
