/** BM1: the Dpus of one set, against a loop that makes the same objects with the same concurrency and pool of connections. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KINDS, NODE_LABELS, type Dpu, type DpuSet, type Node } from '@dpf/api';
import { CORE, isNotFound } from '@dpf/kube';
import { startRedis } from '@dpf/queue/testing';
import { kubeconfigOf } from '../../../e2e/fleet/accounts.ts';
import { readAudit } from '../../../e2e/fleet/audit.ts';
import { NAMESPACE, TENANT } from '../../../e2e/fleet/control-plane.ts';
import { Watching } from '../../../e2e/fleet/watching.ts';
import { newRunFolder } from '../../../e2e/fleet/workspace.ts';
import { example } from '../../../e2e/stories/example.ts';
import { inLanes } from '../light/parallel.ts';
import { atMost, shown, type Result } from '../report/result.ts';
import { median } from '../report/statistics.ts';
import { Probed } from '../servers/probed.ts';
import { profiled } from '../servers/profile.ts';
import type { Server } from '../servers/servers.ts';
import type { Benchmark, Run } from './benchmark.ts';

const ROUNDS = 5;
const GOAL = 1.25;
const PATIENCE_SECONDS = 300;
const CLIENT = fileURLToPath(new URL('../servers/client.ts', import.meta.url));
const LANES = 16;

export const create: Benchmark = {
  name: 'create',
  story: 'BM1: N labelled Nodes, one DpuSet applied, until its last Dpu is there; dpuset-controller alone',
  size: 1_000,
  tiny: 5,
  run: async (run) => {
    const folder = newRunFolder();
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const undo: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
    try {
      return await measure(run, folder, undo);
    } finally {
      for (const step of undo.reverse()) await step();
    }
  },
};

async function measure({ servers, size, say }: Run, folder: string, undo: (() => Promise<unknown>)[]): Promise<Result> {
  const rounds = size < 100 ? 1 : ROUNDS;
  const host = await servers.start(folder, 'host');
  undo.push(() => host.close());
  const { cluster } = host;
  for (const name of [NAMESPACE, TENANT.namespace]) await cluster.resource(CORE.Namespace).create({ metadata: { name } });
  await servers.grantAccess(host);
  await inLanes(Array.from({ length: size }), LANES, (_, i) => cluster.resource<Node>(CORE.Node).create(nodeWithDpu(i)));
  const redis = await startRedis();
  undo.push(() => redis.close());
  const kubeconfig = await kubeconfigOf(host, 'dpuset-controller', folder);
  const controller = new Probed(['services/dpuset-controller/src/main.ts'], {
    env: {
      KUBECONFIG: kubeconfig,
      REDIS_URL: redis.url,
      PROBES_HOST: '127.0.0.1',
      PROBES_PORT: '0',
      LOG_LEVEL: 'warn',
      WATCH_NAMESPACES: NAMESPACE,
      ...profiled(),
    },
    log: join(folder, 'logs', 'dpuset-controller.log'),
  });
  undo.push(() => controller.stop());
  const dpus = await Watching.start<Dpu>(cluster, KINDS.Dpu, NAMESPACE);
  undo.push(() => dpus.stop());
  const until = (count: number) => dpus.until(`${count} Dpus`, (all) => all.length === count, PATIENCE_SECONDS);
  const bodies = join(folder, 'bodies.json');
  let raw: Probed | undefined;

  const [bySet, byLoop] = [[] as number[], [] as number[]];
  // The first round is for connections and compiled code.
  for (let round = 0; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    let began = performance.now();
    await cluster.resource<DpuSet>(KINDS.DpuSet).create(example().set);
    await until(size);
    const setSeconds = (performance.now() - began) / 1000;
    if (!raw) {
      writeFileSync(bodies, JSON.stringify(dpus.all.map(rawTwin)));
      raw = new Probed([CLIENT, host.kubeconfig, NAMESPACE, bodies], { log: join(folder, 'logs', 'client.log') });
      const loop = raw;
      undo.push(() => loop.stop());
      await raw.announced();
    }
    await removeSet(host, dpus);

    began = performance.now();
    await Promise.all([raw.request('create'), until(size)]);
    const loopSeconds = (performance.now() - began) / 1000;
    await inLanes(dpus.all, LANES, (dpu) => remove(host, dpu));
    await until(0);
    if (round === 0 && rounds > 1) continue;
    bySet.push(setSeconds);
    byLoop.push(loopSeconds);
  }
  const posts = (await readAudit(host.auditLog)).filter(
    ({ verb, objectRef, userAgent = '' }) =>
      verb === 'create' && objectRef?.resource === 'dpus' && userAgent.startsWith('dpuset-controller'),
  ).length;
  const ratio = median(bySet.map((seconds, i) => seconds / byLoop[i]!));
  return {
    benchmark: 'create',
    on: servers.name,
    figures: [
      {
        what: `time to the last of ${size} Dpus`,
        measured: `${shown(median(bySet))} s`,
        beside: `${shown(median(byLoop))} s (the same creates, 8 at a time)`,
        ratio,
        goal: atMost(ratio, GOAL, ''),
      },
      {
        what: 'POSTs per Dpu',
        measured: (posts / size / (rounds + 1)).toFixed(2),
        goal: { text: '1.00', met: posts === size * (rounds + 1) },
      },
    ],
    notes: [`set: ${bySet.map(shown).join(', ')} s; loop: ${byLoop.map(shown).join(', ')} s`],
    counts: { posts: posts / (rounds + 1) },
  };
}

const nodeWithDpu = (i: number): Node => ({
  metadata: {
    name: `worker-${i}`,
    labels: { [NODE_LABELS.dpuEnabled]: 'true', [NODE_LABELS.pciAddress(0)]: '0000-4b-00', [NODE_LABELS.pfName(0)]: 'ens1f0np0' },
  },
});

/** The same body under another name, and of no set that lists it. */
function rawTwin({ apiVersion, kind, metadata, spec }: Dpu): Dpu {
  const { name, namespace, labels = {}, annotations, finalizers, ownerReferences } = metadata;
  const others = Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [key, key.endsWith('/dpuset-name') ? `${value}-raw` : value]),
  );
  return { apiVersion, kind, metadata: { name: `r${name}`, namespace, labels: others, annotations, finalizers, ownerReferences }, spec };
}

