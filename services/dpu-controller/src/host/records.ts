/** Our annotations on a host Node: parsed into facts, and written back. A text that is no record of ours counts as absent. */
import { NODE_ANNOTATIONS } from '@dpf/api';
import type { AgentRecord, ClaimRecord, HolderRecords, Node, Pci, ResetRecord } from '@dpf/api';
import type { HostFacts, PowerCommand } from '../lifecycle/observed.ts';

export interface HostRecords {
  claims: Record<Pci, ClaimRecord>;
  holders: HolderRecords;
  reset?: ResetRecord;
  agent?: AgentRecord;
}

const CARD = NODE_ANNOTATIONS.card('');

export function recordsOf(node: Node): HostRecords {
  const annotations = node.metadata.annotations ?? {};
  const claims: Record<Pci, ClaimRecord> = {};
  for (const [name, text] of Object.entries(annotations)) {
    const claim = name.startsWith(CARD) ? parse<ClaimRecord>(text, (record) => typeof record.uid === 'string') : undefined;
    if (claim) claims[name.slice(CARD.length)] = claim;
  }
  return {
    claims,
    holders: parse<HolderRecords>(annotations[NODE_ANNOTATIONS.holders], () => true) ?? {},
    reset: parse<ResetRecord>(annotations[NODE_ANNOTATIONS.reset], (record) => typeof record.boot === 'number'),
    agent: parse<AgentRecord>(
      annotations[NODE_ANNOTATIONS.agent],
      (record) => typeof record.boot === 'number' && Array.isArray(record.cards) && Array.isArray(record.journal),
    ),
  };
}

function parse<T extends object>(text: string | undefined, isRecord: (record: T) => boolean): T | undefined {
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as T | null;
    return typeof record === 'object' && record !== null && isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The Node as a decision sees it.
 * @param isKnown whether a Dpu in a record is known to exist, or is not ours to ask about; the others are strangers, to be looked at live by a sweep
 */
export function hostFacts(node: Node, isKnown: (uid: string, namespace: string) => boolean): HostFacts {
  const { metadata, spec } = node;
  const records = recordsOf(node);
  return {
    ...records,
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    labels: metadata.labels ?? {},
    taints: spec?.taints ?? [],
    powercycleCommand: command(metadata.annotations?.[NODE_ANNOTATIONS.powercycleCommand]),
    rebootCommand: command(metadata.annotations?.[NODE_ANNOTATIONS.rebootCommand]),
    strangers: strangersOf(records, isKnown),
  };
}

/** What was deleted by force is no matter of a sweep: it goes by the agent's word. */
function strangersOf({ claims, holders }: HostRecords, isKnown: (uid: string, namespace: string) => boolean): string[] {
  const forced = new Set(Object.values(claims).flatMap((claim) => (claim.forced ? [claim.uid] : [])));
  const held = Object.entries(holders).map(([uid, { namespace }]): [string, string] => [uid, namespace]);
  const recorded = new Map([...Object.values(claims).map(({ uid, namespace }): [string, string] => [uid, namespace]), ...held]);
  return [...recorded].filter(([uid, namespace]) => !forced.has(uid) && !isKnown(uid, namespace)).map(([uid]) => uid);
}

const command = (text: string | undefined): PowerCommand | undefined =>
  text === 'cycle' || text === 'reset' || text === 'skip' ? text : undefined;

/** The Node with other records: those that are empty or undefined are removed. */
export function withRecords(node: Node, change: Partial<HostRecords>): Node {
  const annotations = { ...node.metadata.annotations };
  const put = (name: string, record: object | undefined) => {
    if (record === undefined || Object.keys(record).length === 0) delete annotations[name];
    else annotations[name] = JSON.stringify(record);
  };
  if (change.claims) {
    for (const name of Object.keys(annotations)) if (name.startsWith(CARD)) delete annotations[name];
    for (const [pci, claim] of Object.entries(change.claims)) put(NODE_ANNOTATIONS.card(pci), claim);
  }
  if ('holders' in change) put(NODE_ANNOTATIONS.holders, change.holders);
  if ('reset' in change) put(NODE_ANNOTATIONS.reset, change.reset);
  if ('agent' in change) put(NODE_ANNOTATIONS.agent, change.agent);
  return { ...node, metadata: { ...node.metadata, annotations } };
}
