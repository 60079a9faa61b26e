/** Images on the BFB volume, as the agent finds them: size, digest, and for which cards they are. */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join, normalize, relative } from 'node:path';
import type { Generation } from '@dpf/api';
import { HEADER_BYTES, IMAGE_IDS, paddingOf, readHeader } from '@dpf/bfb';
import { Patience, type Alive } from './host/patience.ts';
import { errnoOf } from './host/port.ts';
import type { Journal } from './journal/journal.ts';
import { OperationFailure } from './operations/failure.ts';

export interface ImageRef {
  bfbPath: string;
  bfbSha256: string;
  bfbSize: number;
}

/** The image version that a generation boots: a card takes the highest version up to its own. */
const VERSIONS: Record<Generation, number> = { 'BlueField-1': 0, 'BlueField-2': 1, 'BlueField-3': 2, Unknown: 2 };

/** Digests that are remembered: more than a host installs in years. */
const REMEMBERED = 64;
/** How long the volume may give no byte: its server may fail over, but one that is away blocks a read for ever. */
const LIMIT_MS = 60_000;
const CHUNK_BYTES = 1 << 20;

export class Images {
  readonly #volume: string;
  readonly #journal: Journal;
  readonly #patience: Patience;

  constructor(volume: string, journal: Journal, limitMs = LIMIT_MS) {
    this.#volume = volume;
    this.#journal = journal;
    this.#patience = new Patience(limitMs);
  }

  /**
   * The path of the image, after its size and digest were found right. The digest is remembered for as long as size, mtime and inode stay.
   * @throws OperationFailure ImageNotReadable, ImageWrong
   */
  async check({ bfbPath, bfbSha256, bfbSize }: ImageRef): Promise<string> {
    const path = join(this.#volume, normalize(`/${bfbPath}`));
    const found = await this.#access(bfbPath, () => stat(path));
    if (found.size !== bfbSize)
      throw new OperationFailure('ImageWrong', 'transient', `image ${bfbPath} has ${found.size} bytes, ${bfbSize} were expected`);
    const stamp = `${found.size}/${found.mtimeMs}/${found.ino}`;
    const known = this.#journal.data.digests[bfbPath];
    const sha256 = known?.stamp === stamp ? known.sha256 : await this.#access(bfbPath, (alive) => digest(path, alive));
    if (known?.stamp !== stamp) await this.#remember(bfbPath, { stamp, sha256 });
    if (sha256 !== bfbSha256)
      throw new OperationFailure('ImageWrong', 'transient', `image ${bfbPath} has sha256 ${sha256}, another one was expected`);
    return path;
  }

  /** An image that cannot be read may be readable later. It is the volume that does not answer, not one of its files. */
  async #access<T>(bfbPath: string, work: (alive: Alive) => Promise<T>): Promise<T> {
    try {
      return await this.#patience.run(this.#volume, `image ${bfbPath}`, work);
    } catch (error) {
      if (error instanceof OperationFailure) throw error;
      const why = errnoOf(error) === 'ETIMEDOUT' ? (error as Error).message : errnoOf(error) || (error as Error).message;
      throw new OperationFailure('ImageNotReadable', 'transient', `image ${bfbPath} cannot be read on the BFB volume: ${why}`);
    }
  }

  #remember(bfbPath: string, digest: { stamp: string; sha256: string }): Promise<void> {
    return this.#journal.update((data) => {
      const others = Object.entries(data.digests).filter(([path]) => path !== bfbPath);
      data.digests = Object.fromEntries([...others.slice(1 - REMEMBERED), [bfbPath, digest]]);
    });
  }

  /** Whether the image holds boot firmware (BL2) and UEFI for a card of this generation. @throws OperationFailure ImageNotForCard */
  async checkGeneration(path: string, generation: Generation): Promise<void> {
    const images = await this.#access(relative(this.#volume, path), (alive) => imagesIn(path, alive));
    const own = VERSIONS[generation];
    const missing = (['bl2', 'bl33'] as const).filter(
      (name) => !images.some(({ id, version }) => id === IMAGE_IDS[name] && version <= own),
    );
    if (missing.length > 0)
      throw new OperationFailure('ImageNotForCard', 'neverSucceeds', `the image holds no ${missing.join(' and no ')} for a ${generation}`);
  }
}

async function digest(path: string, alive: Alive): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(chunk.subarray(0, bytesRead));
      alive();
    }
  } finally {
    await file.close();
  }
}

/** Ids and versions of the images, from their headers alone. */
async function imagesIn(path: string, alive: Alive): Promise<{ id: number; version: number }[]> {
  const file = await open(path, 'r');
  try {
    const images: { id: number; version: number }[] = [];
    const bytes = Buffer.alloc(HEADER_BYTES);
    for (let at = 0; (await file.read(bytes, 0, HEADER_BYTES, at)).bytesRead === HEADER_BYTES;) {
      alive();
      const header = readHeader(bytes);
      if (typeof header === 'string') throw new OperationFailure('ImageWrong', 'neverSucceeds', `the image is no BFB: ${header}`);
      images.push({ id: header.id, version: header.version });
      if (header.following === 0n) break;
      at += HEADER_BYTES + header.length + paddingOf(header.length);
    }
    return images;
  } finally {
    await file.close();
  }
}
