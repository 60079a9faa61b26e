/** Fetches an image into a file: hashed and checked while it is written, resumed where the last try of this replica ended. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import got, { type Request } from 'got';
import { BfbReader, type BfbSummary } from '@dpf/bfb';
import { DownloadFailure } from './failure.ts';
import type { Source } from './source.ts';

/** Without a byte for so long a download is given up, in milliseconds. */
const STALL_MS = 60_000;
/** Redirects that are followed. */
const REDIRECTS = 5;

export interface Fetched {
  sha256: string;
  size: number;
  summary: BfbSummary;
}

export interface FetchOptions {
  source: Source;
  file: string;
  /** Free bytes on the file system of `file`. */
  free: () => Promise<number>;
  onProgress: (bytes: number, total: number | undefined) => void;
  signal: AbortSignal;
}

/**
 * Leaves the whole, synced image in `file`, or throws: DownloadFailure, BfbError, got's and Node's errors, or the signal's reason.
 * A file that is no valid BFB is removed; one that is merely incomplete is kept for the next try.
 */
export async function fetchImage(options: FetchOptions): Promise<Fetched> {
  const { source, file, signal } = options;
  const check = { hash: createHash('sha256'), reader: new BfbReader(), bytes: 0 };
  const resumeAt = await takeUp(file, check);
  const stream = request(source, resumeAt, signal);
  const response = await responseOf(stream).catch(async (error: Error) => {
    // Whatever the server dislikes about going on (416, say), the next try starts afresh.
    if (error.name === 'HTTPError' && resumeAt > 0) await rm(file, { force: true });
    throw error;
  });
  const resumed = resumeAt > 0 && response.statusCode === 206 && startOf(response) === resumeAt;
  if (resumeAt > 0 && !resumed) Object.assign(check, { hash: createHash('sha256'), reader: new BfbReader(), bytes: 0 });
  const length = Number(response.headers['content-length']);
  const total = Number.isFinite(length) && response.headers['content-encoding'] === undefined ? check.bytes + length : undefined;
  const room = await options.free();
  if (total !== undefined && total - check.bytes > room) {
    stream.destroy();
    throw new DownloadFailure('VolumeFull', `the image needs ${total - check.bytes} more bytes and the BFB volume has ${room}`);
  }
  const handle = await open(file, resumed ? 'a' : 'w', 0o644);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      take(check, chunk);
      await writeAll(handle, chunk);
      options.onProgress(check.bytes, total);
    }
    if (total !== undefined && check.bytes !== total)
      throw new DownloadFailure('UrlUnreachable', `the connection ended after ${check.bytes} of ${total} bytes`);
    const summary = check.reader.end();
    await handle.sync();
    return { sha256: check.hash.digest('hex'), size: check.bytes, summary };
  } catch (error) {
    if ((error as Error).name === 'BfbError') await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Reads a file that is there already as if it were downloaded. @throws BfbError, Node's errors */
export async function checkFile(file: string, signal: AbortSignal): Promise<Fetched> {
  const check = { hash: createHash('sha256'), reader: new BfbReader(), bytes: 0 };
  for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 })) take(check, chunk as Buffer);
  return { sha256: check.hash.digest('hex'), size: check.bytes, summary: check.reader.end() };
}

interface Check {
  hash: Hash;
  reader: BfbReader;
  bytes: number;
}

function take(check: Check, chunk: Buffer): void {
  check.reader.push(chunk);
  check.hash.update(chunk);
  check.bytes += chunk.length;
}

/** Reads what an earlier try left and says where to go on; 0 and an empty file when there is nothing usable. */
async function takeUp(file: string, check: Check): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (!found || found.size === 0) return 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) take(check, chunk as Buffer);
    return check.bytes;
  } catch {
    await rm(file, { force: true });
    Object.assign(check, { hash: createHash('sha256'), reader: new BfbReader(), bytes: 0 });
    return 0;
  }
}

function request(source: Source, resumeAt: number, signal: AbortSignal): Request {
  const origin = new URL(source.url).origin;
  return got.stream(source.url, {
    headers: { ...source.headers, 'accept-encoding': 'identity', ...(resumeAt > 0 ? { range: `bytes=${resumeAt}-` } : {}) },
    decompress: false,
    retry: { limit: 0 },
    maxRedirects: REDIRECTS,
    timeout: { lookup: 10_000, connect: 10_000, secureConnect: 10_000, response: STALL_MS, socket: STALL_MS },
    signal,
    ...(source.ca ? { https: { certificateAuthority: source.ca } } : {}),
    hooks: {
      beforeRedirect: [
        (next) => {
          // Credentials are for the server that the user named, not for one that it points to.
          if (new URL(String(next.url)).origin !== origin) for (const name of Object.keys(source.headers)) delete next.headers[name];
        },
      ],
    },
  });
}

function responseOf(stream: Request): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    stream.once('response', (response: IncomingMessage) => resolve(response));
    // Stays attached: a stream that is given up later may still fail, and nobody else listens then.
    stream.on('error', reject);
  });
}

/** First byte of a partial answer. */
const startOf = (response: IncomingMessage): number => Number(/^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1] ?? -1);

async function writeAll(handle: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
}
