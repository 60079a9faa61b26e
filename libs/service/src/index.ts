/** What every service process shares: configuration, logs, probes and metrics, start and stop. */
export * from './config.ts';
export * from './log.ts';
export * from './probes.ts';
export * from './run.ts';
export * from './version.ts';
