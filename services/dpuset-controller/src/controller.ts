/** dpuset-controller put together: watches → queue → reconcile. */
import { KINDS, parseWakeUpKey, wakeUpKey, type DpuSet, type Node } from '@dpf/api';
import { CORE, type Cluster } from '@dpf/kube';
import type { WakeUpSender, Work, WorkQueue, WorkResult } from '@dpf/queue';
import type { Logger } from '@dpf/service';
import type { SetMetrics } from './metrics.ts';
import { createPace } from './pace.ts';
import { reconcile } from './reconcile.ts';
import { bfbLetGo, isNews, setsConcerned, trimNode } from './watch.ts';

export interface ControllerDeps {
  cluster: Cluster;
  /** Empty: all namespaces. */
  namespaces: readonly string[];
  queue: WorkQueue;
  bfbQueue: WakeUpSender;
  metrics: SetMetrics;
  log: Pick<Logger, 'warn'>;
  now?: () => Date;
}

export interface Controller {
  readonly hasSynced: boolean;
  /** Lists and watches, then works until it is stopped. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export function createController(deps: ControllerDeps): Controller {
  const { cluster, queue, bfbQueue, metrics, log, now = () => new Date() } = deps;
  const events = cluster.events('dpuset-controller');
  const pace = createPace();
  const namespaces = deps.namespaces.length > 0 ? deps.namespaces.map((namespace) => ({ namespace })) : [{}];
  const sets = namespaces.map((options) => cluster.reflect<DpuSet>(KINDS.DpuSet, options));
  const nodes = cluster.reflect<Node>(CORE.Node, { transform: trimNode });
  const reflectors = [...sets, nodes];
  const everySet = () => sets.flatMap(({ store }) => store.list());
  const keyOf = ({ metadata }: DpuSet) => wakeUpKey('dpuset', metadata.namespace ?? '', metadata.name);
  const send = (sent: Promise<unknown>) =>
    void sent.catch((error: Error) => log.warn({ err: error }, 'a wake-up was not sent, the next resync makes up for it'));

  async function work({ key, signal }: Work): Promise<WorkResult> {
    const parsed = parseWakeUpKey(key);
    if (parsed?.kind !== 'dpuset') return;
    const { namespace, name } = parsed;
    if (deps.namespaces.length > 0 && !deps.namespaces.includes(namespace)) return;
    const wait = pace.waitMs(key);
    if (wait > 0) return { requeueAfterMs: wait };
    const sources = { cluster, events, nodes: nodes.store, now, listed: (ms: number) => pace.listed(key, ms) };
    const { status, requeueAfterMs } = await reconcile(sources, { namespace, name }, signal);
    metrics.show(namespace, name, status);
    if (requeueAfterMs !== undefined) return { requeueAfterMs: Math.max(requeueAfterMs, pace.waitMs(key)) };
    pace.forget(key);
  }

  for (const reflector of sets)
    reflector.onEvent((event) => {
      const { namespace = '', resourceVersion } = event.object.metadata;
      if (isNews(event)) send(queue.wake({ key: keyOf(event.object), resourceVersion }));
      const bfb = bfbLetGo(event);
      if (bfb !== undefined) send(bfbQueue.wake({ key: wakeUpKey('bfb', namespace, bfb) }));
      if (event.type === 'deleted') metrics.show(namespace, event.object.metadata.name, undefined);
    });
  nodes.onEvent((event) => {
    for (const set of setsConcerned(event, everySet())) send(queue.wake({ key: keyOf(set) }));
  });

  return {
    get hasSynced() {
      return reflectors.every(({ hasSynced }) => hasSynced);
    },
    async start(signal) {
      for (const reflector of reflectors) reflector.start();
      await Promise.all(reflectors.map((reflector) => reflector.synced(signal)));
      queue.work(work, { everyKey: () => everySet().map(keyOf) });
    },
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
      await queue.close();
      await events.flush();
    },
  };
}
