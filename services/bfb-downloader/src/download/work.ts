/** Long work: downloads the image of a Bfb, then puts the result through the same reconcile as a fact about that very generation. */
import { parseWakeUpKey, type Bfb } from '@dpf/api';
import { isConflict, isInvalid, isNotFound, type ObjectRef, type StoreEvent } from '@dpf/kube';
import type { Work, WorkResult } from '@dpf/queue';
import type { Logger } from '@dpf/service';
import { bfbs, ref } from '../reconcile.ts';
import { download } from './download.ts';
import { DOWNLOAD_MS } from './fetch.ts';
import { isOutdated, isSame, record, type RecordDeps } from './record.ts';
import type { UrlRewrite } from './source.ts';

/** A status says the progress of a download at most this often, in milliseconds. */
const PROGRESS_MS = 10_000;

export interface DownloadWorkDeps extends RecordDeps {
  urlRewrites: readonly UrlRewrite[];
  log: Pick<Logger, 'info' | 'warn'>;
  /** A signal that is aborted after so many milliseconds. */
  limit: (ms: number) => AbortSignal;
  /** Aborted when this replica stops: what it downloads is left to another. */
  stopping: AbortSignal;
  /** The last state seen. */
  stored: (ref: ObjectRef) => Bfb | undefined;
  /** Subscribes to changes of Bfbs; answers the unsubscriber. */
  onEvent: (handler: (event: StoreEvent<Bfb>) => void) => () => void;
}

/** The handler of the queue of downloads. Its keys are those of Bfbs; one Bfb is downloaded by one worker at a time. */
export function downloadWork(deps: DownloadWorkDeps): (work: Work) => Promise<WorkResult> {
  const { cluster, volume, urlRewrites, log, limit } = deps;
  return async ({ key, signal }) => {
    const named = parseWakeUpKey(key);
    if (named?.kind !== 'bfb') return;
    const asked = await bfbs(cluster).get(named, { signal });
    if (asked?.status?.phase !== 'Downloading' || asked.metadata.deletionTimestamp) return;
    const obsolete = new AbortController();
    const look = (seen: Bfb | undefined, gone = false) => {
      if (seen && isSame(asked, seen) && (gone || isOutdated(asked, seen))) obsolete.abort(new Error('the Bfb changed'));
    };
    const unsubscribe = deps.onEvent((event) => look(event.object, event.type === 'deleted'));
    look(deps.stored(ref(asked)));
    const progress = progressWriter(deps, asked);
    try {
      const result = await download(
        { cluster, volume, urlRewrites, limit: limit(DOWNLOAD_MS), onProgress: progress.tell },
        asked,
        AbortSignal.any([signal, obsolete.signal, deps.stopping]),
      );
      const { reason, sha256, size } = { reason: undefined, sha256: undefined, size: undefined, ...result };
      log.info({ bfb: key, result: result.kind, reason, sha256, size }, 'download ended');
      await progress.written();
      await record(deps, asked, result, signal);
    } catch (error) {
      await progress.written();
      if (obsolete.signal.aborted) await volume.removePartials(asked.metadata.uid ?? '');
      else if (deps.stopping.aborted) return { requeueAfterMs: 0 };
      else throw error;
    } finally {
      unsubscribe();
    }
  };
}

interface ProgressWriter {
  tell: (bytes: number, total: number | undefined) => void;
  /** Resolves when no write is under way: a late one would overwrite the end. */
  written: () => Promise<void>;
}

function progressWriter({ cluster, log, now }: DownloadWorkDeps, asked: Bfb): ProgressWriter {
  let last = now();
  let writing: Promise<void> | undefined;
  return {
    tell(bytes, total) {
      if (writing || now() - last < PROGRESS_MS) return;
      last = now();
      const progress = { bytes, ...(total === undefined ? {} : { total, percent: Math.floor((100 * bytes) / total) }) };
      writing = bfbs(cluster)
        .patchStatus(ref(asked), { metadata: { uid: asked.metadata.uid }, status: { progress } })
        .then(
          () => undefined,
          (error: Error) => {
            // 422: another Bfb of that name. 404: it is gone.
            if (!isConflict(error) && !isNotFound(error) && !isInvalid(error)) log.warn({ err: error }, 'progress was not written');
          },
        )
        .finally(() => (writing = undefined));
    },
    written: async () => writing,
  };
}
