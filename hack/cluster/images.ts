/**
 * The images of an e2e, without any registry: buildah builds them upon a base of Debian packages and the Node that runs this, which stands in for
 * node:24-bookworm-slim. Base and Redis are kept by buildah and made once.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Commands } from './commands.ts';

const SUITE = 'bookworm';
const BASE = `localhost/dpf-base:${SUITE}-node-${process.versions.node}`;
const REDIS = { registry: 'localhost', repository: 'dpf-redis', tag: SUITE };
const REDIS_IMAGE = `${REDIS.registry}/${REDIS.repository}:${REDIS.tag}`;
/** No user namespaces or runc are needed to build. */
const ENV = { BUILDAH_ISOLATION: 'chroot', DEBIAN_FRONTEND: 'noninteractive' };
const PACKAGES = ['buildah', 'debootstrap'];

/** Tag of the images that an upgrade goes to. */
export const NEXT_TAG = 'next';

export interface Images {
  /** Of our own, as `registry/service:tag`. */
  names: string[];
  /** Docker archives of them and of Redis. */
  archives: string[];
  /** Values of the chart that name them. */
  values: Record<string, string>;
}

/** Builds all images and writes them into the folder. @throws Error that says why they cannot be built */
export async function buildImages(commands: Commands, root: string, folder: string): Promise<Images> {
  const missing: string[] = [];
  for (const name of PACKAGES) if (!(await succeeds(commands.run(name, ['--version'])))) missing.push(name);
  if (missing.length > 0) {
    const install = () => commands.run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env: ENV });
    if (!(await succeeds(install()))) {
      await commands.run('apt-get', ['update', '-qq'], { env: ENV });
      await install();
    }
  }
  if (!(await exists(commands, BASE))) await makeBase(commands);
  if (!(await exists(commands, REDIS_IMAGE)))
    await build(commands, REDIS_IMAGE, [
      `FROM ${BASE}`,
      'RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*',
    ]);
  const argv = [join(root, 'hack/images.ts'), '--engine', 'buildah', '--base', BASE, '--no-pull', '--export', folder];
  const built = await commands.run(process.execPath, argv, { env: ENV });
  const redis = join(folder, 'redis.tar');
  await commands.run('buildah', ['push', REDIS_IMAGE, `docker-archive:${redis}:${REDIS_IMAGE}`], { env: ENV });
  const found = (pattern: RegExp) => [...built.matchAll(pattern)].map(([, one]) => one as string);
  const archives = found(/^(\S+\.tar) {2}\d+ MiB$/gm);
  return {
    names: found(/^(dpf-provisioning\/\S+)$/gm),
    archives: [...archives, redis],
    values: Object.fromEntries(Object.entries(REDIS).map(([name, value]) => [`redis.image.${name}`, value])),
  };
}

/**
 * Other images of the same programs, under NEXT_TAG: an upgrade to them replaces every container.
 * @param names of the present ones
 * @returns docker archives
 */
export async function buildNextImages(commands: Commands, names: readonly string[], folder: string): Promise<string[]> {
  const archives: string[] = [];
  for (const name of names) {
    const next = name.replace(/[^:]+$/, NEXT_TAG);
    const archive = join(folder, `${basename(next)}.tar`.replace(':', '-'));
    await build(commands, next, [`FROM ${name}`, `LABEL org.opencontainers.image.version="${NEXT_TAG}"`]);
    await commands.run('buildah', ['push', next, `docker-archive:${archive}:${next}`], { env: ENV });
    archives.push(archive);
  }
  return archives;
}

async function makeBase(commands: Commands): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dpf-base-'));
  try {
    await commands.run('debootstrap', ['--variant=minbase', SUITE, folder], { env: ENV });
    rmSync(join(folder, 'var/cache/apt'), { recursive: true, force: true });
    mkdirSync(join(folder, 'var/cache/apt/archives/partial'), { recursive: true });
    copyFileSync(process.execPath, join(folder, 'usr/local/bin/node'));
    await build(
      commands,
      BASE,
      ['FROM scratch', 'COPY . /', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      folder,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function build(commands: Commands, image: string, dockerfile: string[], context?: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dpf-image-'));
  try {
    const file = join(folder, 'Dockerfile');
    writeFileSync(file, dockerfile.join('\n'));
    const argv = ['build', '--format', 'docker', '--pull=never', '--tag', image, '--file', file, context ?? folder];
    await commands.run('buildah', argv, { env: ENV });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const exists = (commands: Commands, image: string): Promise<boolean> =>
  succeeds(commands.run('buildah', ['inspect', '--type', 'image', image], { env: ENV }));

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );
