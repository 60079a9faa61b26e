/** What `helm uninstall` runs on every node, after its simulator: removes what that kept on the disk. What stays is told as the container's termination message. */
import { existsSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { env, readConfig } from '@dpf/service';

const POLL_MS = 500;

export const run = async (): Promise<void> => {
  const { hostRoot, dir, node, waitSeconds, messageFile } = readConfig({
    hostRoot: ['HOST_ROOT', env.text('/')],
    dir: ['HOSTS_DIR', env.text('/var/lib/dpf-simulator')],
    node: ['NODE_NAME', env.text()],
    waitSeconds: ['WAIT_SECONDS', env.integer({ min: 0, max: 3600, default: 90 })],
    messageFile: ['MESSAGE_FILE', env.text('/dev/termination-log')],
  });
  const signal = AbortSignal.timeout(waitSeconds * 1000);
  const why = await removeHost(join(hostRoot, dir), node, signal).catch((error: Error) => error.message);
  const message = why === undefined ? '' : `${dir}: ${why}`;
  if (message) console.log(message);
  writeFileSync(messageFile, message);
};

/**
 * Waits until the simulator has ended, whose devices are mounted as long as it runs, and removes what it made; a folder with files of others stays.
 * @returns why the folder stays; undefined: it does not
 */
export async function removeHost(dir: string, node: string, signal: AbortSignal): Promise<string | undefined> {
  if (!existsSync(dir)) return undefined;
  while (!removeEmpty(join(dir, 'hosts'))) {
    if (signal.aborted) return 'the devices of its simulator are still mounted';
    await sleep(POLL_MS);
  }
  const state = join(dir, 'state');
  // Whole folders only where the simulator made them: the cards' disks hold whatever a bf.cfg wrote.
  for (const name of [node, 'dpu-tools']) rmSync(join(state, name), { recursive: true, force: true });
  for (const name of ['journal.jsonl', 'ctl.sock', 'client.mjs']) rmSync(join(state, name), { force: true });
  for (const folder of [state, dir])
    if (!removeEmpty(folder)) return `there are files of others: ${readdirSync(folder).slice(0, 5).join(', ')}`;
  return undefined;
}

/** @returns false where it is a mount point, or not empty */
function removeEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}
