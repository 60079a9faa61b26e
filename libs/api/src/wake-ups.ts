/** Keys of the work queues (architecture §1). A wake-up says that something changed, never what. */

export const QUEUES = { dpuset: 'dpuset', dpu: 'dpu', bfb: 'bfb' } as const;
export type QueueName = keyof typeof QUEUES;

/** What a key may name: the queue's own kind, or on the dpu queue a Bfb (`bfb/…`, fanned out by the receiver) or a host (`node/<name>`). */
export type WakeUpKind = 'dpuset' | 'dpu' | 'bfb' | 'node';

export const wakeUpKey = (kind: Exclude<WakeUpKind, 'node'>, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;
export const nodeKey = (name: string): string => `node/${name}`;

/** The inverse; undefined for anything else (a key comes from Redis, which is hostile). */
export function parseWakeUpKey(
  key: string,
): { kind: 'node'; name: string } | { kind: Exclude<WakeUpKind, 'node'>; namespace: string; name: string } | undefined {
  const parts = key.split('/');
  const isName = (text: string | undefined): text is string => text !== undefined && /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text);
  const [kind, second, third] = parts;
  if (parts.length === 2 && kind === 'node' && isName(second)) return { kind, name: second };
  if (parts.length === 3 && (kind === 'dpuset' || kind === 'dpu' || kind === 'bfb') && isName(second) && isName(third))
    return { kind, namespace: second, name: third };
  return undefined;
}

/** The queue of a node's agent. */
export const agentQueue = (node: string): string => `dms-${node}`;
