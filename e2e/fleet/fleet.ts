/** A whole installation on one machine: two Kubernetes APIs, Redis, simulated hosts, an image server, the services, one agent per host. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateBfb, serveImages, type ImageServer } from '@dpf/dpu-sim';
import { createPki } from '@dpf/kube-sim';
import { agentAclRules, serviceAclRules } from '@dpf/queue';
import { startRedis, type RedisProcess } from '@dpf/queue/testing';
import { Agents } from './agents.ts';
import type { ControlPlane, ControlPlaneProvider } from './control-plane.ts';
import { startControlPlanes } from './control-planes.ts';
import { EMBEDDED } from './embedded.ts';
import { Hardware } from './hardware.ts';
import { kubectlFor, type Kubectl } from './kubectl.ts';
import { startServices, type Services } from './services.ts';
import { CONTROLLERS, newRunFolder } from './workspace.ts';

/** Path on the vendor's server of the image that the founding document names. */
export const BFB_PATH = 'BlueField/BFBs/Ubuntu22.04/bf-bundle-2.7.0-33_24.04_ubuntu-22.04_prod.bfb';
const REDIS_PREFIX = 'dpf';

export interface FleetOptions {
  /** The first host has two DPUs, the others one. */
  hosts?: number;
  /** Simulated hardware is so many times as fast as real hardware. */
  speed?: number;
  logLevel?: string;
  /** Default: the embedded API. */
  controlPlane?: ControlPlaneProvider<ControlPlane>;
  /** Told what is being started, for people who wait. */
  onStep?: (step: string) => void;
  /** Settings of dpu-controller beside those of every fleet. */
  dpuController?: Record<string, string>;
  /** How long an event that got lost has effect, in seconds. */
  watchSeconds?: number;
  /** Bytes of the generated image. */
  imageBytes?: number;
}

export interface Fleet {
  folder: string;
  hosts: string[];
  host: ControlPlane;
  tenant: ControlPlane;
  kubectl: Kubectl;
  redis: RedisProcess;
  hardware: Hardware;
  images: ImageServer;
  services: Services;
  agents: Agents;
  /** Stops everything, in order, and removes the run's folder unless `keep`. */
  stop(options?: { keep?: boolean }): Promise<void>;
}

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const {
    hosts: count = 4,
    speed = 60,
    logLevel = 'info',
    controlPlane = EMBEDDED,
    onStep = () => undefined,
    imageBytes = 8 << 20,
    dpuController = {},
  } = options;
  const folder = newRunFolder();
  mkdirSync(join(folder, 'bfb-volume'), { recursive: true });
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async ({ keep = false } = {}) => {
    for (const step of undo.splice(0).reverse()) await step();
    if (!keep) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const hosts = Array.from({ length: count }, (_, i) => `worker-${i + 1}`);
    const pki = await createPki();

    onStep('Redis, with TLS and a user per service');
    const password = (user: string) => `${user}-of-this-run`;
    const redis = await startRedis({
      tls: await pki.server(['localhost', '127.0.0.1']),
      users: [
        ...CONTROLLERS.map((name) => ({ name, password: password(name), rules: serviceAclRules(REDIS_PREFIX) })),
        { name: 'dms-agent', password: password('dms-agent'), rules: agentAclRules(REDIS_PREFIX) },
      ],
    });
    undo.push(() => redis.close());
    const redisEnv = (user: string) => ({
      REDIS_URL: redis.urlFor(user, password(user)),
      REDIS_CA_FILE: join(folder, 'agent-api-ca.crt'),
      REDIS_PREFIX,
    });

    onStep('the Kubernetes APIs of the host cluster and of a tenant');
    const { host, tenant } = await startControlPlanes<ControlPlane>(controlPlane, folder, hosts);
    undo.push(() => Promise.all([host.close(), tenant.close()]));
    const kubectl = await kubectlFor(host.kubeconfig);

    onStep(`${count} simulated hosts, at ${speed} times the speed of real ones`);
    const hardware = new Hardware({ folder, hosts: count, speed });
    undo.push(() => hardware.stop());
    const images = await serveImages({ [BFB_PATH]: generateBfb({ version: '2.7.0-33', bytes: imageBytes }) });
    undo.push(() => images.close());

    onStep('the services');
    const services = await startServices({
      folder,
      pki,
      plane: host,
      redis: redisEnv,
      imageServer: `${images.url}/`,
      logLevel,
      dpuController,
      ...(options.watchSeconds !== undefined && { watchSeconds: options.watchSeconds }),
    });
    undo.push(() => services.stop());
    await hardware.start((event) => (event.event === 'host-down' ? void agents.hostDown(event.host) : agents.hostUp(event.host)));
    const agents: Agents = new Agents({
      hosts: await hardware.views(),
      folder,
      plane: host,
      env: {
        ...redisEnv('dms-agent'),
        LOG_LEVEL: logLevel,
        PROBES_HOST: '127.0.0.1',
        PROBES_PORT: '0',
        AGENT_API_URL: services.agentApiUrl,
        AGENT_API_CA_FILE: services.agentApiCaFile,
        BFB_VOLUME: services.bfbVolume,
        LOG_POLL_MS: '200',
        // What the agent allows real hardware, at the speed of the simulated one.
        READY_GRACE_SECONDS: String(Math.max(2, Math.round(90 / speed))),
        RESET_LANDING_SECONDS: String(Math.max(8, Math.round(600 / speed))),
        ARM_OFF_SECONDS: String(Math.max(4, Math.round(150 / speed))),
      },
    });
    undo.push(() => agents.stop());
    await agents.start();
    return { folder, hosts, host, tenant, kubectl, redis, hardware, images, services, agents, stop };
  } catch (error) {
    await stop({ keep: true });
    throw error;
  }
}
