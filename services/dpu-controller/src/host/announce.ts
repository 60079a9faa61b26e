/** An agent's announcement, as a change of its host's Node. */
import { NODE_LABELS } from '@dpf/api';
import type { AgentRecord, Announcement, LastAnnounced, Node } from '@dpf/api';
import { releaseForced } from './entries.ts';
import { recordsOf, withRecords } from './records.ts';

/**
 * The Node with the announcement on it; undefined: a later one was accepted before.
 * @param discovery `agent`: the discovery labels are written from the announcement (where NFD is not installed)
 */
export function announced(node: Node, announcement: Announcement, discovery: 'nfd' | 'agent', now: number): Node | undefined {
  const { agent, reset } = recordsOf(node);
  // Rule boots-are-ordered: announcements are numbered, an older one is refused; "changed" means "greater".
  if (agent && isOlder(announcement, agent)) return undefined;
  const { node: _, ...said } = announcement;
  const letsGo = (heard: Node) => releaseForced(heard, (uid) => holds(announcement, uid));
  // No news of the host; what was deleted by force since it was said first goes all the same.
  if (agent && says(agent) === says(said)) return letsGo(node);
  const record: AgentRecord = { ...said, at: new Date(now).toISOString() };
  // The claimed reset is over once the boot changes.
  const over = reset !== undefined && announcement.boot > reset.boot;
  const heard = withRecords(node, { agent: record, ...(over ? { reset: undefined } : {}) });
  const released = letsGo(heard);
  return discovery === 'agent' ? withDiscoveryLabels(released, announcement) : released;
}

/** A boot keeps its number: an agent whose journal was lost counts anew, and its other number is no other boot. */
const isOlder = (a: Announcement, b: AgentRecord): boolean =>
  a.bootId === b.bootId ? a.boot !== b.boot || a.sequence <= b.sequence : a.boot <= b.boot;

/**
 * Rule claim-outdates: an announcement that was sent before a claim is an older one once that claim is granted: what it does not hold says nothing about what
 * the agent has begun since. The same object when it is so already.
 */
export function outdated(node: Node, sequence: number): Node {
  const { agent } = recordsOf(node);
  return agent && agent.sequence < sequence ? withRecords(node, { agent: { ...agent, sequence } }) : node;
}

/** What an agent is told whose announcement is an older one. */
export function lastAnnounced(node: Node): LastAnnounced | undefined {
  const { agent, reset } = recordsOf(node);
  if (!agent) return undefined;
  const { boot, bootId, sequence } = agent;
  return { boot, bootId, sequence, ...(reset?.boot === boot && { reset: true }) };
}

/** What an announcement says, its number apart: the same said again is no news. */
const says = ({ instance, boot, bootId, agentVersion, cards, journal, holds }: Omit<Announcement, 'node'>): string =>
  JSON.stringify([instance, boot, bootId, agentVersion, cards, journal, holds]);

const holds = ({ holds, journal }: Announcement, uid: string): boolean =>
  holds.includes(uid) || journal.some((head) => head.uid === uid && (head.state === 'running' || head.state === 'pushed'));

const OURS = new RegExp(
  `^(${[NODE_LABELS.pciAddress, NODE_LABELS.pfName, NODE_LABELS.psid].map((label) => label(0).replaceAll('.', '\\.').replace('-0-', '-\\d+-')).join('|')})$`,
);

/** The labels that NFD would make of the agent's feature file: those of cards that are away from the bus go. */
function withDiscoveryLabels(node: Node, { cards }: Announcement): Node {
  const kept = Object.entries(node.metadata.labels ?? {}).filter(([label]) => label !== NODE_LABELS.dpuEnabled && !OURS.test(label));
  const present = cards.filter(({ present }) => present);
  const found = present.flatMap(({ index, pci, pf0Name, psid }) => [
    [NODE_LABELS.pciAddress(index), pci],
    ...(pf0Name ? [[NODE_LABELS.pfName(index), pf0Name]] : []),
    ...(psid ? [[NODE_LABELS.psid(index), psid]] : []),
  ]);
  const enabled = present.length > 0 ? [[NODE_LABELS.dpuEnabled, 'true']] : [];
  return { ...node, metadata: { ...node.metadata, labels: Object.fromEntries([...kept, ...enabled, ...found]) as Record<string, string> } };
}
