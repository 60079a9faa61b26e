/** Fetches an image into a file: hashed and checked while it is written, resumed where the last try of this replica ended. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import got, { type Request } from 'got';
import { BfbError, BfbReader, type BfbSummary } from '@dpf/bfb';
import { redact } from '@dpf/service';
import { etagFile } from '../volume.ts';
import { DownloadFailure } from './failure.ts';
import type { Source } from './source.ts';

/** Without a byte for so long a download is given up, in milliseconds. */
const STALL_MS = 60_000;
/** Longest download, in milliseconds: a server that sends a byte now and then is waited for no longer. */
export const DOWNLOAD_MS = 2 * 3_600_000;
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
  /** Aborted when the download has taken {@link DOWNLOAD_MS}. */
  limit: AbortSignal;
  onProgress: (bytes: number, total: number | undefined) => void;
  signal: AbortSignal;
}

/**
 * Leaves the whole, synced image in `file`, or throws: DownloadFailure, BfbError, got's and Node's errors, or the signal's reason.
 * A file that is no valid BFB, or fills the volume, is removed; one that is merely incomplete is kept for the next try.
 */
export async function fetchImage(options: FetchOptions): Promise<Fetched> {
  const { source, file, limit, signal } = options;
  const { check, etag } = await takeUp(file, signal);
  const stream = request(source, check.bytes, etag, AbortSignal.any([limit, signal]));
  let response: IncomingMessage;
  try {
    response = await responseOf(stream);
  } catch (error) {
    const { response: refusal } = error as { response?: IncomingMessage };
    // The file is as long as the image, or longer: what it should be is not known.
    if (refusal?.statusCode !== 416 || check.bytes === 0) throw error;
    await discardPartial(file);
    return fetchImage(options);
  }
  const resumed = check.bytes > 0 && response.statusCode === 206 && startOf(response) === check.bytes;
  if (!resumed) startAfresh(check);
  const length = Number(response.headers['content-length'] ?? NaN);
  const total = Number.isFinite(length) && response.headers['content-encoding'] === undefined ? check.bytes + length : undefined;
  try {
    const room = await options.free();
    if (total !== undefined && total - check.bytes > room)
      throw new DownloadFailure('VolumeFull', `the image needs ${total - check.bytes} more bytes and the BFB volume has ${room}`);
    if (!resumed) await begin(file, response);
    await receive(stream, check, total, options);
    return { sha256: check.hash.digest('hex'), size: check.bytes, summary: check.reader.end() };
  } catch (error) {
    stream.destroy();
    const { name, code, reason } = error as { name?: string; code?: string; reason?: string };
    if (limit.aborted && (name === 'TimeoutError' || name === 'AbortError')) throw tooSlow(source.url, check.bytes, total);
    if (name === 'BfbError' || code === 'ENOSPC' || code === 'EDQUOT' || reason === 'VolumeFull') await discardPartial(file);
    throw error;
  }
}

/** Empties the file, and notes of which image it is going to be a part. Without a strong ETag it could not be told, so that it is never resumed. */
async function begin(file: string, response: IncomingMessage): Promise<void> {
  await discardPartial(file);
  const { etag } = response.headers;
  if (etag?.startsWith('"')) await writeFile(etagFile(file), etag);
}

/** Appends the body to the file and syncs it. @throws DownloadFailure UrlUnreachable when it ends too early; BfbError */
async function receive(
  stream: Request,
  check: Check,
  total: number | undefined,
  { file, onProgress, signal }: FetchOptions,
): Promise<void> {
  const handle = await open(file, 'a', 0o644);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      take(check, chunk);
      // At once and not at its end: a body that never ends would fill the volume first.
      refuseTrailer(check);
      await writeAll(handle, chunk);
      onProgress(check.bytes, total);
    }
    if (total !== undefined && check.bytes !== total)
      throw new DownloadFailure('UrlUnreachable', `the connection ended after ${check.bytes} of ${total} bytes`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function tooSlow(url: string, bytes: number, total: number | undefined): DownloadFailure {
  const part = total === undefined ? `${bytes} bytes` : `${bytes} of ${total} bytes`;
  return new DownloadFailure('DownloadStalled', `GET ${redact(url)} was given up after ${DOWNLOAD_MS / 3_600_000} hours, at ${part}`);
}

async function discardPartial(file: string): Promise<void> {
  for (const name of [file, etagFile(file)]) await rm(name, { force: true });
}

/** Reads a file that is there already as if it were downloaded. @throws BfbError, Node's errors */
export async function checkFile(file: string, signal: AbortSignal): Promise<Fetched> {
  const check = startAfresh({});
  for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 })) take(check, chunk as Buffer);
  return { sha256: check.hash.digest('hex'), size: check.bytes, summary: check.reader.end() };
}

interface Check {
  hash: Hash;
  reader: BfbReader;
  bytes: number;
}

const startAfresh = (check: object): Check => Object.assign(check, { hash: createHash('sha256'), reader: new BfbReader(), bytes: 0 });

function take(check: Check, chunk: Buffer): void {
  check.reader.push(chunk);
  check.hash.update(chunk);
  check.bytes += chunk.length;
}

/** The agent appends the bf.cfg of each DPU; what a file brings of its own there is none of ours. @throws BfbError */
function refuseTrailer({ reader, bytes }: Check): void {
  if (reader.trailerBytes > 0) throw new BfbError('it goes on after its last image', bytes - reader.trailerBytes);
}

/** Reads what an earlier try left of an image that can be told from others by its ETag; nothing where nothing is usable. */
async function takeUp(file: string, signal: AbortSignal): Promise<{ check: Check; etag?: string }> {
  const check = startAfresh({});
  try {
    const etag = await readFile(etagFile(file), 'utf8');
    for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 })) take(check, chunk as Buffer);
    refuseTrailer(check);
    return { check, etag };
  } catch {
    signal.throwIfAborted();
    await discardPartial(file);
    return { check: startAfresh(check) };
  }
}

function request(source: Source, resumeAt: number, etag: string | undefined, signal: AbortSignal): Request {
  const origin = new URL(source.url).origin;
  return got.stream(source.url, {
    headers: {
      ...source.headers,
      'accept-encoding': 'identity',
      ...(resumeAt > 0 ? { range: `bytes=${resumeAt}-`, 'if-range': etag } : {}),
    },
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
