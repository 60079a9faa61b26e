/** bfb-downloader put together: watch → queue → reconcile, and downloads as long work of a queue of their own. */
import { hostname } from 'node:os';
import { KINDS, parseWakeUpKey, wakeUpKey, type Bfb } from '@dpf/api';
import { compareResourceVersion, isConflict, isNotFound, type Cluster, type Reflector } from '@dpf/kube';
import type { WakeUpSender, Work, WorkQueue, WorkResult } from '@dpf/queue';
import type { Logger } from '@dpf/service';
import { download } from './download/download.ts';
import type { UrlRewrite } from './download/source.ts';
import { bfbs, reconcile, ref, type ReconcileDeps } from './reconcile.ts';
import { BfbVolume } from './volume.ts';

/** Longest download, in milliseconds. */
const DOWNLOAD_MS = 2 * 3_600_000;
/** A status says the progress of a download at most this often, in milliseconds. */
const PROGRESS_MS = 10_000;

export interface DownloaderDeps {
  cluster: Cluster;
  namespaces: readonly string[];
  /** The queue of reconciles, of downloads, and the wake-ups of dpu-controller. */
  queue: WorkQueue;
  downloads: WorkQueue;
  dpuQueue: WakeUpSender;
  volume: string;
  instance?: string;
  urlRewrites: readonly UrlRewrite[];
  parallelDownloads: number;
  log: Logger;
  now?: () => number;
  chance?: () => number;
}

