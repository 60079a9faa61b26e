/** The API servers that are measured: the embedded one and a real one, each in processes of its own, with an audit log and counters of requests. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { controlPlaneAssets, startControlPlane } from '@dpf/control-plane';
import { connect, CORE } from '@dpf/kube';
import { accountOf } from '../../../e2e/fleet/accounts.ts';
import { readAudit } from '../../../e2e/fleet/audit.ts';
import { NAMESPACE, registerHost, type ControlPlane, type ControlPlaneProvider } from '../../../e2e/fleet/control-plane.ts';
import { kubectlFor } from '../../../e2e/fleet/kubectl.ts';
import { realControlPlanes, type RealControlPlane } from '../../../e2e/fleet/real.ts';
import { CRD_FILES, CRDS, SERVICES } from '../../../e2e/fleet/workspace.ts';
import { sum } from '../report/statistics.ts';
import { Probed } from './probed.ts';
import { processorSeconds } from './processor.ts';

/** Requests of one kind by one client. */
export interface RequestCount {
  verb: string;
  /** With its subresource: `dpus/status`. */
  resource: string;
  userAgent: string;
  count: number;
}

export interface Server extends ControlPlane {
  auditLog: string;
  /** All requests so far, refused ones too. */
  requests(): Promise<RequestCount[]>;
  /** The process, where it can be asked. */
  process?: Probed;
  /** Seconds of processor time that it took so far, with what it stores in. */
  cpuSeconds(): Promise<number>;
}

export type ServerProvider = ControlPlaneProvider<Server> & {
  readonly name: 'embedded' | 'real';
  /** The same with all its controllers, for simulated hosts and cards: they join by signed certificates and keep their Leases. */
  readonly whole: ControlPlaneProvider<ControlPlane>;
};

/** Clients that measure are told from services by this name. */
export const USER_AGENT = 'dpf-e2e/bench';

/** With the pool of connections that a service has. */
const admin = (kubeconfigFile: string) => connect({ kubeconfigFile, userAgent: USER_AGENT, tuning: { requestMs: 60_000 } });

const EMBEDDED_PROCESS: ControlPlaneProvider<Server> = {
  async start(folder, role) {
    const auditLog = join(folder, `${role}-audit.jsonl`);
    const main = fileURLToPath(new URL('kube-sim.ts', import.meta.url));
    const server = new Probed([main, auditLog, ...(role === 'host' ? [CRDS] : [])], { log: join(folder, 'logs', `kube-sim-${role}.log`) });
    const kubeconfig = join(folder, `${role}.kubeconfig`);
    writeFileSync(kubeconfig, await server.announced<string>(), { mode: 0o600 });
    const cluster = await admin(kubeconfig);
    return {
      cluster,
      kubeconfig,
      auditLog,
      process: server,
      requests: () => server.request('requests'),
      cpuSeconds: async () => processorSeconds(server.pid),
      close: async () => {
        await cluster.close();
        await server.stop();
      },
    };
  },
  async grantAccess({ cluster }) {
    const accounts = cluster.resource(CORE.ServiceAccount);
    await Promise.all(SERVICES.map((name) => accounts.create({ metadata: { name: accountOf(name), namespace: NAMESPACE } })));
  },
  joinHost: ({ cluster }, name, address) => registerHost(cluster, name, address),
};

/** The embedded API server. */
export const EMBEDDED_SERVERS: ServerProvider = { ...EMBEDDED_PROCESS, name: 'embedded', whole: EMBEDDED_PROCESS };

/**
 * etcd and kube-apiserver with the roles of the chart. No controller manager: hosts that renew no Lease stay Ready, and nobody else writes.
 * @param assets folder with the programs
 */
export function realServers(assets: string): ServerProvider {
  const whole = realControlPlanes(assets);
  return {
    name: 'real',
    whole,
    async start(folder, role) {
      const api = await startControlPlane({ assets, name: role, controllers: false });
      const kubeconfig = join(folder, `${role}.kubeconfig`);
      writeFileSync(kubeconfig, api.adminKubeconfig, { mode: 0o600 });
      if (role === 'host') {
        const kubectl = await kubectlFor(kubeconfig);
        const files = CRD_FILES.flatMap((file) => ['-f', file]);
        await kubectl('create', ...files);
        await kubectl('wait', '--for=condition=Established', '--timeout=60s', ...files);
      }
      const cluster = await admin(kubeconfig);
      const started: RealControlPlane & Server = {
        api,
        kubelets: [],
        cluster,
        kubeconfig,
        auditLog: api.auditLog,
        requests: () => requestsIn(api.auditLog),
        cpuSeconds: async () => sum(api.pids().map(processorSeconds)),
        close: async () => {
          await cluster.close();
          await api.stop();
        },
      };
      return started;
    },
    grantAccess: (host) => whole.grantAccess(host as RealControlPlane & Server),
    joinHost: ({ cluster }, name, address) => registerHost(cluster, name, address),
  };
}

/** Requests that an audit log holds, one by one. A real server's has all of them. */
export async function requestsIn(auditLog: string): Promise<RequestCount[]> {
  return (await readAudit(auditLog)).map(({ verb, objectRef, userAgent = '' }) => ({
    verb,
    resource: [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/'),
    userAgent,
    count: 1,
  }));
}

/** The servers asked for; of those that cannot be had a line says why. */
export async function serversOf(which: 'embedded' | 'real' | 'both', say: (line: string) => void): Promise<ServerProvider[]> {
  const embedded = which === 'real' ? [] : [EMBEDDED_SERVERS];
  if (which === 'embedded') return embedded;
  const found = await controlPlaneAssets(say);
  if ('folder' in found) return [...embedded, realServers(found.folder)];
  say(found.skip);
  return embedded;
}
