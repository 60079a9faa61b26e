#!/usr/bin/env node
/**
 * The one entry of `npm run demo | test | bench | check | setup`: sets up what is missing, then runs the task with the right Node.
 * It runs on whatever Node a machine has (20 or newer) and uses nothing but Node itself; everything else is set up by `setup.mjs`.
 */
import { spawn } from 'node:child_process';
import { setUp } from './setup.mjs';

const TASKS = {
  setup: () => [],
  demo: (args) => [['node', ['e2e/demo/main.ts', ...args]]],
  e2e: (args) => [['node', ['e2e/cluster/main.ts', ...args]]],
  'e2e:cluster': (args) => [['node', ['hack/cluster/main.ts', ...args]]],
  test: (args) => [
    ['node', ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', ...args]],
  ],
  bench: (args) => [['node', ['bench/main.ts', ...args]]],
  build: (args) => [['node', ['hack/build.ts', ...args]]],
  images: (args) => [['node', ['hack/images.ts', ...args]]],
  generate: () => [
    ['node', ['hack/generate-types.ts']],
    ['node', ['charts/generate.ts']],
    ['node', ['docs/generate.ts']],
  ],
  check: () => [
    ['node', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']],
    ['node', ['node_modules/eslint/bin/eslint.js', '.']],
    [
      'node',
      [
        'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
        '--config',
        '.dependency-cruiser.mjs',
        'libs',
        'services',
        'sim',
        'e2e',
        'bench',
        'hack',
        'bench',
        'charts',
        'docs',
      ],
    ],
    ['node', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']],
  ],
};

const [task, ...args] = process.argv.slice(2);
if (!TASKS[task]) {
  console.error(`usage: node hack/run.mjs ${Object.keys(TASKS).join('|')} [arguments]`);
  process.exit(2);
}
const env = await setUp({
  redis: task === 'demo' || task === 'bench' || task === 'test' || task === 'setup',
  controlPlane: task === 'test' || (task === 'setup' && args.includes('--control-plane')),
});
for (const [command, argv] of TASKS[task](args)) {
  const code = await new Promise((resolve) => {
    const child = spawn(command, argv, { stdio: 'inherit', env });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', (error) => (console.error(`cannot run ${command}: ${error.message}`), resolve(1)));
    child.on('exit', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  if (code !== 0) process.exit(code);
}
