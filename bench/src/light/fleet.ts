/**
 * A fleet without hardware: real controllers, Redis and API servers as processes, and one light agent per host in this process. What a fleet of 1,000
 * hosts costs the controllers is the same; no card, no FUSE and no process per agent takes the processor from them.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KINDS, type Bfb, type Dpu, type DPUFlavor, type DpuSet, type Pod } from '@dpf/api';
import { generateBfb, serveImages } from '@dpf/dpu-sim';
import { CORE } from '@dpf/kube';
import { createPki } from '@dpf/kube-sim';
import { startRedis } from '@dpf/queue/testing';
import { tokenOf } from '../../../e2e/fleet/accounts.ts';
import { AGENT_ACCOUNT, AGENT_AUDIENCE } from '../../../e2e/fleet/agents.ts';
import { NAMESPACE, registerHost } from '../../../e2e/fleet/control-plane.ts';
import { startControlPlanes } from '../../../e2e/fleet/control-planes.ts';
import { BFB_PATH } from '../../../e2e/fleet/fleet.ts';
import { freePort, startServices, type Services } from '../../../e2e/fleet/services.ts';
import { describeDpu, Watching } from '../../../e2e/fleet/watching.ts';
import { newRunFolder } from '../../../e2e/fleet/workspace.ts';
import { example } from '../../../e2e/stories/example.ts';
import { profiled } from '../servers/profile.ts';
import type { Server, ServerProvider } from '../servers/servers.ts';
import { LightAgent, type Durations } from './agent.ts';
import { inLanes } from './parallel.ts';

export interface LightFleetOptions {
  servers: ServerProvider;
  hosts: number;
  /** Of the hardware of the n-th host. */
  durations: (host: number) => Durations;
  /** More settings of dpu-controller. */
  dpuController?: Record<string, string>;
  /** Whether the DPUs join the tenant cluster; default: they do. */
  joins?: boolean;
}

export interface LightFleet {
  folder: string;
  host: Server;
  tenant: Server;
  services: Services;
  agents: LightAgent[];
  /** Kept up to date, of the services' namespace. */
  dpus: Watching<Dpu>;
  /** Applies image and flavor, waits for the image, applies the set, and resolves when its last Dpu is Ready. Seconds since the set was applied. */
  provision(seconds: number): Promise<number>;
  /** Requests of dpu-controller to the host's and the tenant's API by verb, kind and code, from its metrics. */
  metrics(): Promise<{ verb: string; kind: string; code: string; count: number }[]>;
  stop(): Promise<void>;
}

const LANES = 16;
const START_MS = 60_000;

