/** A Dpu's place under the controller-wide limits: it has one, or it waits in line. */
import type { Dpu } from '@dpf/api';

export type Place = 'installing' | 'waiting';

/** What a Dpu whose preflight passed waits for, as it says itself: a place, or nothing that was looked for yet. */
const IN_LINE: ReadonlySet<string | undefined> = new Set([undefined, 'Preflight', 'InstallLimitReached', 'UnavailableNodesLimitReached']);

/** Its preflight passed, and something else than a limit kept it when it was looked at last: it is not in the line. */
export function standsAside({ status }: Dpu): boolean {
  const { phase, operation, conditions } = status ?? {};
  const passed = phase === 'Pending' && operation?.kind === 'preflight' && operation.state === 'Succeeded';
  return passed && !IN_LINE.has(conditions?.find(({ type }) => type === 'Ready')?.reason);
}

/** Waiting: its preflight passed, it would go on if the limit let it. One that is paused, goes, or waits for something else stands in nobody's way. */
export function placeOf(dpu: Dpu): Place | undefined {
  const { spec, status, metadata } = dpu;
  const { phase, operation, attempt } = status ?? {};
  if (phase === 'NodeEffect' || phase === 'OSInstalling') return attempt?.nextRetryTime === undefined ? 'installing' : undefined;
  const isReady = phase === 'Pending' && operation?.kind === 'preflight' && operation.state === 'Succeeded';
  return isReady && !spec.paused && metadata.deletionTimestamp === undefined && !standsAside(dpu) ? 'waiting' : undefined;
}

/** Who began first goes first, to the minute: the DPUs of a host, which began together, follow one another, and share its reset. The uid decides between equals. */
const rankOf = ({ metadata, spec, status }: Dpu): string =>
  `${status?.attempt?.startedAt.slice(0, MINUTE_OF_TIME)} ${spec.nodeName} ${metadata.uid}`;
const MINUTE_OF_TIME = '2006-01-02T15:04'.length;

export const isBefore = (a: Dpu, b: Dpu): boolean => rankOf(a) < rankOf(b);

export const byRank = (dpus: readonly Dpu[]): Dpu[] =>
  dpus
    .map((dpu) => ({ dpu, rank: rankOf(dpu) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ dpu }) => dpu);