export interface Downloader {
  readonly hasSynced: boolean;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export function createDownloader(deps: DownloaderDeps): Downloader {
  const { cluster, queue, downloads, dpuQueue, log, now = Date.now, chance = Math.random } = deps;
  const volume = new BfbVolume(deps.volume, deps.instance ?? hostname());
  const events = cluster.events('bfb-downloader');
  const namespaces: readonly (string | undefined)[] = deps.namespaces.length > 0 ? deps.namespaces : [undefined];
  const reflectors = namespaces.map((namespace) => cluster.reflect<Bfb>(KINDS.Bfb, namespace === undefined ? {} : { namespace }));
  const everyBfb = () => reflectors.flatMap((reflector: Reflector<Bfb>) => reflector.store.list());
  const key = (bfb: Bfb) => wakeUpKey('bfb', bfb.metadata.namespace ?? '', bfb.metadata.name);
  const everyKey = () => everyBfb().map(key);
  const send = (what: Promise<unknown>) =>
    void what.catch((error: Error) => log.warn({ err: error }, 'a wake-up was not sent, the next resync makes up for it'));

  const reconcileDeps: ReconcileDeps = {
    cluster,
    volume,
    now,
    chance,
    events,
    startDownload: (bfb) => downloads.wake({ key: key(bfb), resourceVersion: bfb.metadata.resourceVersion ?? '' }),
    sharedImage: (bfb, sha256) => everyBfb().some((other) => other.metadata.uid !== bfb.metadata.uid && other.status?.sha256 === sha256),
  };

  /** The Bfb of a key, at least as new as the wake-up; undefined when it is gone or the key is none of ours. */
  async function read(work: Work): Promise<Bfb | undefined> {
    const parsed = parseWakeUpKey(work.key);
    if (parsed?.kind !== 'bfb') return undefined;
    if (deps.namespaces.length > 0 && !deps.namespaces.includes(parsed.namespace)) return undefined;
    const stored = reflectors.map((reflector) => reflector.store.get(parsed)).find((bfb) => bfb !== undefined);
    if (stored && compareResourceVersion(stored.metadata.resourceVersion ?? '0', work.resourceVersion ?? '0') >= 0) return stored;
    return bfbs(cluster).get(parsed, { signal: work.signal });
  }

  async function work(work: Work): Promise<WorkResult> {
    const bfb = await read(work);
    if (!bfb) return;
    const requeueAfterMs = await reconcile(reconcileDeps, bfb, work.signal);
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  /** Long work: downloads, then puts the result through the same reconcile as a fact about that very generation. */
  async function workDownload(work: Work): Promise<WorkResult> {
    const asked = await bfbs(cluster).get(parsedRef(work.key), { signal: work.signal });
    if (!asked || asked.status?.phase !== 'Downloading' || asked.metadata.deletionTimestamp) return;
    const obsolete = new AbortController();
    const stopWatching = onChange((bfb) => {
      const same = bfb.metadata.uid === asked.metadata.uid;
      if (same && (bfb.metadata.generation !== asked.metadata.generation || bfb.metadata.deletionTimestamp))
        obsolete.abort(new Error('the Bfb changed'));
    });
    const signal = AbortSignal.any([work.signal, obsolete.signal]);
    try {
      const result = await download({ cluster, volume, urlRewrites: deps.urlRewrites, onProgress: progressWriter(asked) }, asked, signal);
      log.info(
        {
          bfb: key(asked),
          result: result.kind,
          ...(result.kind === 'failed' ? { reason: result.reason } : { sha256: result.sha256, size: result.size }),
        },
        'download ended',
      );
      await record(asked, result, work.signal);
    } catch (error) {
      if (!obsolete.signal.aborted) throw error;
    } finally {
      stopWatching();
    }
  }

  /** Writes the end of a download; a status that moved meanwhile (progress) is read again. */
  async function record(asked: Bfb, result: Parameters<typeof reconcile>[3], signal: AbortSignal): Promise<void> {
    const current = await bfbs(cluster).get(ref(asked), { signal });
    if (!current || current.metadata.uid !== asked.metadata.uid || current.metadata.generation !== asked.metadata.generation) return;
    const requeueAfterMs = await reconcile(reconcileDeps, current, signal, result);
    if (requeueAfterMs !== undefined) await queue.wakeAfter(key(asked), requeueAfterMs);
  }

  function progressWriter(asked: Bfb): (bytes: number, total: number | undefined) => void {
    let last = now();
    let writing: Promise<unknown> | undefined;
    return (bytes, total) => {
      if (now() - last < PROGRESS_MS || writing) return;
      last = now();
      const progress = { bytes, ...(total === undefined ? {} : { total, percent: Math.floor((100 * bytes) / total) }) };
      writing = bfbs(cluster)
        .patchStatus(ref(asked), { metadata: { uid: asked.metadata.uid }, status: { progress } })
        .catch((error: Error) => {
          if (!isConflict(error) && !isNotFound(error)) log.warn({ err: error }, 'progress was not written');
        })
        .finally(() => (writing = undefined));
    };
  }

  const onChange = (handler: (bfb: Bfb) => void): (() => void) => {
    const unsubscribe = reflectors.map((reflector) => reflector.onEvent((event) => handler(event.object)));
    return () => unsubscribe.forEach((stop) => stop());
  };

  return {
    get hasSynced() {
      return reflectors.every((reflector) => reflector.hasSynced);
    },
    async start(signal) {
      for (const reflector of reflectors) {
        reflector.onEvent((event) => {
          const bfb = event.object;
          send(queue.wake({ key: key(bfb), resourceVersion: bfb.metadata.resourceVersion ?? '' }));
          const told = (b: Bfb) => `${b.status?.phase}/${b.status?.sha256}/${b.metadata.deletionTimestamp}`;
          if (event.type !== 'updated' || told(event.old) !== told(bfb))
            send(dpuQueue.wake({ key: key(bfb), resourceVersion: bfb.metadata.resourceVersion ?? '' }));
        });
        reflector.start();
      }
      await Promise.all(reflectors.map((reflector) => reflector.synced(signal)));
      const uids = new Set(everyBfb().map((bfb) => bfb.metadata.uid));
      await volume
        .sweep((uid) => uids.has(uid) || deps.namespaces.length > 0)
        .catch((error: Error) => log.warn({ err: error }, 'partial downloads were not swept'));
      queue.work(work, { everyKey });
      downloads.work(workDownload, { everyKey: () => [], concurrency: deps.parallelDownloads, timeoutMs: DOWNLOAD_MS });
    },
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
      await Promise.all([queue.close(), downloads.close()]);
      await events.flush();
    },
  };
}

function parsedRef(key: string): { namespace: string; name: string } {
  const parsed = parseWakeUpKey(key);
  if (parsed?.kind !== 'bfb') throw new Error(`${key} is no Bfb`);
  return { namespace: parsed.namespace, name: parsed.name };
}
