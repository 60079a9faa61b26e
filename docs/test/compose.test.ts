/** docker-compose.yml names images that the Dockerfile makes, volumes that it declares, and the services' own variables. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { DOCS } from './pages.ts';

interface Service {
  image: string;
  environment?: Record<string, string>;
  volumes?: string[];
}
const read = (path: string) => readFileSync(join(DOCS, '..', path), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service>; volumes: object };
const services = Object.entries(compose.services);

test('every image but Redis’ is a target of the Dockerfile, with the version of the package', () => {
  const targets = [...read('Dockerfile').matchAll(/^FROM base AS (\S+)$/gm)].map(([, target]) => target);
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const ours = services.filter(([name]) => name !== 'redis');
  expect(ours.map(([, { image }]) => image)).toEqual(
    ours.map(([name]) => `\${REGISTRY:-dpf-provisioning}/${targets.find((target) => name.startsWith(target ?? '-'))}:\${TAG:-${version}}`),
  );
});

test('every volume is declared, or a folder of the repository', () => {
  const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
  expect([...new Set(mounted.filter((name) => !name.startsWith('./')))].sort()).toEqual(Object.keys(compose.volumes).sort());
});

test('every variable is one that the service reads', () => {
  const sources: Record<string, string[]> = {
    simulator: ['sim/in-cluster/src/laptop.ts'],
    'dpuset-controller': [],
    'dpu-controller': ['services/dpu-controller/src/config.ts'],
    'bfb-downloader': ['services/bfb-downloader/src/config.ts'],
    'dms-agent-1': ['services/dms-agent/src/main.ts'],
    'dms-agent-2': ['services/dms-agent/src/main.ts'],
  };
  for (const [name, files] of Object.entries(sources)) {
    const text = ['libs/controller/src/backing.ts', 'libs/service/src/run.ts', ...files].map(read).join('');
    const unknown = Object.keys(compose.services[name]?.environment ?? {}).filter((variable) => !text.includes(`'${variable}`));
    expect({ name, unknown }).toEqual({ name, unknown: [] });
  }
});
