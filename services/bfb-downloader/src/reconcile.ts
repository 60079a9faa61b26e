/** observe → decide → act → status for one Bfb. Stateless: any replica may do it at any time; every write is a compare-and-swap. */
import { isDeepStrictEqual } from 'node:util';
import { FINALIZERS, KINDS, type Bfb } from '@dpf/api';
import type { Cluster, EventRecorder } from '@dpf/kube';
import { decide } from './decide.ts';
import { observe, type Sources } from './observe.ts';
import type { DownloadResult, Effect, Outcome } from './outcome.ts';
import { nextStatus } from './status.ts';

export interface ReconcileDeps extends Sources {
  /** Starts the download of a Bfb in some replica, at most one at a time. */
  startDownload: (bfb: Bfb) => Promise<void>;
  /** True if another Bfb is published from the same image. Read live. */
  sharedImage: (bfb: Bfb, sha256: string) => Promise<boolean>;
  events: EventRecorder;
}

/**
 * @returns milliseconds after which to look again, if any
 * @throws ApiError; a conflict when the object moved on since it was read
 */
export async function reconcile(
  deps: ReconcileDeps,
  bfb: Bfb,
  signal: AbortSignal,
  download?: DownloadResult,
): Promise<number | undefined> {
  const observed = await observe(deps, bfb, download, signal);
  const outcome = decide(observed);
  // A download is started once its phase stands in the status; everything else is done before the status says so.
  for (const effect of outcome.effects) if (effect.do !== 'download') await act(deps, bfb, effect);
  if (!outcome.effects.some((effect) => effect.do === 'removeFinalizer' || effect.do === 'addFinalizer'))
    await writeStatus(deps, bfb, outcome, observed.now, signal);
  if (outcome.effects.some((effect) => effect.do === 'download')) await deps.startDownload(bfb);
  return outcome.recheckMs;
}

async function act(deps: ReconcileDeps, bfb: Bfb, effect: Effect): Promise<void> {
  const { uid = '', resourceVersion = '', finalizers = [] } = bfb.metadata;
  const patchFinalizers = (list: string[]) => bfbs(deps.cluster).patch(ref(bfb), { metadata: { finalizers: list } }, { resourceVersion });
  switch (effect.do) {
    case 'addFinalizer':
      await patchFinalizers([...finalizers, FINALIZERS.bfb]);
      return;
    case 'removeFinalizer':
      await patchFinalizers(finalizers.filter((name) => name !== FINALIZERS.bfb));
      // Two Bfbs of one image that go at the same time have each seen the other: who goes last looks again.
      if (bfb.status?.sha256) await removeImage(deps, bfb, bfb.status.sha256);
      return;
    case 'removeImage':
      await deps.volume.removePartials(uid);
      if (effect.sha256) await removeImage(deps, bfb, effect.sha256);
      return;
    case 'download':
      return;
  }
}

/** Removes an image unless another Bfb is published from it. */
export async function removeImage(deps: ReconcileDeps, bfb: Bfb, sha256: string): Promise<void> {
  if (!(await deps.sharedImage(bfb, sha256))) await deps.volume.removeImage(sha256);
}

async function writeStatus(deps: ReconcileDeps, bfb: Bfb, outcome: Outcome, now: number, signal: AbortSignal): Promise<void> {
  const status = nextStatus(bfb, outcome, now);
  if (isDeepStrictEqual(status, bfb.status)) return;
  await bfbs(deps.cluster).replaceStatus({ ...bfb, status }, { signal });
  if (bfb.status?.phase === outcome.phase && bfb.status.lastError?.reason === outcome.failure?.reason) return;
  deps.events.record(bfb, { type: outcome.phase === 'Error' ? 'Warning' : 'Normal', reason: outcome.reason, message: outcome.message });
}

export const bfbs = (cluster: Pick<Cluster, 'resource'>) => cluster.resource<Bfb>(KINDS.Bfb);
export const ref = (bfb: Bfb) => ({ namespace: bfb.metadata.namespace ?? '', name: bfb.metadata.name });
