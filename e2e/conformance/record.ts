/**
 * Records which kinds of requests our programs really make: `node e2e/conformance/record.ts` runs the demo, the contract suites and the stories
 * that speak to an API server, and writes recorded.json. Some minutes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(import.meta.dirname, 'recorded.json');
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const RUNS = [
  ['e2e/demo/main.ts', '--hosts', '2', '--speed', '60'],
  [
    ...JEST,
    'libs/kube/src/contract.test.ts',
    'sim/kube-sim/test/kubectl.test.ts',
    'sim/dpu-sim/src/kubelet',
    'services/dpuset-controller',
    'services/dpu-controller',
    'services/bfb-downloader',
    'services/uninstall',
    'e2e/stories/road.test.ts',
    'e2e/crds/kubectl.test.ts',
  ],
];

const folder = mkdtempSync(join(tmpdir(), 'dpf-record-'));
const env = {
  ...process.env,
  REQUEST_RECORD: folder,
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'recorder.ts')}`,
  // Real API servers are no process of ours: what is asked of the embedded one is recorded.
  KUBEBUILDER_ASSETS: '',
};
try {
  for (const argv of RUNS) {
    const { status } = spawnSync(process.execPath, argv, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status === 0) continue;
    process.exitCode = 1;
    console.error(`node ${argv.join(' ')} ended with ${status}: the list may lack what it did not come to`);
  }
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
  const clients = new Map<string, Set<string>>();
  for (const line of lines) {
    const [kind, client] = JSON.parse(line) as [string, string];
    clients.set(kind, (clients.get(kind) ?? new Set()).add(client));
  }
  const sorted = [...clients].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, names]) => [kind, [...names].sort()] as const);
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
  console.log(`${sorted.length} kinds of requests in ${FILE}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
