import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** The dependency law (ARCHITECTURE.md): who may import what, each with its reason. */
const forbid = (files, ignores, groups) => ({
  files,
  ignores: ['**/*.test.ts', '**/test/**', ...ignores],
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: groups.map(([group, message]) => ({ group, message })) }] },
});
const K8S = [['@kubernetes/client-node', '@kubernetes/client-node/*'], 'Only libs/kube talks to Kubernetes: use its port.'];
const REDIS = [['bullmq', 'ioredis'], 'Only libs/queue talks to Redis: use its port.'];
const SIM = [
  ['@dpf/kube-sim', '@dpf/kube-schema', '@dpf/kube-faults', '@dpf/dpu-sim', '@dpf/pki', '@dpf/control-plane', '**/sim/**', '**/hack/**'],
  'Nothing that is deployed imports a simulator or a development tool.',
];
const SERVICES = [
  ['@dpf/*-controller', '@dpf/bfb-downloader', '@dpf/dms-agent', '**/services/**'],
  'Services are deployed separately and never import one another.',
];
const PORTS = [['@dpf/kube', '@dpf/queue', '@dpf/service'], 'This zone is below the ports: it may import @dpf/api only.'];
const IO = [
  [
    'node:fs',
    'node:fs/*',
    'node:net',
    'node:http',
    'node:https',
    'node:child_process',
    'node:timers',
    'node:timers/*',
    'fastify',
    'got',
    '@dpf/kube',
    '@dpf/queue',
    '@dpf/service',
  ],
  'A pure zone imports types and other pure code only: no I/O, no clock.',
];

/** Pure zones: decisions apart from I/O. */
const PURE = [
  'services/*/src/decide/**',
  'services/*/src/lifecycle/**',
  'services/dpu-controller/src/host/**',
  'services/*/src/phases/**',
  'services/*/src/plan/**',
  'services/*/src/status/**',
  'services/*/src/**/{decide,plan,status,guards,deadlines}.ts',
  'libs/bfcfg/src/**',
  'sim/kube-schema/src/**',
];

export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/dist/**', '**/generated/**', 'coverage/**'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-console': 'off',
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'process.env and process control belong to libs/service, main.ts and tools.' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
    },
  },
  {
    files: [
      'libs/service/**',
      '**/main.ts',
      'sim/**',
      'e2e/**',
      'bench/**',
      'hack/**',
      'charts/**',
      '**/*.test.ts',
      '**/*.{js,mjs}',
      '**/test/**',
      'services/dms-agent/src/push/**',
    ],
    rules: { 'no-restricted-globals': 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
  {
    files: ['libs/api/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: 'libs/api is the vocabulary and imports nothing.' }] },
      ],
    },
  },
  forbid(['libs/kube/**/*.ts'], [], [REDIS, SIM, SERVICES, [['@dpf/queue', '@dpf/service'], 'libs/kube imports libs/api only.']]),
  forbid(['libs/queue/**/*.ts'], [], [K8S, SIM, SERVICES, [['@dpf/kube', '@dpf/service'], 'libs/queue imports libs/api only.']]),
  forbid(['libs/{service,bfb}/**/*.ts'], [], [K8S, REDIS, SIM, SERVICES, PORTS]),
  forbid(['libs/bfcfg/**/*.ts'], [], [K8S, REDIS, SIM, SERVICES, IO]),
  forbid(['services/**/*.ts'], PURE, [K8S, REDIS, SIM, [['@dpf/*-controller', '@dpf/bfb-downloader', '@dpf/dms-agent'], SERVICES[1]]]),
  forbid(
    PURE.filter((zone) => zone.startsWith('services')),
    [],
    [K8S, REDIS, SIM, IO],
  ),
  forbid(
    ['sim/**/*.ts'],
    // Puts the simulators together for a cluster.
    ['sim/in-cluster/**'],
    [K8S, REDIS, SERVICES, [['@dpf/kube-sim', '@dpf/dpu-sim', '@dpf/control-plane'], 'A simulator imports libs only.']],
  ),
  forbid(['sim/kube-schema/**/*.ts'], [], [K8S, REDIS, SERVICES, SIM, IO]),
  {
    files: PURE,
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'A pure zone is told the time.' },
        { object: 'Math', property: 'random', message: 'A pure zone is told its chances.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'A pure zone is told the time.' },
      ],
    },
  },
);
