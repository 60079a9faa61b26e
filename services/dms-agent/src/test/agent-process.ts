/** The agent as a process of its own, as on a host. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FakeController } from './fake-controller.ts';

export interface AgentPlace {
  node: string;
  controller: FakeController;
  redisUrl: string;
  stateDir: string;
  volume: string;
  host: { root?: string; socket: string };
  toolPath: string;
  env?: Record<string, string>;
}

export class AgentProcess {
  readonly #place: AgentPlace;
  #child: ChildProcess | undefined;
  /** Everything that it wrote. */
  output = '';

  constructor(place: AgentPlace) {
    this.#place = place;
  }

  start(): this {
    const { node, controller, redisUrl, stateDir, volume, host, toolPath, env } = this.#place;
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        NODE_NAME: node,
        AGENT_API_URL: controller.url,
        AGENT_API_CA_FILE: controller.caFile,
        AGENT_TOKEN_FILE: controller.tokenFile,
        REDIS_URL: redisUrl,
        STATE_DIR: stateDir,
        BFB_VOLUME: volume,
        ...(host.root ? { HOST_ROOT: host.root } : { HOST_SOCKET: host.socket }),
        TOOL_PATH: `${toolPath}:${process.env['PATH']}`,
        LOG_POLL_MS: '20',
        HEARTBEAT_MS: '100',
        READY_GRACE_SECONDS: '30',
        PROBES_HOST: '127.0.0.1',
        PROBES_PORT: '0',
        LOG_LEVEL: 'debug',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#child = child;
    return this;
  }

  /** The pids of what it has started and what still runs. */
  children(): number[] {
    const pid = this.#child?.pid;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
