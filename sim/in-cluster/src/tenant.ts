/** A tenant cluster: an API server for the DPUs' nodes, and in the host cluster the Secret that Kamaji makes for it. */
import type { KubeObject } from '@dpf/api';
import { connect, CORE } from '@dpf/kube';
import { startKubeSim } from '@dpf/kube-sim';
import { env, runService } from '@dpf/service';

type Secret = KubeObject & { stringData?: Record<string, string> };

export const run = (): Promise<void> =>
  runService({
    name: 'simulator-tenant',
    config: {
      kubeconfig: ['KUBECONFIG', env.optional()],
      cluster: ['CLUSTER_NAME', env.text()],
      namespace: ['CLUSTER_NAMESPACE', env.text()],
      url: ['ADVERTISED_URL', env.url(['https:'])],
      port: ['PORT', env.integer({ min: 0, max: 65535, default: 6443 })],
      dataDir: ['DATA_DIR', env.text()],
    },
    async start({ config, log, onStop }) {
      const api = await startKubeSim({ host: '0.0.0.0', port: config.port, advertisedUrl: config.url, dataDir: config.dataDir });
      onStop('tenant API', () => api.close());
      const host = await connect({ ...(config.kubeconfig && { kubeconfigFile: config.kubeconfig }), userAgent: 'simulator-tenant' });
      onStop('host API', () => host.close());
      const metadata = { namespace: config.namespace, name: `${config.cluster}-admin-kubeconfig` };
      const stringData = { 'admin.conf': api.kubeconfig };
      await host.resource<Secret>(CORE.Secret).apply({ metadata, stringData }, { fieldManager: 'simulator-tenant' });
      log.info({ secret: metadata, url: config.url }, 'the tenant cluster can be used');
    },
  });
