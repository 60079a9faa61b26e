import { readFileSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The script that systemd would run for an enabled oneshot unit of the disk at `root`; undefined when the unit is not enabled, or not there. */
export function execStartOf(root: string, unit: string): string | undefined {
  try {
    const file = realpathSync(join(root, 'etc/systemd/system/multi-user.target.wants', unit));
    if (relative(realpathSync(root), file).startsWith('..')) return undefined;
    const path = /^ExecStart=(\/\S+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
    return path && join(root, path);
  } catch {
    return undefined;
  }
}
