/** dpu-controller put together: watches → queue → reconciles, and the answers to agents. */
import { KINDS, type Bfb, type ConfigMap, type Dpu, type DPUFlavor, type Node, type Secret } from '@dpf/api';
import { CORE, compareResourceVersion, learning, type Cluster } from '@dpf/kube';
import type { OperationSender, WakeUp, WakeUpSender, WorkQueue } from '@dpf/queue';
import { clustersOf } from './lifecycle/facts.ts';
import type { ClusterName } from './lifecycle/observed.ts';
import type { Reconciler, TenantClusters } from './ports.ts';
import { createReconciler } from './reconciler.ts';
import { sharedReads } from './shared-reads.ts';
import { watchKind } from './stores.ts';
import { everyKey, onDpuEvent, onFlavorEvent, onNodeEvent, onTenantNodeEvent, trimNode, type Queues } from './wake-ups.ts';
import { DPU_INDEXES, type Clock, type Settings, type World } from './world.ts';

export interface ControllerDeps {
  cluster: Cluster;
  queue: WorkQueue;
  dpusetQueue: WakeUpSender;
  bfbQueue: WakeUpSender;
  operations: OperationSender;
  tenants: TenantClusters;
  settings: Settings;
  concurrency: number;
  log: World['log'];
  clock?: Clock;
  chance?: () => number;
}

export interface Controller {
  readonly reconciler: Reconciler;
  readonly hasSynced: boolean;
  /** For metrics: the Dpus that this replica knows. */
  dpus(): Dpu[];
  /** Resolves when the stores are filled and the queue is being worked. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export function createController(deps: ControllerDeps): Controller {
  const { cluster, queue, tenants, settings, log, clock = Date, chance = Math.random } = deps;
  const dpus = watchKind<Dpu>(cluster, KINDS.Dpu, settings.namespaces, { indexes: DPU_INDEXES });
  const flavors = watchKind<DPUFlavor>(cluster, KINDS.DPUFlavor, settings.namespaces);
  const nodes = watchKind<Node>(cluster, CORE.Node, [], { transform: trimNode });
  const watched = [dpus, flavors, nodes];
  const stores = { dpus: dpus.store, flavors: flavors.store, nodes: nodes.store };
  const world: World = {
    stores,
    api: {
      dpus: learning(cluster.resource<Dpu>(KINDS.Dpu), dpus.learn),
      nodes: learning(cluster.resource<Node>(CORE.Node), nodes.learn),
      bfbs: sharedReads(cluster.resource<Bfb>(KINDS.Bfb)),
      secrets: cluster.resource<Secret>(CORE.Secret),
      configMaps: cluster.resource<ConfigMap>(CORE.ConfigMap),
    },
    events: cluster.events('dpu-controller'),
    log,
    tenants,
    operations: deps.operations,
    wake: (key) => queue.wake({ key }),
    settings,
    clock,
    chance,
  };
  const reconciler = createReconciler(world, compareResourceVersion);
  const queues = queuesOf(deps);

  dpus.onEvent((event) => onDpuEvent(stores, settings, queues, event));
  nodes.onEvent((event) => onNodeEvent(stores, settings, queues, event));
  flavors.onEvent((event) => onFlavorEvent(stores, queues, event));
  const clusters = followClusters(dpus, tenants);
  const unsubscribe = tenants.onNodeEvent((event) => onTenantNodeEvent(stores, queues, event));

  return {
    reconciler,
    get hasSynced() {
      return watched.every(({ hasSynced }) => hasSynced);
    },
    dpus: () => dpus.store.list(),
    async start(signal) {
      for (const watch of watched) watch.start();
      await Promise.all(watched.map((watch) => watch.synced(signal)));
      clusters.settle();
      queue.work((work) => reconciler.reconcile(work.key, { resourceVersion: work.resourceVersion, signal: work.signal }), {
        concurrency: deps.concurrency,
        everyKey: () => everyKey(stores),
      });
    },
    async stop() {
      await queue.close();
      unsubscribe();
      clusters.stop();
      await Promise.all(watched.map((watch) => watch.stop()));
      await world.events.flush();
    },
  };

  function queuesOf({ dpusetQueue, bfbQueue }: ControllerDeps): Queues {
    const to = (sender: { wake(wakeUp: WakeUp): Promise<void> }) => (wakeUp: WakeUp) => {
      // Before the first list everything is new, and `everyKey` says so at once.
      if (sender === queue && !watched.every(({ hasSynced }) => hasSynced)) return;
      sender
        .wake(wakeUp)
        .catch((error: Error) => log.warn({ err: error, key: wakeUp.key }, 'a wake-up was not sent, the next look makes up for it'));
    };
    return { dpu: to(queue), dpuset: to(dpusetQueue), bfb: to(bfbQueue) };
  }
}

/** Tells which tenant clusters Dpus refer to, once per burst of changes. */
function followClusters(dpus: ReturnType<typeof watchKind<Dpu>>, tenants: TenantClusters): { settle(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const settle = () => {
    const used = new Map<string, ClusterName>();
    for (const dpu of dpus.store.list()) for (const cluster of clustersOf(dpu)) used.set(`${cluster.namespace}/${cluster.name}`, cluster);
    tenants.inUse([...used.values()]);
  };
  dpus.onEvent((event) => {
    const same = event.type === 'updated' && JSON.stringify(clustersOf(event.old)) === JSON.stringify(clustersOf(event.object));
    if (same || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      settle();
    }, SETTLE_MS);
    timer.unref();
  });
  return { settle, stop: () => clearTimeout(timer) };
}
const SETTLE_MS = 200;
