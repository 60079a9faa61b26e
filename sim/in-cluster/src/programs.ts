/** What runs on a simulated host ends when that host goes down. */
import { readdirSync, readFileSync } from 'node:fs';

/** Kills every process whose HOST_ROOT is this tree: the agent and its children. The container shares the node's process ids. */
export function endPrograms(root: string, onProblem: (error: unknown) => void): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (environmentOf(pid).includes(`HOST_ROOT=${root}`)) process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      onProblem(error);
    }
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended meanwhile, or it is a thread of the kernel.
    return [];
  }
}
