/** The stream into the card: the image, then bf.cfg, in one sequence. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { errnoOf, type HostPort } from '../host/port.ts';
import type { PushOrder } from './outcome.ts';

/** What one request to a FUSE or CUSE file carries at most. */
const CHUNK_BYTES = 128 * 1024;
/** Progress is told this often at most, in bytes… */
const PROGRESS_BYTES = 4 * 1024 * 1024;
/** …or after this long, in milliseconds. */
const PROGRESS_MS = 500;

/** The image itself is the problem, not the card. */
export class ImageProblem extends Error {
  readonly kind: 'imageUnreadable' | 'imageWrong';
  constructor(kind: 'imageUnreadable' | 'imageWrong', message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Opens the boot file (which resets the card) and streams. The image is hashed on the way; its last piece and bf.cfg go out in one write,
 * and only if the digest is right: the installer takes a pause of half a second for the end of bf.cfg.
 * @throws ImageProblem, or an error with the errno of rshim
 */
export async function push(host: HostPort, order: PushOrder, config: Buffer, tell: (bytes: number) => void): Promise<void> {
  const image = await openImage(order);
  try {
    const boot = await host.openBoot(order.boot);
    try {
      tell(0);
      const progress = rarely(tell);
      let sent = 0;
      for await (const piece of pieces(image, order)) {
        const last = sent + piece.length === order.imageBytes;
        await boot.write(last ? Buffer.concat([piece, padded(config)]) : piece);
        progress((sent += piece.length));
      }
      tell(sent);
    } finally {
      await boot.close();
    }
  } finally {
    await image.close();
  }
}

async function openImage(order: PushOrder): Promise<FileHandle> {
  try {
    return await open(order.image, 'r');
  } catch (error) {
    throw new ImageProblem('imageUnreadable', `${order.image}: ${errnoOf(error)}`);
  }
}

/** The image in pieces; the last one only after the digest of the whole was found right. */
async function* pieces(image: FileHandle, order: PushOrder): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for (let at = 0; at < order.imageBytes;) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, order.imageBytes - at));
    const read = await image.read(buffer, 0, buffer.length, at).catch((error: unknown) => {
      throw new ImageProblem('imageUnreadable', `${order.image}: ${errnoOf(error)}`);
    });
    if (read.bytesRead === 0) throw new ImageProblem('imageWrong', `${order.image} ends at byte ${at}`);
    const piece = buffer.subarray(0, read.bytesRead);
    hash.update(piece);
    at += piece.length;
    if (at === order.imageBytes && hash.digest('hex') !== order.sha256)
      throw new ImageProblem('imageWrong', `${order.image} has another digest`);
    yield piece;
  }
}

/** To a multiple of 8 with newlines: rshim keeps a shorter rest until the file is closed. */
export function padded(config: Buffer): Buffer {
  const missing = (8 - (config.length % 8)) % 8;
  return Buffer.concat([config, Buffer.alloc(missing, '\n')]);
}

function rarely(tell: (bytes: number) => void): (bytes: number) => void {
  let lastBytes = 0;
  let lastAt = performance.now();
  return (bytes) => {
    if (bytes - lastBytes < PROGRESS_BYTES && performance.now() - lastAt < PROGRESS_MS) return;
    lastBytes = bytes;
    lastAt = performance.now();
    tell(bytes);
  };
}
