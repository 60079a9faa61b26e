/** Which changes concern which set: DpuSets themselves, and the metadata of Nodes. */
import { isDeepStrictEqual } from 'node:util';
import { NODE_ANNOTATIONS, type DpuSet, type Node } from '@dpf/api';
import type { StoreEvent } from '@dpf/kube';
import { stillSelects } from './plan/selection.ts';

const CLAIM = NODE_ANNOTATIONS.card('');

/** What a plan reads of a Node; everything else (heartbeats, images, conditions) is dropped before it is stored. */
export function trimNode({ metadata, status }: Node): Node {
  const { name, uid, resourceVersion, labels, deletionTimestamp } = metadata;
  const claims = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(CLAIM));
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      ...(labels === undefined ? {} : { labels }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      annotations: Object.fromEntries(claims),
    },
    status: { addresses: (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP') },
  };
}

/** The sets that a change of a Node may matter to: those that select it, or would if discovery had not taken labels away, before or after. */
export function setsConcerned(event: StoreEvent<Node>, sets: readonly DpuSet[]): DpuSet[] {
  if (event.type === 'updated' && isDeepStrictEqual(unversioned(event.old), unversioned(event.object))) return [];
  const states = event.type === 'updated' ? [event.old, event.object] : [event.object];
  return sets.filter(({ spec }) => states.some(({ metadata }) => stillSelects(spec.nodeSelector, metadata.labels)));
}

const unversioned = ({ metadata: { resourceVersion: _version, ...metadata }, status }: Node) => ({ metadata, status });

/** True if a reconcile may decide otherwise: our own status writes wake nobody. */
export function isNews(event: StoreEvent<DpuSet>): boolean {
  if (event.type !== 'updated') return event.type === 'added';
  const told = ({ metadata }: DpuSet) => [metadata.generation, metadata.deletionTimestamp, metadata.uid, metadata.finalizers];
  return !isDeepStrictEqual(told(event.old), told(event.object));
}

/** The Bfb that the set referred to and does not any more: its deletion may have waited for that. */
export function bfbLetGo(event: StoreEvent<DpuSet>): string | undefined {
  const named = ({ spec }: DpuSet) => spec.dpuTemplate.spec.BFB.bfb;
  if (event.type === 'deleted') return named(event.object);
  if (event.type === 'updated' && named(event.old) !== named(event.object)) return named(event.old);
  return undefined;
}
