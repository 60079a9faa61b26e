/**
 * The port to the host: the files of dev/, sys/, proc/ and etc/ that the agent reads and writes. Paths are absolute as on the host (`/dev/rshim0/misc`).
 * Adapters: files below a root, and a unix socket. Failures carry the errno of the system as `code` (`EBUSY`, `ENOENT`, …) in both.
 */
export interface HostPort {
  /** The whole file, opened anew: rshim's misc gives its report once per open. */
  read(path: string): Promise<Buffer>;
  /** One write(2), as sysfs and rshim's misc want it; the file is not created. */
  write(path: string, text: string): Promise<void>;
  /** Names in a folder. */
  list(path: string): Promise<string[]>;
  /** Links are followed; undefined when there is nothing at this path. */
  stat(path: string): Promise<HostStat | undefined>;
  readlink(path: string): Promise<string>;
  /** Puts a whole file in place at once (a reader sees the old text or the new one); creates it. */
  replace(path: string, text: string): Promise<void>;
  /** Opens rshim's boot file. That alone resets the card. One opener at a time: EBUSY; EINVAL in drop mode, EPERM in secure NIC mode. */
  openBoot(path: string): Promise<BootStream>;
  close(): Promise<void>;
}

export interface HostStat {
  type: 'file' | 'directory';
}

export interface BootStream {
  /** Writes all of it; blocks while the card does not take it. ETIMEDOUT when it took nothing for BOOT_TIMEOUT. */
  write(chunk: Buffer): Promise<void>;
  close(): Promise<void>;
}

/** Where the host is: what an adapter is made from, and what the push child is told. */
export type HostLocation = { root: string } | { socket: string };

/** The errno of a failure (`EBUSY`), '' when it has none. */
export const errnoOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
};

/** A failure with an errno, in the words of the system. */
export const hostError = (code: string, what: string): Error => Object.assign(new Error(`${code}: ${what}`), { code });

/** Reads a one-line file; undefined when it cannot be read. */
export async function readLine(host: HostPort, path: string): Promise<string | undefined> {
  try {
    return (await host.read(path)).toString('utf8').trim();
  } catch {
    return undefined;
  }
}

/** Names in a folder; none when there is no such folder. */
export async function namesIn(host: HostPort, path: string): Promise<string[]> {
  try {
    return (await host.list(path)).sort();
  } catch {
    return [];
  }
}
