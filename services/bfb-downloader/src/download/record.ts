/** Writes the end of a download, however long the API server fails: what was lost here would be downloaded again. */
import type { Bfb } from '@dpf/api';
import { ApiError, isConflict, isNotFound } from '@dpf/kube';
import type { Logger } from '@dpf/service';
import type { DownloadResult } from '../outcome.ts';
import { bfbs, reconcile, ref, removeImage, type ReconcileDeps } from '../reconcile.ts';

/** Between two tries while the API server fails, in milliseconds: doubles from the first to the longest. */
const PAUSE_MS = { first: 1_000, longest: 30_000 };

export interface RecordDeps extends ReconcileDeps {
  log: Pick<Logger, 'warn'>;
  retryAfter: (bfb: Bfb, ms: number) => Promise<void>;
  /** Resolves after so many milliseconds, or at once when the signal is aborted; never rejects. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** @throws the signal's reason when aborted; ApiError that no time heals */
export async function record(deps: RecordDeps, asked: Bfb, result: DownloadResult, signal: AbortSignal): Promise<void> {
  for (let pauseMs = PAUSE_MS.first; ;) {
    signal.throwIfAborted();
    try {
      return await tryToRecord(deps, asked, result, signal);
    } catch (error) {
      // The status moved between read and write; a result must not be lost over that.
      if (isConflict(error)) continue;
      if (!isNotFound(error) && !mayPass(error)) throw error;
      deps.log.warn({ err: error, bfb: ref(asked), pauseMs }, 'the end of a download was not written, it is tried again');
      await deps.sleep(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, PAUSE_MS.longest);
    }
  }
}

/**
 * Reads the Bfb anew each time: of a write whose answer was lost it is not known whether it was made. A result that nobody waits for any more is dropped,
 * with its image.
 */
async function tryToRecord(deps: RecordDeps, asked: Bfb, result: DownloadResult, signal: AbortSignal): Promise<void> {
  const current = await bfbs(deps.cluster).get(ref(asked), { signal });
  if (!current || !isSame(asked, current) || isOutdated(asked, current)) {
    if (result.kind === 'published') await removeImage(deps, asked, result.sha256);
    return;
  }
  // Another worker, which lost its lock meanwhile, was faster, or our own write was made: its image counts, its failure does not.
  if (current.status?.phase === 'Ready' || (current.status?.phase !== 'Downloading' && result.kind === 'failed')) return;
  const retryMs = await reconcile(deps, current, signal, result);
  if (retryMs !== undefined) await deps.retryAfter(asked, retryMs);
}

/** No answer, too many requests, or a fault of the server. */
const mayPass = (error: unknown): boolean => error instanceof ApiError && (error.code === 0 || error.code === 429 || error.code >= 500);

export const isSame = (asked: Bfb, seen: Bfb): boolean => seen.metadata.uid === asked.metadata.uid;

/** True if nobody waits for the download that `asked` started. What is seen may be older than that: then it says nothing. */
export const isOutdated = (asked: Bfb, seen: Bfb): boolean =>
  seen.metadata.deletionTimestamp !== undefined || (seen.metadata.generation ?? 0) > (asked.metadata.generation ?? 0);
