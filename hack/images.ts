/**
 * Builds the images of all services with docker, podman or buildah, whichever is there: `npm run images`.
 * They are named <registry>/<service>:<tag>, as the chart expects them (values image.registry and image.tag).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const TARGETS = [...readFileSync(join(ROOT, 'Dockerfile'), 'utf8').matchAll(/^FROM base AS (\S+)$/gm)].map(
  ([, target]) => target as string,
);

interface Engine {
  build: string[];
  /** argv that writes an image into a docker archive. */
  save: (image: string, file: string) => string[];
  push: (image: string) => string[];
}

const save = (image: string, file: string) => ['save', '--output', file, image];
const push = (image: string) => ['push', image];
const ENGINES: Record<string, Engine> = {
  docker: { build: ['build'], save, push },
  podman: { build: ['build', '--format', 'docker'], save, push },
  buildah: {
    build: ['build', '--format', 'docker', '--layers'],
    save: (image, file) => ['push', image, `docker-archive:${file}:${image}`],
    push,
  },
};

interface Options {
  registry: string;
  tag: string;
  engine?: string;
  base?: string;
  pull: boolean;
  platform?: string;
  export?: string;
  push: boolean;
}

const program = new Command('npm run images --')
  .description('Builds an image per service. The bundles are made first.')
  .argument('[targets...]', `services to build (default: ${TARGETS.join(', ')})`)
  .option('--registry <name>', 'registry and path of the images', 'dpf-provisioning')
  .option('--tag <tag>', 'their tag', version)
  .addOption(new Option('--engine <name>', 'what builds (default: the first that is installed)').choices(Object.keys(ENGINES)))
  .option('--base <image>', 'image with Node 24 to build upon (default: node:24-bookworm-slim)')
  .option('--no-pull', 'never fetch the base image, use the local one')
  .option('--platform <platforms>', 'for instance linux/arm64; what the engine accepts')
  .option('--export <folder>', 'also write <service>.tar there, a docker archive per image')
  .option('--push', 'also push them to the registry', false)
  .parse();
const options = program.opts<Options>();
const targets = program.args.length > 0 ? program.args : TARGETS;
const unknown = targets.filter((target) => !TARGETS.includes(target));
if (unknown.length > 0) program.error(`no such service: ${unknown.join(', ')} (there are ${TARGETS.join(', ')})`);

// `docker version` asks the daemon too: a client alone builds nothing.
const name =
  options.engine ?? Object.keys(ENGINES).find((candidate) => spawnSync(candidate, ['version'], { stdio: 'ignore' }).status === 0);
if (!name) program.error('docker (with its daemon), podman or buildah is needed to build images, and none works here; install one of them');
const engine = ENGINES[name as string] as Engine;
const run = (command: string, argv: string[]) => execFileSync(command, argv, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });

run(process.execPath, [join(ROOT, 'hack/build.ts'), ...targets]);
const revision = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).stdout?.trim() || 'unknown';
const folder = options.export === undefined ? undefined : resolve(options.export);
if (folder) mkdirSync(folder, { recursive: true });
for (const target of targets) {
  const image = `${options.registry}/${target}:${options.tag}`;
  const args = { VERSION: version, REVISION: revision, ...(options.base && { NODE_IMAGE: options.base }) };
  run(name as string, [
    ...engine.build,
    '--target',
    target,
    '--tag',
    image,
    ...Object.entries(args).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
    ...(options.pull || name === 'docker' ? [] : ['--pull=never']),
    ...(options.platform ? ['--platform', options.platform] : []),
    '.',
  ]);
  if (folder) {
    const file = join(folder, `${target}.tar`);
    // An archive is never added to: an engine that finds one there refuses or appends.
    if (existsSync(file)) rmSync(file);
    run(name as string, engine.save(image, file));
    console.log(`${file}  ${(statSync(file).size / 2 ** 20).toFixed(0)} MiB`);
  }
  if (options.push) run(name as string, engine.push(image));
  console.log(image);
}
