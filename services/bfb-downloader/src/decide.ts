/** What to do about a Bfb. Pure: told everything, including the time. */
import { FINALIZERS, REASONS } from '@dpf/api';
import type { Observed, Outcome } from './outcome.ts';

/** Retries of a failed download: first after 30 s, doubling, at most 15 min, ±20 %. */
const RETRY = { firstMs: 30_000, mostMs: 900_000, spread: 0.2 };
/** How often what waits on another object looks by itself: first after 15 s, doubling (as the wait grows), at most 5 min. */
const RECHECK = { firstMs: 15_000, mostMs: 300_000 };

/** Milliseconds until retry number `attempts` (1 is the first). `chance` is 0..1. */
export function retryDelayMs(attempts: number, chance: number): number {
  const delay = Math.min(RETRY.firstMs * 2 ** Math.min(attempts - 1, 16), RETRY.mostMs);
  return Math.round(delay * (1 + RETRY.spread * (2 * chance - 1)));
}

export function decide(observed: Observed): Outcome {
  const { bfb, now } = observed;
  const status = bfb.status ?? {};
  if (bfb.metadata.deletionTimestamp) return decideDeletion(observed);
  if (!bfb.metadata.finalizers?.includes(FINALIZERS.bfb)) {
    return {
      phase: 'Initializing',
      reason: 'WaitingToDownload',
      message: 'waiting for the download to start',
      effects: [{ do: 'addFinalizer' }],
    };
  }
  const startOver =
    status.observedGeneration !== undefined && status.observedGeneration !== bfb.metadata.generation && status.phase !== 'Ready';
  if (observed.download?.kind === 'published') return published(observed.download);
  if (observed.download?.kind === 'failed') return failed(observed, observed.download, startOver ? 1 : (status.attempts ?? 0) + 1);
  if (status.phase === 'Ready') {
    if (status.size !== undefined && observed.publishedSize === status.size)
      return {
        phase: 'Ready',
        reason: 'Published',
        message: readySentence(status.sha256, status.size),
        effects: [],
        recheckMs: RECHECK.mostMs,
      };
    return downloading('ImageLost', 'the published image is gone from the BFB volume, it is downloaded again', true);
  }
  const retryAt = status.nextRetryTime ? Date.parse(status.nextRetryTime) : 0;
  if (status.phase === 'Error' && !startOver && retryAt > now) {
    const { reason, message } = status.lastError ?? { reason: 'UrlUnreachable', message: 'the download failed' };
    return { phase: 'Error', reason: reason as Outcome['reason'], message, effects: [], recheckMs: retryAt - now };
  }
  return downloading('Downloading', `downloading ${bfb.spec.url}`, startOver);
}

function downloading(reason: Outcome['reason'], message: string, startOver: boolean): Outcome {
  // Asked again now and then: a download whose replica died is taken up, one that runs takes no notice.
  return { phase: 'Downloading', reason, message, startOver, effects: [{ do: 'download' }], recheckMs: RECHECK.firstMs * 4 };
}

function published(download: NonNullable<Outcome['published']>): Outcome {
  return { phase: 'Ready', reason: 'Published', message: readySentence(download.sha256, download.size), published: download, effects: [] };
}

function failed(observed: Observed, download: { reason: Outcome['reason']; message: string }, attempts: number): Outcome {
  const retryMs = retryDelayMs(attempts, observed.chance);
  // What happened, and what to do about it: the sentence stands in the condition, in lastError and in the event.
  const message = `${download.message}. ${REASONS[download.reason].fix}`;
  const failure = { reason: download.reason, message, retryAt: observed.now + retryMs };
  return {
    phase: 'Error',
    reason: failure.reason,
    message,
    failure,
    effects: [],
    recheckMs: retryMs,
    startOver: attempts === 1,
  };
}

function decideDeletion({ bfb, references, now }: Observed): Outcome {
  if (!bfb.metadata.finalizers?.includes(FINALIZERS.bfb))
    return { phase: 'Deleting', reason: 'BfbDeleting', message: 'being deleted', effects: [] };
  if (references.length > 0) {
    const shown = references.slice(0, 3).join(', ') + (references.length > 3 ? ` and ${references.length - 3} more` : '');
    const waitedMs = now - Date.parse(bfb.metadata.deletionTimestamp as string);
    const recheckMs = Math.min(Math.max(waitedMs, RECHECK.firstMs), RECHECK.mostMs);
    return {
      phase: 'Deleting',
      reason: 'BfbInUse',
      message: `deletion waits until nothing refers to this Bfb any more: ${shown}`,
      effects: [],
      recheckMs,
    };
  }
  const sha256 = bfb.status?.sha256;
  return {
    phase: 'Deleting',
    reason: 'BfbDeleting',
    message: 'removing the image from the BFB volume',
    effects: [{ do: 'removeImage', ...(sha256 ? { sha256 } : {}) }, { do: 'removeFinalizer' }],
  };
}

const readySentence = (sha256: string | undefined, size: number): string =>
  `image sha256:${sha256?.slice(0, 12)}… of ${size} bytes is on the BFB volume`;
