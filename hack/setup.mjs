/**
 * Set-up for a machine that has Node (20 or newer) and npm and nothing else: Node 24, pnpm, the packages, redis-server.
 * What is fetched is kept in a cache of the user's; what is there already is used. Plain Node, no dependency: nothing is installed yet.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dpf-provisioning');
const NODE = '24.21.0';
const NODE_MAJOR = 24;
const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PNPM = packageManager.split('@')[1];

const say = (text) => process.stderr.write(`set-up: ${text}\n`);
const has = (command, ...argv) => spawnSync(command, argv, { stdio: 'ignore' }).status === 0;

/** A failed step ends set-up with what to do by hand. */
function stop(problem, remedy) {
  console.error(`set-up: ${problem}\n        ${remedy}`);
  process.exit(1);
}

/** Installs one npm package into the cache, whole or not at all, and returns its folder. */
function fromNpm(name, version) {
  const folder = join(CACHE, `${name}-${version}`);
  if (existsSync(folder)) return join(folder, 'node_modules', name);
  say(`fetching ${name} ${version} from the npm registry`);
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    execFileSync('npm', ['install', '--silent', '--no-fund', '--no-audit', '--no-package-lock', '--prefix', draft, `${name}@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder))
      stop(
        `npm could not fetch ${name}@${version}: ${error.message}`,
        'Check that the npm registry can be reached (npm ping), then run the command again.',
      );
  }
  return join(folder, 'node_modules', name);
}

function ensureRedis() {
  if (has('redis-server', '--version')) return;
  const linuxRoot = platform() === 'linux' && process.getuid?.() === 0;
  if (linuxRoot && has('apt-get', '--version')) {
    say('installing redis-server with apt-get');
    const apt = (...argv) =>
      spawnSync('apt-get', argv, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    if (apt('install', '-y', '-qq', 'redis-server').status !== 0) {
      apt('update', '-qq');
      apt('install', '-y', '-qq', 'redis-server');
    }
  } else if (platform() === 'darwin' && has('brew', '--version')) {
    say('installing redis with brew');
    spawnSync('brew', ['install', '--quiet', 'redis'], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  if (!has('redis-server', '--version'))
    stop(
      'redis-server is missing (6.2 or newer is needed) and could not be installed here.',
      'Install it with your package manager, e.g. `sudo apt-get install redis-server` or `brew install redis`, then run the command again.',
    );
}

/** A digest of everything that decides what is installed: unchanged since the last time means nothing to do. */
const wanted = () =>
  createHash('sha256')
    .update(readFileSync(join(ROOT, 'pnpm-lock.yaml')))
    .update(readFileSync(join(ROOT, 'pnpm-workspace.yaml')))
    .update(NODE)
    .digest('hex');

function ensurePackages(env) {
  const stamp = join(ROOT, 'node_modules', '.dpf-setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return;
  const pnpm = join(fromNpm('pnpm', PNPM), 'bin', 'pnpm.cjs');
  say('installing the packages of the workspace');
  const run = spawnSync('node', [pnpm, 'install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  if (run.status !== 0) stop('pnpm install failed (see above).', 'Check that the npm registry can be reached, then run the command again.');
  writeFileSync(stamp, wanted());
}

/** Makes a real control plane available (built with Go once, if need be); without one a line says what is skipped. */
function ensureControlPlane(env) {
  const run = spawnSync('node', [join(ROOT, 'hack/control-plane/main.ts'), '--assets'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env,
  });
  if (run.status !== 0) stop('the programs of a control plane could not be found (see above).', 'Correct KUBEBUILDER_ASSETS, or unset it.');
  const folder = run.stdout.trim();
  if (folder) env.KUBEBUILDER_ASSETS = folder;
}

/**
 * Sets up what is missing and returns the environment to run tasks in (PATH starts with the right Node).
 * @param {{redis: boolean, controlPlane: boolean}} needs whether the task needs redis-server, and uses a real control plane
 */
export async function setUp({ redis, controlPlane }) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) stop(`Node ${process.versions.node} is too old.`, 'Install Node 20 or newer.');
  const bin = major >= NODE_MAJOR ? dirname(process.execPath) : join(fromNpm('node', NODE), 'bin');
  const env = {
    // Programs start from their sources, in tests hundreds of times: kept once compiled, a start takes half the processor time.
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'compiled'),
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
  };
  ensurePackages(env);
  if (redis) ensureRedis();
  if (controlPlane) ensureControlPlane(env);
  return env;
}
