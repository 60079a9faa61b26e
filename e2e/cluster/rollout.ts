/** Another image for every DPU while what carries the work is disturbed. */
import { setTimeout as delay } from 'node:timers/promises';
import { KINDS, type Bfb, type Dpu, type DpuSet, type Pod } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { auditLength, dpuWrites, forbidden, readAudit } from '../fleet/audit.ts';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { judgeBudget, judgeFlashes, judgeResets } from '../fleet/judge.ts';
import { describeDpu, DpuWatching, isReady } from '../fleet/watching.ts';
import { example } from '../stories/example.ts';
import { endContainers } from './containers.ts';
import { rebootNode } from './hosts.ts';
import { DPUS_PER_NODE, install, RELEASE, type Installation } from './installation.ts';
import { must } from './provision.ts';

const NEXT_IMAGE = 'https://content.mellanox.com/BlueField/BFBs/Ubuntu22.04/bf-bundle-2.9.1-30_24.11_ubuntu-22.04_prod.bfb';
const NEXT = 'doca-24.11';
/** maxUnavailable of the example is 10 %: one DPU, so that every host goes alone. */
const MAX_UNAVAILABLE = 1;
const SECONDS_PER_HOST = 200;
const DEPLOYMENTS = ['dpuset-controller', 'dpu-controller', 'bfb-downloader'] as const;
const SERVICES = [...DEPLOYMENTS, 'dms-agent'];
const SCALED_BY_HAND = ['dpusetController', 'dpuController', 'bfbDownloader'].map((values) => `${values}.replicas=null`);
const QUIET_MS = 5000;

type Disturbance = [text: string, work: () => Promise<unknown>];

export async function rollout(installation: Installation): Promise<void> {
  const { report, cluster, nodes, hosts, options } = installation;
  const count = nodes.length * DPUS_PER_NODE;
  const lines = options.auditLog === undefined ? 0 : await auditLength(options.auditLog);
  const began = new Date();
  const dpus = await DpuWatching.start(cluster);
  const before = attemptsOf(dpus.watching.all);
  try {
    await report.step(`another image on ${count} DPUs, while replicas, Pods and Redis come and go`, async () => {
      await cluster.resource<Bfb>(KINDS.Bfb).create({ metadata: { name: NEXT, namespace: NAMESPACE }, spec: { url: NEXT_IMAGE } });
      const set = { namespace: NAMESPACE, name: example().set.metadata.name };
      await cluster.resource<DpuSet>(KINDS.DpuSet).patch(set, { spec: { dpuTemplate: { spec: { BFB: { bfb: NEXT } } } } });
      const over = new AbortController();
      const ready = dpus.watching.until(
        `${count} DPUs Ready with ${NEXT}`,
        (all) => all.length === count && all.every((dpu) => isReady(dpu) && dpu.spec.bfb === NEXT),
        SECONDS_PER_HOST * nodes.length,
        describeDpu,
      );
      await Promise.all([ready.finally(() => over.abort()), disturb(installation, over.signal), endContainers(installation, over.signal)]);
    });
  } finally {
    await dpus.stop();
  }
  const after = attemptsOf(dpus.watching.all);
  const attempts = (node: string) => (after.get(node) ?? 0) - (before.get(node) ?? 0);
  await report.step('every card was flashed once, no host was reset more than once an attempt', async () => {
    const journal = await hosts.journal(began);
    must([...judgeFlashes(journal, count), ...judgeResets(journal, nodes, attempts)]);
  });
  const { auditLog, upgradeTag } = options;
  if (upgradeTag !== undefined)
    await report.step('no Pod of the services runs the former images', () => areUpgraded(installation, upgradeTag));
  if (auditLog === undefined) return report.say('  no audit log: the budget and refused requests are not judged');
  await report.step('the budget was kept and no right was missing', async () => {
    const events = await readAudit(auditLog, lines);
    must([...judgeBudget(dpuWrites(events), MAX_UNAVAILABLE), ...forbidden(events)]);
  });
}

async function areUpgraded({ cluster, place: { namespace } }: Installation, tag: string): Promise<void> {
  const pods = (await cluster.resource<Pod & { spec: { containers: { image: string }[] } }>(CORE.Pod).list({ namespace })).items;
  const running = pods.filter(({ metadata }) => !metadata.deletionTimestamp).flatMap(({ spec }) => spec.containers);
  const former = running.filter(({ image }) => SERVICES.some((name) => image.includes(`/${name}:`)) && !image.endsWith(`:${tag}`));
  must(former.map(({ image }) => `a Pod runs ${image}`));
}

/** The latest attempt on a card of each host. */
function attemptsOf(dpus: readonly Dpu[]): Map<string, number> {
  const latest = new Map<string, number>();
  for (const { spec, status } of dpus) latest.set(spec.nodeName, Math.max(latest.get(spec.nodeName) ?? 0, status?.attempt?.number ?? 0));
  return latest;
}

/** Each disturbance once, one after the other; those that are left when it is over are left out. */
async function disturb(installation: Installation, signal: AbortSignal): Promise<void> {
  const { kubectl, report, commands } = installation;
  const { tag, upgradeTag } = installation.options;
  // Simulated hardware and the tenant cluster keep their image: what they stand for is not upgraded with the chart.
  const images = upgradeTag === undefined ? [] : ['--set', `image.tag=${upgradeTag},simulator.image.tag=${tag}`];
  const last = installation.nodes.at(-1);
  const inNamespace = (...argv: string[]) => kubectl('-n', NAMESPACE, ...argv);
  const scale = (name: string, replicas: number) => inNamespace('scale', `deployment/${RELEASE}-${name}`, `--replicas=${replicas}`);
  const restart = async (what: string) => {
    await inNamespace('rollout', 'restart', what);
    await inNamespace('rollout', 'status', what, '--timeout=120s');
  };
  const disturbances: Disturbance[] = [
    ['the Redis Pod is deleted', () => inNamespace('delete', 'pod', `${RELEASE}-redis-0`, '--wait=false')],
  ];
  if (commands && last !== undefined) disturbances.push([`node ${last} is cut off and started`, () => rebootNode(last, commands)]);
  if (images.length > 0) disturbances.push(['helm upgrade to other images', () => install(installation, ...images)]);
  for (const name of DEPLOYMENTS)
    for (const replicas of [1, 3, 1]) disturbances.push([`${name} has ${replicas} replicas`, () => scale(name, replicas)]);
  for (const name of DEPLOYMENTS) disturbances.push([`${name} is restarted`, () => restart(`deployment/${RELEASE}-${name}`)]);
  disturbances.push(
    ['the agents are restarted', () => restart(`daemonset/${RELEASE}-dms-agent`)],
    // kubectl scale has taken the replicas over: the chart leaves them to it.
    ['helm upgrade with another value', () => install(installation, ...images, '--set', ['logLevel=debug', ...SCALED_BY_HAND].join(','))],
  );
  for (const [text, work] of disturbances) {
    await delay(QUIET_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return report.say(`  left out, for the rollout was over: ${text}`);
    await work();
    report.say(`  ${text}`);
  }
}
