/** BM7: what dpu-controller holds of a large fleet at rest. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KINDS, type Dpu, type KubeObject, type Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { createPki } from '@dpf/kube-sim';
import { startRedis } from '@dpf/queue/testing';
import { kubeconfigOf } from '../../../e2e/fleet/accounts.ts';
import { AGENT_ACCOUNT } from '../../../e2e/fleet/agents.ts';
import { NAMESPACE } from '../../../e2e/fleet/control-plane.ts';
import { newRunFolder, WORKSPACE } from '../../../e2e/fleet/workspace.ts';
import { trimNode } from '../../../services/dpu-controller/src/wake-ups.ts';
import { installed, makeClones, provisionPattern } from '../light/at-rest.ts';
import { atMost, shown, type Result } from '../report/result.ts';
import type { Usage } from '../servers/probe.ts';
import { Probed } from '../servers/probed.ts';
import type { Server } from '../servers/servers.ts';
import type { Benchmark, Run } from './benchmark.ts';

const MB = 1e6;
const GOAL_MB = 150;
const GOAL_HEAPS = 2.5;
const GOAL_PEAK = 1.5;
/** Of its Pod, with the memory limit that the chart sets. */
const FLAGS = ['--enable-source-maps', '--max-semi-space-size=4', '--max-old-space-size=768'];
const HEAP_OF = fileURLToPath(new URL('../servers/heap-of.ts', import.meta.url));
/** It is at rest once it takes less than a tenth of a processor, this many seconds long. */
const REST_SECONDS = 3;
const PATIENCE_SECONDS = 300;

export const memory: Benchmark = {
  name: 'memory',
  story: 'BM7: dpu-controller with N Dpus and N Nodes cached, at rest and after garbage collection, against the stripped objects alone',
  size: 10_000,
  tiny: 5,
  async run(run) {
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
  // As it is deployed: the sources would bring a compiler into its memory.
  await promisify(execFile)(process.execPath, ['hack/build.ts', 'dpu-controller'], { cwd: WORKSPACE });
  say('one DPU is provisioned, as the pattern');
  const pattern = await provisionPattern();
  const host = await installed(servers, folder, pattern);
  undo.push(() => host.close());
  const redis = await startRedis();
  undo.push(() => redis.close());
  const env = await environment(host, folder, redis.url);
  const used = async (): Promise<Usage> => {
    const controller = new Probed(['dist/dpu-controller/main.mjs'], {
      env,
      flags: FLAGS,
      log: join(folder, 'logs', 'dpu-controller.log'),
    });
    try {
      await atRest(controller);
      return await controller.ask('usage');
    } finally {
      await controller.stop();
    }
  };
  say('dpu-controller without objects');
  const empty = await used();
  say(`${size} clones are made`);
  await makeClones(host, pattern, size);
  say('dpu-controller with them');
  const writesBefore = await writesOf(host);
  const full = await used();
  const writes = (await writesOf(host)) - writesBefore;
  const stripped = await heapOf(await objectsOf(host), join(folder, 'objects.jsonl'), folder);

  const heap = full.heapUsed - empty.heapUsed;
  return {
    benchmark: 'memory',
    on: servers.name,
    figures: [
      {
        what: 'resident memory',
        measured: `${shown(full.rss / MB)} MB`,
        beside: `${shown(empty.rss / MB)} MB (without objects)`,
        goal: atMost(full.rss / MB, GOAL_MB, ' MB'),
      },
      {
        what: 'peak of resident memory',
        measured: `${shown(full.peakRss / MB)} MB`,
        beside: `${shown(full.rss / MB)} MB (at rest)`,
        ratio: full.peakRss / full.rss,
        goal: atMost(full.peakRss / full.rss, GOAL_PEAK, ''),
      },
      {
        what: `heap of ${size} Dpus and Nodes`,
        measured: `${shown(heap / MB)} MB`,
        beside: `${shown(stripped / MB)} MB (the same objects alone)`,
        ratio: heap / stripped,
        goal: atMost(heap / stripped, GOAL_HEAPS, ''),
      },
      {
        what: 'processor time of start and first look',
        measured: `${shown(full.cpuSeconds)} s`,
        beside: `${shown(empty.cpuSeconds)} s (without objects)`,
      },
      { what: 'writes of start and first look', measured: String(writes), goal: atMost(writes, 0, '') },
    ],
    notes: [],
    counts: { writes },
  };
}

async function environment(host: Server, folder: string, redisUrl: string): Promise<Record<string, string>> {
  const { certPem, keyPem } = await (await createPki()).server(['localhost', '127.0.0.1']);
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    KUBECONFIG: await kubeconfigOf(host, 'dpu-controller', folder),
    REDIS_URL: redisUrl,
    PROBES_HOST: '127.0.0.1',
    PROBES_PORT: '0',
    LOG_LEVEL: 'warn',
    WATCH_NAMESPACES: NAMESPACE,
    AGENT_API_HOST: '127.0.0.1',
    AGENT_API_PORT: '0',
    AGENT_API_CERT_FILE: file('agent-api.crt', certPem),
    AGENT_API_KEY_FILE: file('agent-api.key', keyPem),
    AGENT_SERVICE_ACCOUNT: `${NAMESPACE}/${AGENT_ACCOUNT}`,
    DISCOVERY: 'agent',
  };
}

/** The first look at every key is over. */
async function atRest(controller: Probed): Promise<void> {
  const { cpuSeconds: began } = await controller.ask('usage');
  let last = began;
  for (const deadline = Date.now() + 1000 * PATIENCE_SECONDS; Date.now() < deadline;) {
    await sleep(1000 * REST_SECONDS);
    // Asking costs a garbage collection, which takes longer the more there is; it is not the controller's work.
    const { cpuSeconds } = await controller.ask('usage');
    const worked = cpuSeconds - last;
    last = cpuSeconds;
    if (worked < 0.1 * REST_SECONDS + GC_SECONDS && cpuSeconds - began > START_SECONDS) return;
  }
  throw new Error(`dpu-controller does not come to rest in ${PATIENCE_SECONDS} s`);
}
const GC_SECONDS = 0.5;
/** Reading its own code takes it more than this. */
const START_SECONDS = 0.3;

const writesOf = async (host: Server): Promise<number> =>
  (await host.requests())
    .filter(
      ({ verb, userAgent, resource }) =>
        userAgent.startsWith('dpu-controller') && ['create', 'update', 'patch', 'delete'].includes(verb) && !/reviews$/.test(resource),
    )
    .reduce((total, { count }) => total + count, 0);

/** What the controller keeps of each. */
async function objectsOf({ cluster }: Server): Promise<KubeObject[]> {
  const [dpus, nodes] = await Promise.all([
    cluster.resource<Dpu>(KINDS.Dpu).list({ namespace: NAMESPACE }),
    cluster.resource<Node>(CORE.Node).list(),
  ]);
  return [...dpus.items, ...nodes.items.map(trimNode)].map((object) => {
    const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { managedFields?: unknown };
    return { ...object, metadata };
  });
}

/** Bytes of heap that objects take by themselves, as parsed JSON. */
async function heapOf(objects: readonly KubeObject[], file: string, folder: string): Promise<number> {
  writeFileSync(file, objects.map((object) => `${JSON.stringify(object)}\n`).join(''));
  const holder = new Probed([HEAP_OF, file], { log: join(folder, 'logs', 'heap-of.log') });
  try {
    await holder.announced();
    const before = await holder.ask('usage');
    await holder.request('read');
    const after = await holder.ask('usage');
    return after.heapUsed - before.heapUsed;
  } finally {
    await holder.stop();
  }
}
