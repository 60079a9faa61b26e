/** kubectl and helm as a case runs them: with standard input, in the background, and its end whatever it is. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { helmPath, kubectlPath } from '../../hack/kubectl.ts';

export interface Ended {
  exit: number;
  out: string;
  err: string;
}

/** Runs it to its end; killed after 30 s. */
export async function runTool(tool: 'kubectl' | 'helm', argv: readonly string[], env: Record<string, string>, stdin = ''): Promise<Ended> {
  const child = spawn(await (tool === 'helm' ? helmPath() : kubectlPath()), argv, {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const ended = new Promise<number>((resolve, reject) => child.on('error', reject).on('exit', (code) => resolve(code ?? -1)));
  const [out, err, exit] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exit, out, err };
}

/** The words of a command line; those in single quotes stay together. */
export const words = (line: string): string[] => (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/s, '$1'));
