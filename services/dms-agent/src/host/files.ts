/** The host's files below a root (`/` on a real host whose devices are mounted into the Pod). */
import { constants } from 'node:fs';
import { open, readdir, readlink, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Patience } from './patience.ts';
import { errnoOf, type BootStream, type HostPort, type HostStat } from './port.ts';

/** No file of the host may keep the agent waiting longer: a dead driver blocks a read for ever. */
const LIMIT_MS = 30_000;

export function fileHost(root: string, limitMs = LIMIT_MS): HostPort {
  const at = (path: string) => join(root, path);
  const patience = new Patience(limitMs);
  /** Whatever is done to a path may be held by what stands there: reading and writing alike. */
  const limited = <T>(what: string, path: string, work: (full: string) => Promise<T>): Promise<T> =>
    patience.run(path, `${what} ${path}`, () => work(at(path)));
  return {
    read: (path) => limited('reading', path, readWhole),
    write: (path, text) => limited('writing', path, (full) => writeOnce(full, text)),
    list: (path) => limited('listing', path, (full) => readdir(full)),
    stat: (path) => limited('looking at', path, statOf),
    readlink: (path) => limited('reading the link', path, (full) => readlink(full)),
    replace: (path, text) => limited('replacing', path, (full) => replaceFile(full, text)),
    openBoot: (path) => openBoot(at(path)),
    close: async () => undefined,
  };
}

async function readWhole(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function writeOnce(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_TRUNC);
  try {
    await file.write(text);
  } finally {
    await file.close();
  }
}

async function statOf(path: string): Promise<HostStat | undefined> {
  try {
    return { type: (await stat(path)).isDirectory() ? 'directory' : 'file' };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Hidden until it is whole: readers of such folders ignore names that begin with a dot. */
async function replaceFile(path: string, text: string): Promise<void> {
  const hidden = join(dirname(path), `.${basename(path)}.new`);
  const file = await open(hidden, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(hidden, path);
}

/** No time limit here: the push has its own deadlines, and a process of its own to be killed. */
async function openBoot(path: string): Promise<BootStream> {
  const file = await open(path, constants.O_WRONLY);
  return {
    write: async (chunk) => {
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
    },
    close: () => file.close(),
  };
}
