/** BM5: a look at every Dpu of a fleet in which nothing changed. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseWakeUpKey, wakeUpKey, type Dpu, type DPUFlavor, type Node } from '@dpf/api';
import { connect, type Cluster, type Reflector } from '@dpf/kube';
import type { WorkQueue } from '@dpf/queue';
import { newRunFolder } from '../../../e2e/fleet/workspace.ts';
import { createController } from '../../../services/dpu-controller/src/controller.ts';
import { createTenantClusters } from '../../../services/dpu-controller/src/tenant/index.ts';
import { installed, makeClones, provisionPattern } from '../light/at-rest.ts';
import { inLanes } from '../light/parallel.ts';
import { atLeast, atMost, either, shown, type Result } from '../report/result.ts';
import { median, sum } from '../report/statistics.ts';
import { since } from './instant.ts';
import type { Benchmark, Run } from './benchmark.ts';

const ROUNDS = 5;
/** As dpu-controller works keys. */
const LANES = 16;
const GOAL_PER_SECOND = 20_000;
const GOAL_WALKS = 5;
const NOBODY = { wake: async () => undefined, close: async () => undefined };
const WRITES = ['create', 'update', 'patch', 'delete'];

export const resync: Benchmark = {
  name: 'resync',
  story:
    'BM5: N unchanged Dpus and N Nodes, each Dpu observed and decided once more (the queue not included), against a walk over the same stores',
  size: 10_000,
  tiny: 5,
  async run(run) {
    const folder = newRunFolder();
    mkdirSync(folder, { recursive: true });
    const undo: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
    try {
      return await measure(run, folder, undo);
    } finally {
      for (const step of undo.reverse()) await step();
    }
  },
};

async function measure({ servers, size, say }: Run, folder: string, undo: (() => Promise<unknown>)[]): Promise<Result> {
  say('one DPU is provisioned, as the pattern');
  const pattern = await provisionPattern();
  const host = await installed(servers, folder, pattern);
  undo.push(() => host.close());
  say(`${size} clones of it are made`);
  await makeClones(host, pattern, size);

  const cluster = await connect({ kubeconfigFile: join(folder, 'host.kubeconfig'), userAgent: 'dpu-controller/bench' });
  undo.push(() => cluster.close());
  const stores = new Map<string, Reflector<never>>();
  const tenants = createTenantClusters({ host: cluster, grants: [], userAgent: 'dpu-controller/bench' });
  undo.push(() => tenants.close());
  const controller = createController({
    cluster: withStores(cluster, stores),
    queue: { ...NOBODY, work: () => undefined, wakeAfter: async () => undefined, lagMs: async () => 0 } satisfies WorkQueue,
    dpusetQueue: NOBODY,
    bfbQueue: NOBODY,
    operations: { ...NOBODY, submit: async () => undefined, withdraw: async () => undefined, forget: async () => undefined },
    tenants,
    settings: { namespaces: [], discovery: 'agent', agentSilentSeconds: 120 },
    concurrency: LANES,
    log: { info: () => undefined, warn: () => undefined },
  });
  await controller.start(AbortSignal.timeout(120_000));
  undo.push(() => controller.stop());
  const keys = controller.dpus().map(({ metadata }) => wakeUpKey('dpu', metadata.namespace ?? '', metadata.name));
  const { signal } = new AbortController();
  const look = () => inLanes(keys, LANES, (key) => controller.reconciler.reconcile(key, { signal }));

  say('rounds of looks');
  await look();
  const before = await host.requests();
  const looks: number[] = [];
  const walks: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    looks.push(await processorTime(look));
    walks.push(await processorTime(async () => walk(keys, stores)));
  }
  const asked = since(before, await host.requests()).filter(({ userAgent }) => userAgent.startsWith('dpu-controller'));
  const writes = sum(asked.filter(({ verb }) => WRITES.includes(verb)).map(({ count }) => count));
  const reads = sum(asked.filter(({ verb }) => verb === 'get').map(({ count }) => count));
  const perSecond = size / median(looks);
  const ratio = median(looks) / median(walks);
  return {
    benchmark: 'resync',
    on: servers.name,
    figures: [
      {
        what: 'no-op reconciles per second of processor time',
        measured: `${shown(perSecond)}/s`,
        beside: `${shown(size / median(walks))}/s (walk without a handler)`,
        ratio,
        goal: either(atLeast(perSecond, GOAL_PER_SECOND, '/s'), atMost(ratio, GOAL_WALKS, ' walks')),
      },
      { what: 'writes per round', measured: shown(writes / ROUNDS), goal: atMost(writes, 0, '') },
      { what: 'GETs per 1,000 looks', measured: shown((1000 * reads) / ROUNDS / size) },
    ],
    notes: [
      `processor seconds of ${size} looks: ${looks.map(shown).join(', ')}; of this process alone, requests included, the API server not`,
    ],
    counts: { dpus: keys.length, writes },
  };
}

/** Remembers the reflectors that are made. */
function withStores(cluster: Cluster, stores: Map<string, Reflector<never>>): Cluster {
  return {
    server: cluster.server,
    resource: (kind) => cluster.resource(kind),
    reflect: (kind, options) => {
      const reflector = cluster.reflect(kind, options);
      stores.set(kind.kind, reflector as unknown as Reflector<never>);
      return reflector;
    },
    reviewToken: (...asked) => cluster.reviewToken(...asked),
    version: (...asked) => cluster.version(...asked),
    events: (component) => cluster.events(component),
    close: () => cluster.close(),
  };
}

/** Finds for every key what a decision is about, and decides nothing. */
function walk(keys: readonly string[], stores: ReadonlyMap<string, Reflector<never>>): number {
  const of = <T>(kind: string) =>
    stores.get(kind)!.store as unknown as {
      get(ref: { namespace?: string; name: string }): T | undefined;
      byIndex(index: string, value: string): T[];
    };
  const [dpus, nodes, flavors] = [of<Dpu>('Dpu'), of<Node>('Node'), of<DPUFlavor>('DPUFlavor')];
  let found = 0;
  for (const key of keys) {
    const parsed = parseWakeUpKey(key);
    const dpu = parsed?.kind === 'dpu' ? dpus.get(parsed) : undefined;
    if (!dpu) continue;
    const flavor = flavors.get({ namespace: dpu.metadata.namespace ?? '', name: dpu.spec.dpuFlavor });
    if (nodes.get({ name: dpu.spec.nodeName }) && flavor && dpus.byIndex('host', dpu.spec.nodeName).length > 0) found++;
  }
  return found;
}

/** Seconds of processor time that this process spent on it. */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
