/** The life of a service process: configuration, logs, probes, start, and an ordered stop on SIGTERM or SIGINT. */
import { ConfigError, env, readConfig, type Reader, type Settings } from './config.ts';
import { createLogger, type Logger } from './log.ts';
import { createProbes, EVERY_ADDRESS, type Probes } from './probes.ts';
import { VERSION } from './version.ts';

export interface ServiceContext<C> {
  readonly config: C;
  readonly log: Logger;
  readonly probes: Probes;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
  /** Registers a step of the stop; steps run one after the other, the last registered first. */
  onStop(name: string, step: () => Promise<unknown> | unknown): void;
  /** Ends the process with exit code 1, after the ordered stop: for what only a restart can cure. */
  fail(error: Error): void;
}

export interface ServiceDefinition<S extends Record<string, readonly [string, Reader<unknown>]>> {
  name: string;
  config: S;
  start(context: ServiceContext<Settings<S>>): Promise<void>;
}

const COMMON = {
  logLevel: ['LOG_LEVEL', env.choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'info')],
  /** Not set: every address. */
  probesHost: ['PROBES_HOST', env.text(EVERY_ADDRESS)],
  probesPort: ['PROBES_PORT', env.integer({ min: 0, max: 65535, default: 8080 })],
  stopSeconds: ['STOP_SECONDS', env.integer({ min: 1, max: 600, default: 25 })],
} as const satisfies Record<string, readonly [string, Reader<unknown>]>;

/** Runs a service until it is asked to stop. Never rejects: a failure to start is logged and ends the process with exit code 1 (2 for the configuration). */
export async function runService<const S extends Record<string, readonly [string, Reader<unknown>]>>(
  definition: ServiceDefinition<S>,
): Promise<void> {
  let config: Settings<S>;
  let common: Settings<typeof COMMON>;
  try {
    ({ config, common } = readBoth(definition.config));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${definition.name}: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const log = createLogger(definition.name, common.logLevel);
  log.info({ version: VERSION, config }, 'starting');
  const probes = createProbes(definition.name);
  const stopping = new AbortController();
  const steps: { name: string; step: () => Promise<unknown> | unknown }[] = [];
  let started = false;

  const stop = async (exitCode: number) => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    const overdue = setTimeout(() => {
      log.error({ seconds: common.stopSeconds }, 'the stop took too long, ending now');
      process.exit(exitCode || 1);
    }, common.stopSeconds * 1000);
    overdue.unref();
    for (const { name, step } of steps.reverse()) {
      try {
        await step();
      } catch (error) {
        log.error({ err: error, step: name }, 'a step of the stop failed');
      }
    }
    log.info('stopped');
    log.flush(() => process.exit(exitCode));
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));
  process.on('unhandledRejection', (error) => {
    log.fatal({ err: error }, 'unhandled rejection');
    void stop(1);
  });
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    void stop(1);
  });

  probes.readiness('started', () => (stopping.signal.aborted ? 'stopping' : started ? undefined : 'starting'));
  const context: ServiceContext<Settings<S>> = {
    config,
    log,
    probes,
    signal: stopping.signal,
    onStop: (name, step) => void steps.push({ name, step }),
    fail: (error) => {
      log.fatal({ err: error }, 'cannot go on');
      void stop(1);
    },
  };
  context.onStop('probes', () => probes.close());
  try {
    await probes.listen({ host: common.probesHost, port: common.probesPort });
    await definition.start(context);
    started = true;
    log.info('started');
  } catch (error) {
    log.fatal({ err: error }, 'cannot start');
    await stop(1);
  }
}

/** Reads the service's settings and the common ones, so that the problems of both are reported together. */
function readBoth<S extends Record<string, readonly [string, Reader<unknown>]>>(
  own: S,
): { config: Settings<S>; common: Settings<typeof COMMON> } {
  const both = readConfig({ ...own, ...COMMON }) as Settings<S> & Settings<typeof COMMON>;
  return { config: both, common: both };
}
