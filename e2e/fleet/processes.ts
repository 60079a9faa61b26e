/** Child processes as a kubelet would run them: started, restarted when they end, killed on demand, their output in files. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that ends is started again after so many milliseconds. */
const RESTART_MS = 300;
/** After SIGTERM, SIGKILL follows in so many milliseconds. */
const GRACE_MS = 10_000;

/** Ends the child when this process does, however that happens. */
const LIFELINE = new URL('lifeline.ts', import.meta.url).href;

export interface ProcessSpec {
  name: string;
  /** argv[0] is run by this Node, e.g. `services/dms-agent/src/main.ts`. */
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  log: string;
}

export class ManagedProcess {
  readonly spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #wanted = false;
  #starts = 0;
  readonly #output: WriteStream;

  constructor(spec: ProcessSpec) {
    this.spec = spec;
    mkdirSync(dirname(spec.log), { recursive: true });
    this.#output = createWriteStream(spec.log, { flags: 'a' });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How often it was started. */
  get starts(): number {
    return this.#starts;
  }

  start(): void {
    this.#wanted = true;
    if (this.#child) return;
    this.#starts += 1;
    const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '', NODE_EXTRA_CA_CERTS } = process.env;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', LIFELINE, ...this.spec.argv], {
      cwd: this.spec.cwd,
      env: { PATH, HOME, NODE_COMPILE_CACHE, ...(NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS } : {}), ...this.spec.env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    // Whatever happens to the pipe, the child's own end tells of it.
    child.stdio[3]?.on('error', () => undefined);
    child.stdout?.pipe(this.#output, { end: false });
    child.stderr?.pipe(this.#output, { end: false });
    child.once('exit', (code, signal) => {
      this.#output.write(`-- ${this.spec.name} ended: ${signal ?? code}\n`);
      this.#child = undefined;
      if (this.#wanted) void delay(RESTART_MS, undefined, { ref: false }).then(() => this.#wanted && this.start());
    });
  }

  /** kill −9, as a crash: it comes back by itself. Resolves once it is dead. */
  async crash(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const dead = once(child, 'exit');
    child.kill('SIGKILL');
    await dead;
  }

  /** kill −9 for good (the host went down), until started again. */
  async down(): Promise<void> {
    this.#wanted = false;
    await this.crash();
  }

  /** SIGTERM for good; SIGKILL when it takes too long. */
  async stop(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (!child) return;
    const dead = once(child, 'exit');
    child.kill('SIGTERM');
    const overdue = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await dead;
    clearTimeout(overdue);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}
