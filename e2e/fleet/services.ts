/** The three controllers as processes, configured as the chart would. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Pki } from '@dpf/kube-sim';
import { kubeconfigOf } from './accounts.ts';
import { AGENT_ACCOUNT, AGENT_AUDIENCE } from './agents.ts';
import { NAMESPACE, TENANT, type ControlPlane } from './control-plane.ts';
import { ManagedProcess } from './processes.ts';
import { CONTROLLERS, WORKSPACE, type Controller } from './workspace.ts';

export interface ServicesOptions {
  folder: string;
  pki: Pki;
  plane: ControlPlane;
  redis: (user: Controller) => Record<string, string>;
  /** Where the vendor's image server is found instead. */
  imageServer: string;
  logLevel: string;
  /** How long an event that got lost has effect, in seconds. */
  watchSeconds?: number;
  /** More for dpu-controller. */
  dpuController?: Record<string, string>;
}

export interface Services {
  byName: Record<Controller, ManagedProcess>;
  agentApiUrl: string;
  agentApiCaFile: string;
  bfbVolume: string;
  stop(): Promise<void>;
}

export async function startServices(options: ServicesOptions): Promise<Services> {
  const { folder, pki } = options;
  const bfbVolume = join(folder, 'bfb-volume');
  const { certPem, keyPem } = await pki.server(['localhost', '127.0.0.1']);
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const agentApiCaFile = file('agent-api-ca.crt', pki.caPem);
  const port = await freePort();
  const common = {
    LOG_LEVEL: options.logLevel,
    PROBES_HOST: '127.0.0.1',
    PROBES_PORT: '0',
    WATCH_NAMESPACES: NAMESPACE,
    ...(options.watchSeconds !== undefined && { WATCH_SECONDS: String(options.watchSeconds) }),
  };
  const environment: Record<Controller, Record<string, string>> = {
    'dpuset-controller': {},
    'dpu-controller': {
      AGENT_API_HOST: '127.0.0.1',
      AGENT_API_PORT: String(port),
      AGENT_API_CERT_FILE: file('agent-api.crt', certPem),
      AGENT_API_KEY_FILE: file('agent-api.key', keyPem),
      AGENT_API_AUDIENCE: AGENT_AUDIENCE,
      AGENT_SERVICE_ACCOUNT: `${NAMESPACE}/${AGENT_ACCOUNT}`,
      TENANT_CLUSTERS: JSON.stringify([{ namespace: TENANT.namespace, usableFrom: [NAMESPACE] }]),
      DISCOVERY: 'agent',
      ...options.dpuController,
    },
    'bfb-downloader': {
      BFB_VOLUME: bfbVolume,
      URL_REWRITES: JSON.stringify([{ from: 'https://content.mellanox.com/', to: options.imageServer }]),
    },
  };
  const start = async (name: Controller): Promise<ManagedProcess> => {
    const service = new ManagedProcess({
      name,
      argv: [`services/${name}/src/main.ts`],
      cwd: WORKSPACE,
      env: { ...common, KUBECONFIG: await kubeconfigOf(options.plane, name, folder), ...options.redis(name), ...environment[name] },
      log: join(folder, 'logs', `${name}.log`),
    });
    service.start();
    return service;
  };
  const started = await Promise.all(CONTROLLERS.map(async (name) => [name, await start(name)] as const));
  const byName = Object.fromEntries(started) as Services['byName'];
  return {
    byName,
    agentApiUrl: `https://127.0.0.1:${port}`,
    agentApiCaFile,
    bfbVolume,
    stop: async () => void (await Promise.all(Object.values(byName).map((service) => service.stop()))),
  };
}

/** A port that is free now; the service that is to listen there must keep its address over restarts. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
