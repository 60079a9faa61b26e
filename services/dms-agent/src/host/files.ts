/** The host's files below a root (`/` on a real host whose devices are mounted into the Pod). */
import { constants } from 'node:fs';
import { open, readdir, readlink, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, hostError, type BootStream, type HostPort, type HostStat } from './port.ts';

/** No file of the host may keep the agent waiting longer: a dead driver blocks a read for ever. */
const LIMIT_MS = 30_000;

export function fileHost(root: string, limitMs = LIMIT_MS): HostPort {
  const at = (path: string) => join(root, path);
  const limited = <T>(what: string, work: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(hostError('ETIMEDOUT', `${what} did not answer for ${limitMs} ms`)), limitMs);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  };
  return {
    read: (path) => limited(`reading ${path}`, readWhole(at(path))),
    write: (path, text) => limited(`writing ${path}`, writeOnce(at(path), text)),
    list: (path) => limited(`listing ${path}`, readdir(at(path))),
    stat: (path) => limited(`looking at ${path}`, statOf(at(path))),
    readlink: (path) => limited(`reading the link ${path}`, readlink(at(path))),
    replace: (path, text) => limited(`replacing ${path}`, replaceFile(at(path), text)),
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
