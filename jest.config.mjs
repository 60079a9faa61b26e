/** One project for the whole workspace: TypeScript sources are transformed by swc, packages are consumed as source (no build step). */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{libs,services,sim,e2e,bench,hack,charts,docs}/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  // Workspace packages live behind links whose real path is outside node_modules; everything really inside stays untouched.
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
  testSequencer: '<rootDir>/hack/longest-first.mjs',
  // More than the two cores of a small machine: files that run whole fleets wait more than they compute.
  maxWorkers: 3,
};
