/** Events are one resource under two APIs: core/v1 and events.k8s.io/v1 name the same fields differently. */
import type { KubeObject } from '../objects.ts';

/** events.k8s.io name → core name. */
const NAMES: [string, string][] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
];

function rename(object: KubeObject, apiVersion: string, names: Map<string, string>): KubeObject {
  const renamed: KubeObject = { apiVersion, kind: object.kind, metadata: object.metadata };
  for (const [name, value] of Object.entries(object)) if (!(name in renamed)) renamed[names.get(name) ?? name] = value;
  return renamed;
}

const toCore = new Map(NAMES);
const fromCore = new Map(NAMES.map(([events, core]) => [core, events]));

export const EVENT_CONVERSION = {
  read: (stored: KubeObject): KubeObject => rename(stored, 'events.k8s.io/v1', fromCore),
  write: (given: KubeObject): KubeObject => rename(given, 'v1', toCore),
};