/** Without dpu-controller nobody takes the finalizers off. */
async function removeSet(host: Server, dpus: Watching<Dpu>): Promise<void> {
  const sets = host.cluster.resource<DpuSet>(KINDS.DpuSet);
  const { name } = example().set.metadata;
  await sets.delete({ name, namespace: NAMESPACE });
  await dpus.until('all are being deleted', (all) => all.every(({ metadata }) => metadata.deletionTimestamp), PATIENCE_SECONDS);
  await inLanes(dpus.all, LANES, (dpu) => unfinalize(host, dpu));
  await dpus.until('none is left', (all) => all.length === 0, PATIENCE_SECONDS);
  // The set goes with its last Dpu, which its controller sees at its next look; nobody waits for that here.
  await sets.patch({ name, namespace: NAMESPACE }, { metadata: { finalizers: null } }).catch(() => undefined);
  for (const deadline = Date.now() + 1000 * PATIENCE_SECONDS; await sets.get({ name, namespace: NAMESPACE }); await sleep(50))
    if (Date.now() > deadline) throw new Error(`DpuSet ${name} does not go`);
}

async function remove(host: Server, dpu: Dpu): Promise<void> {
  await unfinalize(host, dpu);
  await host.cluster.resource<Dpu>(KINDS.Dpu).delete({ namespace: NAMESPACE, name: dpu.metadata.name });
}

/** It may have gone already. */
const unfinalize = async (host: Server, { metadata: { name } }: Dpu): Promise<void> => {
  try {
    await host.cluster.resource<Dpu>(KINDS.Dpu).patch({ namespace: NAMESPACE, name }, { metadata: { finalizers: null } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
};
