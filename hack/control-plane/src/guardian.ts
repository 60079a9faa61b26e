/**
 * A process beside the control plane that outlives its parent by a moment: when the parent ends, in whatever way (an error, a signal, kill −9),
 * its pipe closes, and the guardian ends the children and removes their folder. `node guardian.ts FOLDER`; lines on stdin: `+PID`, `-PID`.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [folder] = process.argv.slice(2);
const pids = new Set<number>();

// In the order they were started: the API server after its etcd; at this point nothing is left to be saved.
function end(): void {
  for (const pid of [...pids].reverse()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  }
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line.startsWith('+')) pids.add(Number(line.slice(1)));
    else pids.delete(Number(line.slice(1)));
  })
  .on('close', end);
