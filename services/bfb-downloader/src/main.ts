/** bfb-downloader: downloads, verifies, publishes and removes the images that Bfbs name. Any number of replicas share one volume. */
import { connectBacking, CONTROLLER_CONFIG } from '@dpf/controller';
import { runService } from '@dpf/service';
import { CONFIG } from './config.ts';
import { createDownloader } from './downloader.ts';

await runService({
  name: 'bfb-downloader',
  config: { ...CONTROLLER_CONFIG, ...CONFIG },
  async start(context) {
    const { config, log, probes, onStop, signal } = context;
    const backing = await connectBacking(context, 'bfb-downloader');
    const downloader = createDownloader({
      cluster: backing.cluster,
      namespaces: config.namespaces,
      queue: backing.workQueue('bfb'),
      downloads: backing.workQueue('bfb-download', { patient: true }),
      dpuQueue: backing.sender('dpu'),
      volume: config.volume,
      instance: config.instance,
      urlRewrites: config.urlRewrites,
      parallelDownloads: config.parallelDownloads,
      log,
    });
    onStop('downloader', () => downloader.stop());
    probes.readiness('watch', () => (downloader.hasSynced ? undefined : 'the Bfbs were not listed yet'));
    await downloader.start(signal);
  },
});
