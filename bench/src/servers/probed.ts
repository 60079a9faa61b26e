/** A Node process that can be asked how it is (probe.ts). */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WORKSPACE } from '../../../e2e/fleet/workspace.ts';
import type { Answers } from './probe.ts';

const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url));
/** After SIGTERM, SIGKILL follows in so many milliseconds. */
const GRACE_MS = 10_000;

export interface ProbedOptions {
  env?: Record<string, string>;
  /** File that its output is appended to. */
  log: string;
  /** Of Node, e.g. `--cpu-prof`. */
  flags?: readonly string[];
}

export class Probed {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #end: () => void;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  readonly #announced = Promise.withResolvers<unknown>();
  #asked = 0;
  #stopping = false;

  /** @param argv argv[0] is run by this Node, from the workspace */
  constructor(argv: readonly string[], { env = {}, log, flags = [] }: ProbedOptions) {
    mkdirSync(dirname(log), { recursive: true });
    this.#log = log;
    const { PATH = '', HOME = '' } = process.env;
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--expose-gc', ...flags, '--import', PROBE, ...argv], {
      cwd: WORKSPACE,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output = createWriteStream(log, { flags: 'a' });
    this.#child.stdout?.pipe(output, { end: false });
    this.#child.stderr?.pipe(output, { end: false });
    this.#child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    this.#waiting.set(0, (answer) => this.#announced.resolve(answer));
    this.#child.once('exit', () => this.#announced.reject(new Error(`the process that is measured ended; see ${log}`)));
    this.#announced.promise.catch(() => undefined);
    this.#child.once('exit', (code, signal) => {
      if (!this.#stopping)
        console.error(`${argv.join(' ')} ended by itself (${signal ?? code}):\n${readFileSync(log, 'utf8').slice(-2_000)}`);
    });
    this.#end = () => void this.#child.kill('SIGKILL');
    process.once('exit', this.#end);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the program says by itself, once it is there. @throws Error when it ends before it has */
  announced<T>(): Promise<T> {
    return this.#announced.promise as Promise<T>;
  }

  ask<Q extends keyof Answers>(question: Q): Promise<Answers[Q]> {
    return this.request<Answers[Q]>(question);
  }

  /** A question that the program itself answers. @throws Error when it ends before it has */
  async request<T>(question: string): Promise<T> {
    const id = ++this.#asked;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const ended = () => reject(new Error(`the process that is measured ended; see ${this.#log}`));
    if (this.#child.exitCode !== null) ended();
    this.#child.once('exit', ended);
    this.#waiting.set(id, resolve as (answer: unknown) => void);
    this.#child.send({ ask: question, id });
    return promise.finally(() => this.#child.off('exit', ended));
  }

  /** SIGTERM; SIGKILL when it takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    process.off('exit', this.#end);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const dead = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const overdue = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await dead;
    clearTimeout(overdue);
  }
}
