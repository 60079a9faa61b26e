/** A BFB volume that is small enough to be filled: a file system of its own. */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

export interface SmallVolume {
  /** Leaves so many bytes free. */
  fill(leave: number): Promise<void>;
  makeRoom(): void;
  remove(): void;
}

/** Mounts a file system in memory over an empty folder; undefined where that is not allowed (it takes root). */
export function mountSmallVolume(folder: string, bytes: number): SmallVolume | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const ballast = join(folder, 'somebody-elses-file');
  return {
    async fill(leave) {
      const { bavail, bsize } = statfsSync(folder);
      const file = await open(ballast, 'w');
      await file.writeFile(Buffer.alloc(Math.max(0, bavail * bsize - leave)));
      await file.close();
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    remove: () => void execFileSync('umount', [folder], { stdio: 'ignore' }),
  };
}
