/** The child processes of one control plane and the folder they live in: none of it outlives the process that started them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program that does not end by SIGTERM within so long is killed. */
const GRACE_MS = 5_000;

export interface Running {
  readonly pid: number;
  /** How it ended, e.g. `exit code 1`; undefined while it runs. */
  ended(): string | undefined;
  /** The end of what it wrote. */
  log(): string;
  /** Ends it; resolves once it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export class Processes {
  readonly folder: string;
  readonly #guardian: ChildProcess;

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `dpf-control-plane-${name}-`));
    const script = fileURLToPath(new URL('guardian.ts', import.meta.url));
    // A process group of its own, here and below: Ctrl+C in a terminal goes to the parent alone, which stops things in order.
    this.#guardian = spawn(process.execPath, [script, this.folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#guardian.unref();
    this.#guardian.stdin?.on('error', () => undefined);
  }

  /** Writes a file that only this user can read, and returns its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** @param memory soft limit of the Go heap, e.g. `512MiB` */
  start(program: string, flags: Record<string, string>, memory: string): Running {
    const path = join(this.folder, `${basename(program)}.log`);
    const log = openSync(path, 'a', 0o600);
    const child = spawn(
      program,
      Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      { cwd: this.folder, stdio: ['ignore', log, log], detached: true, env: { PATH: process.env['PATH'], GOMEMLIMIT: memory } },
    );
    closeSync(log);
    let end: string | undefined;
    const gone = new Promise<void>((resolve) => {
      child.once('error', (error) => ((end = error.message), resolve()));
      child.once('exit', (code, signal) => {
        end = signal ?? `exit code ${code}`;
        this.#guardian.stdin?.write(`-${child.pid}\n`);
        resolve();
      });
    });
    if (child.pid !== undefined) this.#guardian.stdin?.write(`+${child.pid}\n`);
    return {
      pid: child.pid ?? 0,
      ended: () => end,
      log: () => readFileSync(path, 'utf8').slice(-2_000),
      stop: async (signal = 'SIGTERM') => {
        if (end !== undefined) return;
        child.kill(signal);
        const overdue = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
        await gone;
        clearTimeout(overdue);
      },
    };
  }

  /** Removes the folder; whatever still runs is killed. */
  async close(): Promise<void> {
    if (this.#guardian.exitCode !== null || this.#guardian.signalCode !== null) return;
    this.#guardian.ref();
    const gone = once(this.#guardian, 'exit');
    this.#guardian.stdin?.end();
    await gone;
  }
}
