/** The difference between a Node as read and as it is to be, as one merge patch. */
import type { Node, Taint } from '@dpf/api';

export interface NodePatch extends Record<string, unknown> {
  metadata?: { annotations?: Changes; labels?: Changes };
  spec?: { taints: Taint[] | null };
}
type Changes = Record<string, string | null>;

/** Undefined when nothing differs: nothing is written then. */
export function nodePatch(before: Node, after: Node): NodePatch | undefined {
  const annotations = changes(before.metadata.annotations, after.metadata.annotations);
  const labels = changes(before.metadata.labels, after.metadata.labels);
  const taints = JSON.stringify(before.spec?.taints ?? []) !== JSON.stringify(after.spec?.taints ?? []);
  if (!annotations && !labels && !taints) return undefined;
  return {
    ...(annotations || labels ? { metadata: { ...(annotations ? { annotations } : {}), ...(labels ? { labels } : {}) } } : {}),
    // A merge patch replaces a list as a whole; the resourceVersion of the write says that nobody else's taint is lost.
    ...(taints ? { spec: { taints: after.spec?.taints ?? null } } : {}),
  };
}

function changes(before: Record<string, string> = {}, after: Record<string, string> = {}): Changes | undefined {
  const set = Object.entries(after).filter(([key, value]) => before[key] !== value);
  const removed = Object.keys(before).filter((key) => !(key in after));
  return set.length + removed.length === 0 ? undefined : Object.fromEntries([...set, ...removed.map((key) => [key, null] as const)]);
}
