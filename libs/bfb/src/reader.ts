/** A streaming reader of BFBs: constant memory, any chunking, every byte checked. */
import { crc32 } from 'node:zlib';
import { HEADER_BYTES, paddingOf, readHeader, type Header } from './header.ts';
import { IMAGE_IDS, imageName } from './images.ts';
import { versionsOf, type Versions } from './info.ts';

/** The stream is not a BFB that a card would boot. `at` is the offset in bytes of the record in question. */
export class BfbError extends Error {
  override readonly name = 'BfbError';
  readonly at: number;
  constructor(problem: string, at: number) {
    super(`not a valid BFB: ${problem} (at byte ${at})`);
    this.at = at;
  }
}

export interface Image {
  id: number;
  name: string;
  version: number;
  length: number;
  crc: number;
}

export interface BfbSummary {
  images: Image[];
  /** Bytes of the images; what comes after them is a configuration. */
  bytes: number;
  trailerBytes: number;
  versions: Versions;
  /** What a person should know although the card would take the file. */
  warnings: string[];
}

/** Longest `info` image that is kept to read versions from, in bytes. */
const INFO_LIMIT = 1 << 20;

type State = 'header' | 'payload' | 'padding' | 'trailer';

/** Feed chunks to {@link push} in order, then call {@link end}. Both throw {@link BfbError}. */
export class BfbReader {
  readonly #onImage: ((image: Image) => void) | undefined;
  #state: State = 'header';
  #offset = 0;
  #recordAt = 0;
  #pending = Buffer.alloc(0);
  #header: Header | undefined;
  #remaining = 0;
  #crc = 0;
  #info: Buffer[] = [];
  readonly #images: Image[] = [];
  #following: bigint | undefined;
  #imagesEnd = 0;

  /** @param onImage called when an image has been read whole and its CRC is right */
  constructor(onImage?: (image: Image) => void) {
    this.#onImage = onImage;
  }

  /** True once the last image was read: whatever follows is a configuration (bf.cfg). */
  get imagesComplete(): boolean {
    return this.#state === 'trailer';
  }

  /** Bytes read after the last image so far. */
  get trailerBytes(): number {
    return this.imagesComplete ? this.#offset - this.#imagesEnd : 0;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at += this.#take(chunk.subarray(at));
  }

  end(): BfbSummary {
    if (this.#state !== 'trailer') {
      const where = this.#header
        ? `in ${imageName(this.#header.id)}`
        : this.#images.length === 0
          ? 'before the first image'
          : 'between images';
      throw new BfbError(`the stream ends ${where}, it is cut short`, this.#offset);
    }
    const info = this.#info.length > 0 ? Buffer.concat(this.#info).toString('utf8') : undefined;
    return {
      images: this.#images,
      bytes: this.#imagesEnd,
      trailerBytes: this.trailerBytes,
      versions: versionsOf(info),
      warnings: warningsOf(this.#images),
    };
  }

  /** Consumes a part of the chunk and says how many bytes. */
  #take(chunk: Buffer): number {
    if (this.#state === 'trailer') {
      this.#offset += chunk.length;
      return chunk.length;
    }
    if (this.#state === 'header') return this.#takeHeader(chunk);
    const taken = chunk.subarray(0, this.#remaining);
    this.#crc = crc32(taken, this.#crc);
    if (this.#state === 'payload' && this.#header?.id === IMAGE_IDS.info && this.#header.length <= INFO_LIMIT)
      this.#info.push(Buffer.from(taken));
    this.#offset += taken.length;
    this.#remaining -= taken.length;
    if (this.#remaining === 0) this.#endOfPart();
    return taken.length;
  }

  #takeHeader(chunk: Buffer): number {
    if (this.#pending.length === 0) this.#recordAt = this.#offset;
    const taken = chunk.subarray(0, HEADER_BYTES - this.#pending.length);
    this.#pending = Buffer.concat([this.#pending, taken]);
    this.#offset += taken.length;
    if (this.#pending.length === HEADER_BYTES) {
      const header = readHeader(this.#pending);
      if (typeof header === 'string') throw new BfbError(header, this.#recordAt);
      this.#check(header);
      this.#pending = Buffer.alloc(0);
      this.#header = header;
      this.#crc = 0;
      this.#state = 'payload';
      this.#remaining = header.length;
      if (this.#remaining === 0) this.#endOfPart();
    }
    return taken.length;
  }

  /** The bitmap shrinks by the image's own id, with the last of its versions; versions of an id come together and ascend. */
  #check(header: Header): void {
    const before = this.#images.at(-1);
    const name = imageName(header.id);
    const again = before?.id === header.id;
    if (again && header.version <= before.version)
      throw new BfbError(`${name} version ${header.version} comes after version ${before.version}`, this.#recordAt);
    if (!again && this.#images.some((image) => image.id === header.id)) throw new BfbError(`${name} appears twice`, this.#recordAt);
    if (header.id > 63) throw new BfbError(`image id ${header.id} is out of range`, this.#recordAt);
    const own = 1n << BigInt(header.id);
    if (this.#following !== undefined) {
      if ((this.#following & own) === 0n) throw new BfbError(`${name} was not announced by the header before it`, this.#recordAt);
      if ((header.following & ~this.#following) !== 0n)
        throw new BfbError(`the header of ${name} announces images that the one before did not`, this.#recordAt);
    }
    this.#following = header.following;
  }

  #endOfPart(): void {
    const header = this.#header as Header;
    const padding = paddingOf(header.length);
    if (this.#state === 'payload' && padding > 0) {
      this.#state = 'padding';
      this.#remaining = padding;
      return;
    }
    if (this.#crc !== header.crc) throw new BfbError(`the checksum of ${imageName(header.id)} is wrong`, this.#recordAt);
    const image = { id: header.id, name: imageName(header.id), version: header.version, length: header.length, crc: header.crc };
    this.#images.push(image);
    this.#onImage?.(image);
    this.#header = undefined;
    this.#state = header.following === 0n ? 'trailer' : 'header';
    this.#imagesEnd = this.#offset;
  }
}

function warningsOf(images: readonly Image[]): string[] {
  const has = (id: number) => images.some((image) => image.id === id);
  const warnings: string[] = [];
  if (!has(IMAGE_IDS.initramfs)) warnings.push('there is no initramfs: this is a firmware bundle, it installs no operating system');
  if (!has(IMAGE_IDS.info)) warnings.push('there is no info image: versions are unknown');
  return warnings;
}
