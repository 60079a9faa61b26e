/** Valid BFBs of any size, with versions: what a vendor's bundle looks like to everything that handles it. Made as they are read, nothing large is kept. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { IMAGE_IDS, paddingOf, writeHeader } from '@dpf/bfb';

export interface BfbOptions {
  /** About as many; default 4 MiB, the least is some 3 KiB. */
  bytes?: number;
  /** DOCA version; default `2.7.0`. Other versions follow from it. */
  version?: string;
  /** Absent: good for every generation. */
  generation?: 'BlueField-2' | 'BlueField-3';
  /** Makes the bytes (and so the digest) different from those of other seeds. */
  seed?: number;
}

/** A payload: a block that is repeated and cut at `length`. */
interface Part {
  id: number;
  version: number;
  block: Buffer;
  length: number;
}

const BLOCK_BYTES = 64 * 1024;

export class GeneratedBfb {
  readonly size: number;
  readonly sha256: string;
  readonly #parts: Part[];

  constructor(options: BfbOptions = {}) {
    this.#parts = partsOf(options);
    this.size = this.#parts.reduce((size, { length }) => size + 24 + length + paddingOf(length), 0);
    const hash = createHash('sha256');
    for (const chunk of this.#chunks()) hash.update(chunk);
    this.sha256 = hash.digest('hex');
  }

  /** Bytes from `start` to before `end`. */
  stream(start = 0, end = this.size): Readable {
    return Readable.from(slice(this.#chunks(), start, end), { objectMode: false });
  }

  /** All of it, for small images. */
  bytes(): Buffer {
    return Buffer.concat([...this.#chunks()]);
  }

  writeFile(path: string): Promise<void> {
    return pipeline(this.stream(), createWriteStream(path));
  }

  *#chunks(): Generator<Buffer> {
    let following = this.#parts.reduce((bits, { id }) => bits | (1n << BigInt(id)), 0n);
    for (const { id, version, block, length } of this.#parts) {
      following &= ~(1n << BigInt(id));
      const padding = Buffer.alloc(paddingOf(length));
      let crc = 0;
      for (const chunk of repeated(block, length)) crc = crc32(chunk, crc);
      yield writeHeader({ id, version, nextVersion: 0, length, crc: crc32(padding, crc), following });
      yield* repeated(block, length);
      if (padding.length > 0) yield padding;
    }
  }
}

/** An image whose bytes depend on the options only. */
export const generateBfb = (options: BfbOptions = {}): GeneratedBfb => new GeneratedBfb(options);

function partsOf({ bytes = 4 * 1024 * 1024, version = '2.7.0', generation, seed = 1 }: BfbOptions): Part[] {
  const chip = generation === undefined ? 0 : generation === 'BlueField-2' ? 1 : 2;
  const kernel = Math.max(256, Math.floor(bytes / 5));
  const whole = (id: number, text: string, chipVersion = 0): Part => ({
    id,
    version: chipVersion,
    block: Buffer.from(text),
    length: Buffer.byteLength(text),
  });
  const firmware = (label: string) => `${label} of DOCA ${version}, seed ${seed}\n`.repeat(4);
  return [
    whole(IMAGE_IDS.bl2, firmware('BL2'), chip),
    whole(IMAGE_IDS.bl31, firmware('BL31'), chip),
    whole(IMAGE_IDS.bl33, firmware('UEFI'), chip),
    whole(IMAGE_IDS['boot-args'], 'console=hvc0 console=ttyAMA0 initrd=initramfs'),
    whole(IMAGE_IDS.info, info(version)),
    { id: IMAGE_IDS.image, version: 0, block: noise(seed), length: kernel },
    { id: IMAGE_IDS.initramfs, version: 0, block: noise(seed + 1), length: Math.max(256, bytes - kernel - 2048) },
  ];
}

/** Redfish form, as in the vendor's bundles. */
function info(version: string): string {
  const versions = {
    DOCA: version,
    BF3_BSP: `4.${version}.13127`,
    BF2_BSP: `4.${version}.13127`,
    BF3_ATF: `v2.2(release):4.${version}`,
    BF2_ATF: `v2.2(release):4.${version}`,
    BF3_UEFI: `4.${version}-42`,
    BF2_UEFI: `4.${version}-42`,
    BF3_NIC_FW: '32.43.1014',
    BF2_NIC_FW: '24.43.1014',
  };
  return JSON.stringify({
    Members: Object.entries(versions).map(([Name, Version]) => ({ Name, Version, SoftwareId: Name.toLowerCase() })),
  });
}

function noise(seed: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < block.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    block[i] = state >>> 24;
  }
  return block;
}

function* repeated(block: Buffer, length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= block.length) yield block.subarray(0, left);
}

function* slice(chunks: Iterable<Buffer>, start: number, end: number): Generator<Buffer> {
  let at = 0;
  for (const chunk of chunks) {
    if (at >= end) return;
    const part = chunk.subarray(Math.max(0, start - at), end - at);
    at += chunk.length;
    if (part.length > 0) yield part;
  }
}
