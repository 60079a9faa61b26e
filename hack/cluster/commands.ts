/** Child processes that end with us: each leads a group of its own, which is ended as a whole. */
import { spawn } from 'node:child_process';

/** After SIGTERM, SIGKILL follows. */
const GRACE_MS = 20_000;

export interface CommandOptions {
  env?: Record<string, string>;
  /** False: what it prints is shown only when it fails. */
  show?: boolean;
}

/** Runs commands until the signal is aborted: then whatever runs is ended, and nothing more is begun. */
export class Commands {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** @returns what it printed. @throws Error with the end of what it printed, or the reason of the abort */
  async run(program: string, argv: readonly string[], { env = {}, show = false }: CommandOptions = {}): Promise<string> {
    const signal = this.#signal;
    signal.throwIfAborted();
    const child = spawn(program, argv, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => {
        printed += text.toString();
        if (show) process.stdout.write(text);
      });
    let overdue: NodeJS.Timeout | undefined;
    const end = () => {
      endGroup(child.pid, 'SIGTERM');
      overdue = setTimeout(() => endGroup(child.pid, 'SIGKILL'), GRACE_MS);
    };
    signal.addEventListener('abort', end);
    try {
      const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
      signal.throwIfAborted();
      if (code !== 0) throw new CommandFailed(`${program} ${argv.join(' ')} ended with ${code}`, printed);
      return printed.trim();
    } finally {
      signal.removeEventListener('abort', end);
      clearTimeout(overdue);
    }
  }
}

export class CommandFailed extends Error {
  readonly printed: string;
  constructor(message: string, printed: string) {
    super(`${message}: ${printed.trim().split('\n').slice(-5).join('\n')}`);
    this.printed = printed;
  }
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}
