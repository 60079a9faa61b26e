/** A Dpu's place under the controller-wide limits: it has one, or it waits in line. */
import type { Dpu } from '@dpf/api';

export type Place = 'installing' | 'waiting';

/** Waiting: its preflight passed, it would go on if the limit let it. One that is paused or goes stands in nobody's way. */
export function placeOf({ spec, status, metadata }: Dpu): Place | undefined {
  const { phase, operation, attempt } = status ?? {};
  if (phase === 'NodeEffect' || phase === 'OSInstalling') return attempt?.nextRetryTime === undefined ? 'installing' : undefined;
  const isReady = phase === 'Pending' && operation?.kind === 'preflight' && operation.state === 'Succeeded';
  return isReady && !spec.paused && metadata.deletionTimestamp === undefined ? 'waiting' : undefined;
}

/** Who began first goes first; the uid decides between equals. */
const rankOf = ({ metadata, status }: Dpu): string => `${status?.attempt?.startedAt} ${metadata.uid}`;

export const isBefore = (a: Dpu, b: Dpu): boolean => rankOf(a) < rankOf(b);

export const byRank = (dpus: readonly Dpu[]): Dpu[] =>
  dpus
    .map((dpu) => ({ dpu, rank: rankOf(dpu) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ dpu }) => dpu);
