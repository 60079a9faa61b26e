/** The local feature file of node-feature-discovery: how the cards become labels of the Node. */
import type { HostPort } from '../host/port.ts';
import type { CardRecord } from '../journal/records.ts';

const FOLDER = '/etc/kubernetes/node-feature-discovery/features.d';
export const FEATURE_FILE = `${FOLDER}/dpu`;

/** Lines `name=value`; NFD prefixes them with `feature.node.kubernetes.io/`. Values that are no label value are left out. */
export function featureLines(cards: readonly CardRecord[]): string {
  const lines = cards.flatMap(({ index, pci, psid, pf0Name }) => [
    [`dpu-${index}-pci-address`, pci],
    [`dpu-${index}-ps-id`, psid],
    [`dpu-${index}-pf0-name`, pf0Name],
  ]);
  const enabled = cards.length > 0 ? [['dpu-enabled', 'true']] : [];
  return [...enabled, ...lines]
    .filter(([, value]) => value !== undefined && /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(value))
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Writes the file where NFD is installed, when it differs. */
export async function writeFeatures(host: HostPort, cards: readonly CardRecord[]): Promise<void> {
  if ((await host.stat(FOLDER).catch(() => undefined))?.type !== 'directory') return;
  const text = featureLines(cards);
  const before = await host.read(FEATURE_FILE).catch(() => undefined);
  if (before?.toString('utf8') !== text) await host.replace(FEATURE_FILE, text);
}
