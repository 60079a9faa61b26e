/** The embedded API server: it starts at once and everywhere, and enforces no roles. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, CORE } from '@dpf/kube';
import { startKubeSim, type KubeSim } from '@dpf/kube-sim';
import { accountOf } from './accounts.ts';
import { NAMESPACE, registerHost, type ControlPlane, type ControlPlaneProvider } from './control-plane.ts';
import { CRDS, SERVICES } from './workspace.ts';

export interface EmbeddedControlPlane extends ControlPlane {
  api: KubeSim;
  auditLog: string;
}

export const EMBEDDED: ControlPlaneProvider<EmbeddedControlPlane> = {
  async start(folder, role) {
    const auditLog = join(folder, `${role}-audit.jsonl`);
    const api = await startKubeSim({ crds: role === 'host' ? [CRDS] : [], auditLog });
    const kubeconfig = join(folder, `${role}.kubeconfig`);
    writeFileSync(kubeconfig, api.kubeconfig, { mode: 0o600 });
    const cluster = await connect({ kubeconfigFile: kubeconfig, userAgent: 'dpf-e2e' });
    return {
      api,
      cluster,
      kubeconfig,
      auditLog,
      faults: api.faults,
      close: async () => {
        await cluster.close();
        await api.close();
      },
    };
  },
  async grantAccess({ cluster }) {
    const accounts = cluster.resource(CORE.ServiceAccount);
    await Promise.all(SERVICES.map((name) => accounts.create({ metadata: { name: accountOf(name), namespace: NAMESPACE } })));
  },
  joinHost: ({ cluster }, name, address) => registerHost(cluster, name, address),
};
