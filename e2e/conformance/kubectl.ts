/** kubectl and helm as a case runs them: with standard input, in the background, and its end whatever it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { helmPath, kubectlPath } from '../../hack/kubectl.ts';

export interface Ended {
  exit: number;
  out: string;
  err: string;
}

export interface Tool {
  readonly ended: Promise<Ended>;
  /** What it has written so far. */
  out(): string;
  stop(): void;
}

/** Killed after 30 s. */
export async function startTool(name: 'kubectl' | 'helm', argv: readonly string[], env: Record<string, string>, stdin = ''): Promise<Tool> {
  const child = spawn(await (name === 'helm' ? helmPath() : kubectlPath()), argv, {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = once(child, 'close').then(([code]) => ({ exit: (code as number | null) ?? -1, out, err }));
  return { ended, out: () => out, stop: () => void child.kill() };
}

/** The words of a command line; those in single quotes stay together. */
export const words = (line: string): string[] => (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/s, '$1'));
