/** Many host Nodes and no hardware: the controllers as processes, two Kubernetes APIs, Redis. What a fleet costs is counted at the API. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KINDS, NODE_LABELS, type Dpu, type Node } from '@dpf/api';
import { generateBfb, serveImages } from '@dpf/dpu-sim';
import { CORE } from '@dpf/kube';
import { createPki } from '@dpf/kube-sim';
import { startRedis } from '@dpf/queue/testing';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { startControlPlanes } from '../fleet/control-planes.ts';
import { EMBEDDED, type EmbeddedControlPlane } from '../fleet/embedded.ts';
import { BFB_PATH } from '../fleet/fleet.ts';
import { startServices } from '../fleet/services.ts';
import { Watching } from '../fleet/watching.ts';
import { CONTROLLERS, newRunFolder } from '../fleet/workspace.ts';

/** Of the controllers, before anything is applied: DpuSets and Nodes; Dpus, flavors and Nodes; Bfbs. */
const WATCHES = 6;
const START_MS = 60_000;

export interface LargeFleet {
  host: EmbeddedControlPlane;
  dpus: Watching<Dpu>;
  /** Requests of the controllers to the API of the host cluster so far, watches not counted. */
  requests(): number;
  /** The same by who, verb and resource, for people. */
  requestTable(since?: ReadonlyMap<string, number>): Map<string, number>;
  /** Resolves when no request was made for so many milliseconds. */
  quiet(ms: number, seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** As many Nodes as asked for, with the labels that node feature discovery gives a host with one DPU; nothing is applied yet. */
export async function startLargeFleet(nodes: number): Promise<LargeFleet> {
  const folder = newRunFolder();
  mkdirSync(join(folder, 'bfb-volume'), { recursive: true });
  const undo: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const redis = await startRedis();
    undo.push(() => redis.close());
    const { host, tenant } = await startControlPlanes(EMBEDDED, folder, []);
    undo.push(() => Promise.all([host.close(), tenant.close()]));
    // One after the other: of hundreds at once the last would wait longer than a request may.
    for (let i = 1; i <= nodes; i++) await host.cluster.resource<Node>(CORE.Node).create(nodeWithDpu(i));
    const images = await serveImages({ [BFB_PATH]: generateBfb({ version: '2.7.0-33', bytes: 1 << 20 }) });
    undo.push(() => images.close());
    const dpus = await Watching.start<Dpu>(host.cluster, KINDS.Dpu, NAMESPACE);
    undo.push(() => dpus.stop());
    const services = await startServices({
      folder,
      pki: await createPki(),
      plane: host,
      redis: () => ({ REDIS_URL: redis.url, REDIS_PREFIX: 'dpf' }),
      imageServer: `${images.url}/`,
      logLevel: 'warn',
    });
    undo.push(() => services.stop());
    for (const deadline = Date.now() + START_MS; host.api.openWatches() < WATCHES + 1; await delay(50))
      if (Date.now() > deadline) throw new Error(`the controllers do not watch after ${START_MS / 1000} s`);

    const requestTable = (since?: ReadonlyMap<string, number>) => {
      const table = new Map<string, number>();
      for (const { verb, resource, userAgent, count } of host.api.requests.list()) {
        const who = CONTROLLERS.find((name) => userAgent.startsWith(name));
        const what = `${who} ${verb} ${resource}`;
        if (who !== undefined) table.set(what, (table.get(what) ?? 0) + count);
      }
      return new Map([...table].map(([what, count]) => [what, count - (since?.get(what) ?? 0)] as const).filter(([, count]) => count > 0));
    };
    const requests = () => [...requestTable().values()].reduce((sum, count) => sum + count, 0);
    const quiet = async (ms: number, seconds: number) => {
      const deadline = Date.now() + seconds * 1000;
      for (let before = -1; before !== requests(); await delay(ms)) {
        if (Date.now() > deadline) throw new Error(`the API is still asked after ${seconds} s`);
        before = requests();
      }
    };
    return { host, dpus, requests, requestTable, quiet, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const nodeWithDpu = (i: number): Node => ({
  metadata: {
    name: `worker-${i}`,
    labels: { [NODE_LABELS.dpuEnabled]: 'true', [NODE_LABELS.pciAddress(0)]: '0000-4b-00', [NODE_LABELS.pfName(0)]: 'ens1f0np0' },
  },
});
