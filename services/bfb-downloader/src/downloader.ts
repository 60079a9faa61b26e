/** bfb-downloader put together: watch → queue → reconcile, and downloads as long work of a queue of their own. */
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { KINDS, parseWakeUpKey, wakeUpKey, type Bfb, type Dpu, type KindInfo, type KubeObject } from '@dpf/api';
import { compareResourceVersion, isConflict, isNotFound, learning, type Cluster, type Reflector } from '@dpf/kube';
import type { WakeUpSender, Work, WorkQueue, WorkResult } from '@dpf/queue';
import type { Logger } from '@dpf/service';
import { DOWNLOAD_MS } from './download/fetch.ts';
import type { UrlRewrite } from './download/source.ts';
import { downloadWork } from './download/work.ts';
import { bfbs, reconcile, type ReconcileDeps } from './reconcile.ts';
import { sweep } from './sweep.ts';
import { BfbVolume } from './volume.ts';

/** What the queue gives a download beyond its own limit, in milliseconds: to begin, and to record its end. */
const RECORD_MS = 600_000;
/** When to look again after a conflict, in milliseconds. */
const CONFLICT_MS = 15_000;

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
  /** A signal that is aborted after so many milliseconds. */
  limit?: (ms: number) => AbortSignal;
  /** Resolves after so many milliseconds, or at once when the signal is aborted; never rejects. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
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
  const listLive = async (signal?: AbortSignal) => {
    const options = (namespace: string | undefined) => ({
      ...(namespace === undefined ? {} : { namespace }),
      ...(signal ? { signal } : {}),
    });
    return (await Promise.all(namespaces.map((namespace) => bfbs(cluster).list(options(namespace))))).flatMap(({ items }) => items);
  };
  const stopping = new AbortController();
  const everyKey = () => everyBfb().map(key);
  const send = (what: Promise<unknown>) =>
    void what.catch((error: Error) => log.warn({ err: error }, 'a wake-up was not sent, the next resync makes up for it'));

  const learn = (bfb: Bfb) => reflectors.forEach((reflector) => reflector.learn(bfb));
  const reconcileDeps: ReconcileDeps = {
    cluster: {
      resource: <T extends KubeObject>(kind: KindInfo) => {
        const client = cluster.resource<T>(kind);
        return kind === KINDS.Bfb ? learning(client, learn as unknown as (object: T) => void) : client;
      },
    },
    volume,
    now,
    chance,
    events,
    startDownload: (bfb) => downloads.wake({ key: key(bfb), resourceVersion: bfb.metadata.resourceVersion ?? '' }),
    sharedImage: async (bfb, sha256) =>
      (await listLive()).some((other) => other.metadata.uid !== bfb.metadata.uid && other.status?.sha256 === sha256),
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
    try {
      const requeueAfterMs = await reconcile(reconcileDeps, bfb, work.signal);
      return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
      // The object moved on: the event of that change brings it back here, and should that be lost, this.
      return { requeueAfterMs: CONFLICT_MS };
    }
  }

  const workDownload = downloadWork({
    ...reconcileDeps,
    urlRewrites: deps.urlRewrites,
    log,
    limit: deps.limit ?? ((ms) => AbortSignal.timeout(ms)),
    sleep: deps.sleep ?? ((ms, signal) => pause(ms, undefined, { signal, ref: false }).catch(() => undefined)),
    stopping: stopping.signal,
    stored: (ref) => reflectors.map((reflector) => reflector.store.get(ref)).find((bfb) => bfb !== undefined),
    onEvent: (handler) => {
      const unsubscribe = reflectors.map((reflector) => reflector.onEvent(handler));
      return () => unsubscribe.forEach((stop) => stop());
    },
    retryAfter: (bfb, ms) => queue.wakeAfter(key(bfb), ms),
  });

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
      // Of other namespaces it is not known what exists.
      if (deps.namespaces.length === 0)
        await sweep({
          volume,
          now,
          listBfbs: () => listLive(signal),
          listDpus: async () => (await cluster.resource<Dpu>(KINDS.Dpu).list({ signal })).items,
          log,
        }).catch((error: Error) => log.warn({ err: error }, 'the BFB volume was not swept'));
      queue.work(work, { everyKey });
      downloads.work(workDownload, { everyKey: () => [], concurrency: deps.parallelDownloads, timeoutMs: DOWNLOAD_MS + RECORD_MS });
    },
    async stop() {
      stopping.abort(new Error('the service stops'));
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
      await Promise.all([queue.close(), downloads.close()]);
      await events.flush();
    },
  };
}
