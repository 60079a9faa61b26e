/** The vendor's image server: a generated BFB at every path that it is asked to have one at. */
import { generateBfb, serveImages } from '@dpf/dpu-sim';
import { env, runService } from '@dpf/service';

/** `…/bf-bundle-2.7.0-33_24.04_ubuntu-22.04_prod.bfb` is an image of DOCA 2.7.0-33. */
const VERSION = /bf-bundle-(\d+\.\d+\.\d+(?:-\d+)?)/;

export const run = (): Promise<void> =>
  runService({
    name: 'simulator-images',
    config: {
      paths: ['IMAGE_PATHS', env.list()],
      bytes: ['IMAGE_BYTES', env.integer({ min: 4096, default: 8 << 20 })],
      port: ['PORT', env.integer({ min: 0, max: 65535, default: 8081 })],
    },
    async start({ config, onStop }) {
      const images = config.paths.map((path, seed) => {
        const version = VERSION.exec(path)?.[1];
        return [path, generateBfb({ bytes: config.bytes, seed, ...(version !== undefined && { version }) })] as const;
      });
      const server = await serveImages(Object.fromEntries(images), config.port, '0.0.0.0');
      onStop('server', () => server.close());
    },
  });
