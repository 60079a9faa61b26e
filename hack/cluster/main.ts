/**
 * `npm run e2e:cluster`: makes images and a cluster, tells the stories of `npm run e2e` there, and removes the cluster. The cluster is made by the script
 * that E2E_CLUSTER names. Whatever happens, also kill -9, the cluster goes.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { CommandFailed, Commands } from './commands.ts';
import { buildImages, buildNextImages, NEXT_TAG } from './images.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Beside the project, where it is developed with such a script. */
const BESIDE = resolve(ROOT, '../shared/tools/cluster');
const NODES = 3;
/** On a new machine the programs of a cluster are built and Debian's packages are fetched. */
const PREPARE_MINUTES = 20;
const STORIES_MINUTES = 25;

const options = new Command('npm run e2e:cluster --')
  .description(`Tells the stories of npm run e2e on a cluster of ${NODES} nodes that is made for them.`)
  .option('--stories <names>', 'as of npm run e2e; default: all of them')
  .option('--output <file>', 'also write {"passed": N, "failed": N, "skipped": N} there')
  .parse()
  .opts<{ output?: string; stories?: string }>();

function finish(result: { passed: number; failed: number; skipped: number }): never {
  if (options.output !== undefined) writeFileSync(options.output, JSON.stringify(result));
  process.exit(result.failed === 0 ? 0 : 1);
}
function skip(because: string): never {
  console.log(`cluster e2e: skipped: ${because}`);
  finish({ passed: 0, failed: 0, skipped: 1 });
}

const script = process.env['E2E_CLUSTER'] || (existsSync(BESIDE) ? BESIDE : undefined);
if (script === undefined) skip('E2E_CLUSTER names no script that makes a cluster (CONTRIBUTING.md)');

const over = new AbortController();
class Ended extends Error {}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => over.abort(new Ended(`it was ended by ${signal}`)));
const commands = new Commands(over.signal);
const within = (minutes: number, what: string) =>
  setTimeout(() => over.abort(new Error(`${what} took more than ${minutes} minutes`)), minutes * 60_000);

const folder = mkdtempSync(join(tmpdir(), 'dpf-cluster-e2e-'));
let removeCluster = async (): Promise<void> => undefined;
let result = { passed: 0, failed: 1, skipped: 0 };
try {
  const preparing = within(PREPARE_MINUTES, 'preparing');
  const prepared = await prepare(script as string).catch((error: Error) => {
    if (error instanceof Ended) throw error;
    console.log(`cluster e2e: skipped: ${error.message}`);
    result = { passed: 0, failed: 0, skipped: 1 };
  });
  clearTimeout(preparing);
  if (prepared) {
    const telling = within(STORIES_MINUTES, 'the stories');
    result = await tell(prepared);
    clearTimeout(telling);
  }
} catch (error) {
  console.log(`cluster e2e: ${(error as Error).message}`);
} finally {
  await removeCluster();
  rmSync(folder, { recursive: true, force: true });
}
finish(result);

/** Images, a cluster, the images in it. @returns arguments of the stories. @throws Error that says why there is no cluster */
async function prepare(cluster: string): Promise<string[]> {
  const isUp = await commands.run(cluster, ['run', 'kubectl', 'get', '--raw', '/readyz']).then(
    () => true,
    () => false,
  );
  if (isUp) throw new Error('there is a cluster already, which is not ours to use');
  const seconds = stopwatch();
  const images = await buildImages(commands, ROOT, folder);
  const upgrades = options.stories?.split(',').includes('rollout') !== false;
  const archives = [...images.archives, ...(upgrades ? await buildNextImages(commands, images.names, folder) : [])];
  console.log(`cluster e2e: images built (${seconds()} s)`);
  removeCluster = guard(cluster);
  await commands.run(cluster, ['up', String(NODES)]);
  console.log(`cluster e2e: ${NODES} nodes Ready (${seconds()} s)`);
  await commands.run(cluster, ['load', ...archives]);
  for (const archive of archives) rmSync(archive);
  console.log(`cluster e2e: images loaded (${seconds()} s)`);
  const kubeconfig = await commands.run(cluster, ['run', 'sh', '-c', 'echo $KUBECONFIG']);
  const auditLog = join(dirname(kubeconfig), 'control/audit.log');
  const values = { ...images.values, 'bfbVolume.hostPath': join(folder, 'bfb') };
  return [
    ...['--kubeconfig', kubeconfig, '--node-off', `${cluster} stop-node {number}`, '--node-on', `${cluster} start-node {number}`],
    ...['--container-kill', `${cluster} node {number} ctr -n k8s.io task kill -s SIGKILL {container}`],
    ...['--node-look', `${cluster} node {number} find /var/lib -maxdepth 1 -name dpf-provisioning -o -name dpf-simulator`],
    ...(existsSync(auditLog) ? ['--audit-log', auditLog] : []),
    ...(upgrades ? ['--upgrade-tag', NEXT_TAG] : []),
    ...(options.stories === undefined ? [] : ['--stories', options.stories]),
    ...Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ];
}

async function tell(argv: string[]): Promise<typeof result> {
  const printed = await commands
    .run(process.execPath, [join(ROOT, 'e2e/cluster/main.ts'), ...argv], { show: true })
    .catch((error: unknown) => {
      if (error instanceof CommandFailed) return error.printed;
      throw error;
    });
  const [, passed, failed] = /^e2e: (\d+) passed, (\d+) failed$/m.exec(printed) ?? [];
  if (passed === undefined) throw new Error('the stories ended without a result');
  return { passed: Number(passed), failed: Number(failed), skipped: 0 };
}

/** A process beside us that removes the cluster once our end of its pipe closes: when we say so, or die. */
function guard(cluster: string): () => Promise<void> {
  const guardian = spawn('sh', ['-c', 'cat >/dev/null; exec "$0" down', cluster], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => guardian.on('exit', () => resolve()));
  return async () => {
    guardian.stdin.end();
    await ended;
  };
}

function stopwatch(): () => number {
  const began = performance.now();
  return () => Math.round((performance.now() - began) / 1000);
}
