/** dpuset-controller: keeps a Dpu for every card that a DpuSet selects, and paces its rollouts. Any number of replicas. */
import { connectBacking, CONTROLLER_CONFIG } from '@dpf/controller';
import { runService } from '@dpf/service';
import { createController } from './controller.ts';
import { createSetMetrics } from './metrics.ts';

await runService({
  name: 'dpuset-controller',
  config: CONTROLLER_CONFIG,
  async start(context) {
    const { config, log, probes, onStop, signal } = context;
    const backing = await connectBacking(context, 'dpuset-controller');
    const controller = createController({
      cluster: backing.cluster,
      namespaces: config.namespaces,
      queue: backing.workQueue('dpuset'),
      bfbQueue: backing.sender('bfb'),
      metrics: createSetMetrics(probes.registry),
      log,
    });
    onStop('controller', () => controller.stop());
    probes.readiness('watch', () => (controller.hasSynced ? undefined : 'DpuSets and Nodes were not listed yet'));
    await controller.start(signal);
  },
});
