/** The founding document's objects to Ready DPUs, in a real cluster. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject, Node } from '@dpf/api';
import { CORE, type Cluster } from '@dpf/kube';
import { stringify } from 'yaml';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NAMESPACE } from '../fleet/control-plane.ts';
import type { Kubectl } from '../fleet/kubectl.ts';
import { judgeFlashes, judgeResets } from '../fleet/judge.ts';
import { DpuWatching, Watching } from '../fleet/watching.ts';
import { FOUNDING_DOCUMENT } from '../fleet/workspace.ts';
import { example } from '../stories/example.ts';
import { discovered, DPUS_PER_NODE, install, RELEASE, type Installation } from './installation.ts';
import { isNodeReady, tenantNodes } from './tenant.ts';

const TAINT = 'dpu';
const READY_SECONDS = 420;
const TENANT_SECONDS = 60;

/** @throws Error with these sentences, where there are any */
export function must(sentences: readonly string[]): void {
  if (sentences.length > 0) throw new Error(sentences.join('; '));
}

export async function provision(installation: Installation): Promise<void> {
  const { report, cluster, nodes, hosts, options } = installation;
  const count = nodes.length * DPUS_PER_NODE;
  await report.step('helm install, until every Pod is ready', () => install(installation));
  await report.step(`${nodes.length} hosts are labelled by discovery`, () => discovered(installation, 120));
  await report.step('RBAC refuses what is not granted', () => rbacRefuses(installation));
  await report.step('helm test', () => installation.helm('test', RELEASE, '--timeout', '60s'));

  const began = new Date();
  const bootsBefore = await bootIds(cluster);
  const tainted = new Set<string>();
  const watching = await Watching.start<Node>(cluster, CORE.Node);
  const note = () => {
    for (const { metadata, spec } of watching.all) if (spec?.taints?.some(({ key }) => key === TAINT)) tainted.add(metadata.name);
  };
  const unsubscribe = watching.reflector.onEvent(note);
  const dpus = await DpuWatching.start(cluster);
  try {
    await report.step(`from the founding document's objects to ${count} DPUs Ready`, async () => {
      await applyExample(installation);
      await dpus.allReady(count, READY_SECONDS);
    });
    for (const phase of new Set(dpus.history.map((moment) => moment.phase))) {
      const last = Math.max(...dpus.history.filter((moment) => moment.phase === phase).map(({ at }) => at));
      report.say(
        `  the last DPU became ${phase} ${((last - (dpus.history[0]?.at ?? last)) / 1000).toFixed(1)} s after the first was there`,
      );
    }
    await report.step('the taint was on every host, and is gone', async () => {
      must(nodes.filter((node) => !tainted.has(node)).map((node) => `node ${node} never had the taint ${TAINT}`));
      const untainted = (all: Node[]) => !all.some(({ spec }) => spec?.taints?.some(({ key }) => key === TAINT));
      await watching.until('no host has the taint', untainted, 30);
    });
  } finally {
    unsubscribe();
    await Promise.all([watching.stop(), dpus.stop()]);
  }
  await report.step(`${count} tenant Nodes Ready`, async () => {
    for (const until = Date.now() + TENANT_SECONDS * 1000; ; await delay(2000)) {
      const ready = (await tenantNodes(cluster, options.kubeconfig)).filter(isNodeReady).length;
      if (ready === count) return;
      if (Date.now() > until) throw new Error(`${ready} of ${count} tenant Nodes are Ready`);
    }
  });
  await report.step('one flash per card, one reset per host', async () => {
    const journal = await hosts.journal(began);
    must([...judgeFlashes(journal, count), ...judgeResets(journal, nodes, () => 1)]);
  });
  if (!installation.commands) return report.say('  resets were simulated: no node was rebooted');
  await report.step('every node was rebooted once', async () => {
    const boots = await bootIds(cluster);
    must(nodes.filter((node) => boots.get(node) === bootsBefore.get(node)).map((node) => `node ${node} has the boot id of before`));
    must(nodes.filter((node) => hosts.reboots.get(node)?.length !== 1).map((node) => `node ${node} was not asked to reboot once`));
  });
}

/** Boot ids by node, as the kubelets report them. */
async function bootIds(cluster: Cluster): Promise<Map<string, string>> {
  const { items } = await cluster.resource<KubeObject & { status?: { nodeInfo?: { bootID?: string } } }>(CORE.Node).list();
  return new Map(items.map(({ metadata, status }) => [metadata.name, status?.nodeInfo?.bootID ?? '']));
}

/** The founding document's objects, and its flavor under the name that its set asks for. */
export async function applyExample({ kubectl }: Installation): Promise<void> {
  await kubectl('apply', '-f', FOUNDING_DOCUMENT);
  await applyObjects(kubectl, example().flavor);
}

export async function applyObjects(kubectl: Kubectl, ...objects: object[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dpf-e2e-'));
  try {
    const file = join(folder, 'objects.yaml');
    writeFileSync(file, objects.map((object) => stringify(object)).join('---\n'));
    await kubectl('apply', '-f', file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether the API server enforces roles at all, and ours are narrow. */
async function rbacRefuses({ kubectl }: Installation): Promise<void> {
  const may = async (service: string, ...what: string[]) => {
    const as = `system:serviceaccount:${NAMESPACE}:${RELEASE}-${service}`;
    const answer = await kubectl('auth', 'can-i', ...what, '--as', as).catch((error: Error) => error.message);
    return /^yes/m.test(answer);
  };
  const rows: [boolean, string, ...string[]][] = [
    [true, 'dpu-controller', 'patch', 'nodes'],
    [true, 'dpuset-controller', 'create', 'dpus.provisioning.dpu.nvidia.com', '-n', NAMESPACE],
    [false, 'dpu-controller', 'list', 'secrets', '-n', NAMESPACE],
    [false, 'dpu-controller', 'delete', 'nodes'],
    [false, 'dpuset-controller', 'get', 'secrets', '-n', NAMESPACE],
    [false, 'bfb-downloader', 'patch', 'nodes'],
    [false, 'dms-agent', 'get', 'dpus.provisioning.dpu.nvidia.com', '-n', NAMESPACE],
    [false, 'dms-agent', 'get', 'nodes'],
  ];
  const wrong: string[] = [];
  for (const [expected, service, ...what] of rows)
    if ((await may(service, ...what)) !== expected) wrong.push(`${service} may ${expected ? 'not ' : ''}${what.slice(0, 2).join(' ')}`);
  must(wrong);
}
