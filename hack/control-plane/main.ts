/** The control planes as a command: `node hack/control-plane/main.ts --hold`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { controlPlaneAssets, knownAssets, startControlPlane, type ControlPlane } from './src/index.ts';

const HELP = `Usage: node hack/control-plane/main.ts [options]

Starts two real Kubernetes control planes on loopback (etcd, kube-apiserver, kube-controller-manager), host and tenant, and
prints the paths of their kubeconfigs. The programs come from KUBEBUILDER_ASSETS, else from an earlier build, else from a
build with Go (about 5 minutes, once).

  --hold    keep them until Ctrl+C (else: stop once both answered)
  --assets  only make the programs available, and print their folder
  --help    this text
`;

const { values } = parseArgs({ options: { hold: { type: 'boolean' }, assets: { type: 'boolean' }, help: { type: 'boolean' } } });

try {
  if (values.help) process.stdout.write(HELP);
  else if (values.assets) await printAssets();
  else await run(values.hold ?? false);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

/** The folder on stdout, what is missing on stderr. */
async function printAssets(): Promise<void> {
  const assets = await controlPlaneAssets();
  if ('folder' in assets) console.log(assets.folder);
  const all = 'folder' in assets ? knownAssets('all') : assets;
  if ('skip' in all) console.error(all.skip);
}

async function run(hold: boolean): Promise<void> {
  const assets = await controlPlaneAssets();
  if ('skip' in assets) {
    console.error(assets.skip);
    process.exitCode = 1;
    return;
  }
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const began = Date.now();
  const starting = await Promise.allSettled(['host', 'tenant'].map((name) => startControlPlane({ assets: assets.folder, name })));
  const planes = starting.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  try {
    for (const start of starting) if (start.status === 'rejected') throw start.reason;
    console.log(`both control planes answer after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    for (const plane of planes) describe(plane);
    if (!hold) return;
    console.log('Ctrl+C stops them.');
    // A promise alone keeps no process alive.
    const alive = setInterval(() => undefined, 60_000);
    await stopAsked;
    clearInterval(alive);
  } finally {
    await Promise.all(planes.map((plane) => plane.stop()));
  }
}

function describe({ name, url, folder, adminKubeconfig, auditLog }: ControlPlane): void {
  const kubeconfig = join(folder, 'admin.conf');
  writeFileSync(kubeconfig, adminKubeconfig, { mode: 0o600 });
  console.log(`${name}: ${url}\n  export KUBECONFIG=${kubeconfig}\n  audit log: ${auditLog}`);
}
