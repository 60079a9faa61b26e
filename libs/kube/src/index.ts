export * from './api-error.ts';
export * from './cluster.ts';
export * from './core.ts';
export * from './kubeconfig-error.ts';
export * from './learning.ts';
export type { ClusterOptions, Problem, RequestEvent, Tuning, Verb } from './options.ts';
export * from './ports.ts';
export * from './resource-version.ts';
export * from './selectors.ts';
