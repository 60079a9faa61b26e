/** A real control plane: the services have the roles of the chart and no others, Nodes must renew their Leases. */
import { writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startControlPlane, type ControlPlane as RunningControlPlane } from '@dpf/control-plane';
import type { KubeObject } from '@dpf/api';
import { connect, CORE } from '@dpf/kube';
import { helmPath } from '../../hack/kubectl.ts';
import { proxyTo } from './faults.ts';
import { NAMESPACE, registerHost, TENANT, type ControlPlane, type ControlPlaneProvider } from './control-plane.ts';
import { kubectlFor } from './kubectl.ts';
import { CHART, CRD_FILES } from './workspace.ts';

export interface RealControlPlane extends ControlPlane {
  api: RunningControlPlane;
  auditLog: string;
  /** Renewals of the hosts' Leases: ended by close. */
  kubelets: NodeJS.Timeout[];
}

/** Kubernetes' own rhythm; a Node that is silent for 50 s is not Ready. */
const RENEW_MS = 10_000;
const GRACE_SECONDS = 40;

interface Lease extends KubeObject {
  spec: { holderIdentity: string; leaseDurationSeconds: number; renewTime: string };
}

const run = promisify(execFile);

/** @param assets folder with the programs of a control plane @param options `faults`: the services reach them through proxies that misbehave on demand */
export const realControlPlanes = (assets: string, { faults = false } = {}): ControlPlaneProvider<RealControlPlane> => ({
  async start(folder, role) {
    const api = await startControlPlane({ assets, name: role });
    const proxy = faults ? await proxyTo(api) : undefined;
    const kubeconfig = join(folder, `${role}.kubeconfig`);
    writeFileSync(kubeconfig, api.adminKubeconfig, { mode: 0o600 });
    if (role === 'host') {
      const kubectl = await kubectlFor(kubeconfig);
      const files = CRD_FILES.flatMap((file) => ['-f', file]);
      await kubectl('create', ...files);
      await kubectl('wait', '--for=condition=Established', '--timeout=30s', ...files);
    }
    const cluster = await connect({ kubeconfigFile: kubeconfig, userAgent: 'dpf-e2e' });
    const kubelets: NodeJS.Timeout[] = [];
    return {
      api,
      cluster,
      kubeconfig,
      kubelets,
      auditLog: api.auditLog,
      ...(proxy && { faults: proxy.faults, servicesUrl: proxy.url }),
      close: async () => {
        kubelets.splice(0).forEach(clearInterval);
        await cluster.close();
        await proxy?.close();
        await api.stop();
      },
    };
  },

  async grantAccess({ kubeconfig, api }) {
    const tenants = JSON.stringify([{ namespace: TENANT.namespace, usableFrom: [NAMESPACE] }]);
    const { stdout: roles } = await run(await helmPath(), [
      ...['template', 'dpf-provisioning', CHART, '--namespace', NAMESPACE, '--show-only', 'templates/rbac/*.yaml'],
      ...['--set-json', `tenantClusters=${tenants}`],
    ]);
    const file = join(api.folder, 'roles.yaml');
    writeFileSync(file, roles);
    await (
      await kubectlFor(kubeconfig)
    )('apply', '-f', file);
  },

  async joinHost({ cluster, kubelets }, name, address) {
    await registerHost(cluster, name, address);
    const leases = cluster.resource<Lease>(CORE.Lease);
    const key = { namespace: 'kube-node-lease', name };
    const spec = () => ({ holderIdentity: name, leaseDurationSeconds: GRACE_SECONDS, renewTime: microTime() });
    await leases.create({ metadata: key, spec: spec() });
    // A renewal that fails is followed by the next one in time.
    kubelets.push(setInterval(() => void leases.patch(key, { spec: spec() }).catch(() => undefined), RENEW_MS));
  },
});

/** RFC 3339 with microseconds, as the API server asks for in a Lease. */
const microTime = () => new Date().toISOString().replace('Z', '000Z');
