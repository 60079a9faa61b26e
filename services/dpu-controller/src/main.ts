/** dpu-controller: drives every Dpu through its phases, and serves the agents of the hosts. */
import { connectBacking, CONTROLLER_CONFIG } from '@dpf/controller';
import { createOperationSender } from '@dpf/queue';
import { runService, VERSION } from '@dpf/service';
import { CONFIG } from './config.ts';
import { createController } from './controller.ts';
import { startGateway } from './gateway/index.ts';
import { createMetrics } from './metrics.ts';
import { createTenantClusters } from './tenant/index.ts';

const NAME = 'dpu-controller';

await runService({
  name: NAME,
  config: { ...CONTROLLER_CONFIG, ...CONFIG },
  async start(context) {
    const { config, log, probes, onStop, signal } = context;
    const backing = await connectBacking(context, NAME);
    const { cluster, redis } = backing;

    const operations = createOperationSender(redis, { onError: (error) => log.warn({ err: error }, 'the delivery of operations') });
    onStop('operations', () => operations.close());
    const userAgent = `${NAME}/${VERSION}`;
    const { watchMs } = backing;
    const onRequest = backing.metrics.request;
    const tenants = createTenantClusters({ host: cluster, grants: config.tenantClusters, userAgent, onRequest, watchMs });
    onStop('tenant clusters', () => tenants.close());

    const controller = createController({
      cluster,
      queue: backing.workQueue('dpu'),
      dpusetQueue: backing.sender('dpuset'),
      bfbQueue: backing.sender('bfb'),
      operations,
      tenants,
      settings: config,
      concurrency: config.concurrency,
      log,
    });
    onStop('controller', () => controller.stop());
    probes.readiness('watch', () => (controller.hasSynced ? undefined : 'Dpus, flavors and Nodes were not listed yet'));
    const metrics = createMetrics(probes.registry, () => controller.dpus());
    await controller.start(signal);

    // Agents are answered only once the stores are filled: an empty one would say that their Dpus are gone.
    const gateway = await startGateway({
      cluster,
      host: config.agentHost,
      port: config.agentPort,
      certFile: config.agentCertFile,
      keyFile: config.agentKeyFile,
      audience: config.agentAudience,
      serviceAccount: config.agentServiceAccount,
      reconciler: controller.reconciler,
      log,
      onRequest: metrics.agentRequest,
    });
    onStop('agents’ endpoint', () => gateway.close());
    log.info({ port: gateway.port }, 'agents are served');
  },
});
