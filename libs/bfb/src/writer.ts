/** Writes BFBs, record by record: for generated images of tests, demos and tools. */
import { crc32 } from 'node:zlib';
import { paddingOf, writeHeader } from './header.ts';

export interface ImageSource {
  id: number;
  /** 0: common or BlueField-1, 1: BlueField-2, 2: BlueField-3. */
  version?: number;
  payload: Buffer;
}

/** The BFB as chunks. Images of one id must stand together with ascending versions. */
export function* writeBfb(images: readonly ImageSource[]): Generator<Buffer> {
  let following = images.reduce((bits, image) => bits | (1n << BigInt(image.id)), 0n);
  for (const [i, { id, version = 0, payload }] of images.entries()) {
    const next = images[i + 1];
    const again = next?.id === id;
    if (!again) following &= ~(1n << BigInt(id));
    const padding = Buffer.alloc(paddingOf(payload.length));
    const crc = crc32(padding, crc32(payload));
    yield writeHeader({ id, version, nextVersion: again ? (next.version ?? 0) : 0, length: payload.length, crc, following });
    yield payload;
    if (padding.length > 0) yield padding;
  }
}