/** Hosts are announced when it resolves; nothing is applied yet. */
export async function startLightFleet(options: LightFleetOptions): Promise<LightFleet> {
  const { servers, hosts: count, durations, joins = true } = options;
  const folder = newRunFolder();
  mkdirSync(join(folder, 'bfb-volume'), { recursive: true });
  const undo: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const redis = await startRedis();
    undo.push(() => redis.close());
    const { host, tenant } = await startControlPlanes(servers, folder, []);
    undo.push(() => Promise.all([host.close(), tenant.close()]));
    const hosts = Array.from({ length: count }, (_, i) => `worker-${i + 1}`);
    await inLanes(hosts, LANES, (name, i) => registerHost(host.cluster, name, `10.${i >> 16}.${(i >> 8) & 255}.${(i & 255) + 1}`));
    const tokens = await inLanes(hosts, LANES, (name) => tokenOfAgent(host, name));
    const images = await serveImages({ [BFB_PATH]: generateBfb({ version: '2.7.0-33', bytes: 1 << 20 }) });
    undo.push(() => images.close());

    const metricsPort = await freePort();
    const settings = { url: redis.url, prefix: 'dpf' };
    const services = await startServices({
      folder,
      pki: await createPki(),
      plane: host,
      redis: () => ({ REDIS_URL: redis.url, REDIS_PREFIX: settings.prefix }),
      imageServer: `${images.url}/`,
      logLevel: 'warn',
      dpuController: { PROBES_PORT: String(metricsPort), ...profiled(), ...options.dpuController },
    });
    undo.push(() => services.stop());
    await ready(`http://127.0.0.1:${metricsPort}/readyz`);
    const dpus = await Watching.start<Dpu>(host.cluster, KINDS.Dpu, NAMESPACE);
    undo.push(() => dpus.stop());

    const endpoint = { url: services.agentApiUrl, caPem: readFileSync(services.agentApiCaFile, 'utf8') };
    const onError = (error: Error) => console.error(`an agent: ${error.message}`);
    const agents = hosts.map(
      (node, i) =>
        new LightAgent({
          node,
          token: tokens[i] as string,
          endpoint,
          redis: settings,
          tenant: tenant.cluster,
          durations: durations(i),
          onError,
        }),
    );
    undo.push(() => inLanes(agents, LANES, (agent) => agent.close()));
    await inLanes(agents, LANES, (agent) => agent.start());

    return {
      folder,
      host,
      tenant,
      services,
      agents,
      dpus,
      provision: async (seconds) => {
        const set = await prepare(host, joins);
        const began = performance.now();
        await host.cluster.resource<DpuSet>(KINDS.DpuSet).create(set);
        await dpus.until(`${count} DPUs Ready`, allReady(count), seconds, describeDpu);
        return (performance.now() - began) / 1000;
      },
      metrics: async () => requestsIn(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Cheap to ask after each of many events: the count is kept by who came. */
const allReady =
  (count: number) =>
  (dpus: Dpu[]): boolean =>
    dpus.length === count &&
    dpus.every(({ status, metadata }) => status?.phase === 'Ready' && status.observedGeneration === metadata.generation);

/** A Pod of the DaemonSet on the host, and the token that the kubelet would project into it. */
async function tokenOfAgent(host: Server, node: string): Promise<string> {
  const pod = await host.cluster.resource<Pod>(CORE.Pod).create({
    metadata: { name: `dms-agent-${node}`, namespace: NAMESPACE, labels: { app: 'dms-agent' } },
    spec: { nodeName: node, serviceAccountName: AGENT_ACCOUNT, containers: [{ name: 'agent', image: 'dms-agent' }] } as Pod['spec'],
  });
  return tokenOf(host, AGENT_ACCOUNT, { pod, audience: AGENT_AUDIENCE });
}

/** Image (Ready) and flavor of the founding document; answers with its set. */
async function prepare({ cluster }: Server, joins: boolean): Promise<DpuSet> {
  const { bfb, flavor, set } = example();
  const bfbs = await Watching.start<Bfb>(cluster, KINDS.Bfb, NAMESPACE);
  try {
    await cluster.resource<Bfb>(KINDS.Bfb).create(bfb);
    await cluster.resource<DPUFlavor>(KINDS.DPUFlavor).create(flavor);
    await bfbs.until('the image is Ready', (all) => all.some(({ status }) => status?.phase === 'Ready'), 60);
  } finally {
    await bfbs.stop();
  }
  const { cluster: joined, ...alone } = set.spec.dpuTemplate.spec;
  const spec = joins ? { ...alone, cluster: joined } : alone;
  return { ...set, spec: { ...set.spec, dpuTemplate: { ...set.spec.dpuTemplate, spec } } } as DpuSet;
}

async function ready(url: string): Promise<void> {
  for (const deadline = Date.now() + START_MS; ; await sleep(100)) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    if (Date.now() > deadline) throw new Error(`dpu-controller is not ready after ${START_MS / 1000} s`);
  }
}

function requestsIn(metrics: string): { verb: string; kind: string; code: string; count: number }[] {
  const lines = metrics.matchAll(/^dpf_kube_request_seconds_count\{([^}]*)\} (\d+)/gm);
  return [...lines].map(([, labels = '', count]) => {
    const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    return { verb: label('verb'), kind: label('kind'), code: label('code'), count: Number(count) };
  });
}
