/** Runs scripts of the card with a real bash, in the card's scratch root, with stub tools first on PATH. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Board } from './board.ts';

export interface BashRun {
  args: string[];
  stdin?: Buffer;
  /** Real milliseconds. */
  timeoutMs: number;
}
export interface BashResult {
  /** Exit code; 124 when it took too long. */
  code: number;
  stdout: string;
  stderr: string;
}

const OUTPUT_LIMIT = 64 * 1024;

/** Resolves when bash ended, by itself or by the time limit; rejects when the Arm was reset meanwhile (the whole process group is killed). */
export function runBash(card: Board, run: BashRun, signal: AbortSignal): Promise<BashResult> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const child = spawn('bash', run.args, { cwd: card.emmc, env: environment(card), detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        if (output[name].length < OUTPUT_LIMIT) output[name] += chunk.toString();
      });
    }
    let code: number | undefined;
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      code = 124;
      kill();
    }, run.timeoutMs);
    signal.addEventListener('abort', kill, { once: true });
    child.on('error', reject);
    child.on('close', (exit) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve({ code: code ?? exit ?? 1, ...output });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(run.stdin);
  });
}

/** Nothing of the simulator's own environment is passed on. */
const environment = (card: Board): Record<string, string> => ({
  PATH: `${join(card.world.stateDir, 'dpu-tools')}:/usr/local/bin:/usr/bin:/bin`,
  DPF_ROOT: card.emmc,
  HOME: card.emmc,
  LANG: 'C',
  DPF_SIM_CTL: card.world.ctlPath,
  DPF_SIM_HOST: card.host,
  DPF_SIM_PCI: card.pci,
  DPF_SIM_PID: String(process.pid),
  DPF_SIM_SPEED: String(card.world.clock.factor),
});
