/** What every controller process is wired to: its cluster, Redis, and what both tell about themselves in logs, metrics and probes. */
export * from './backing.ts';
export * from './metrics.ts';
