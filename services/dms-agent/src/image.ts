/** Images on the BFB volume, as the agent finds them: size, digest, and for which cards they are. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Generation } from '@dpf/api';
import { HEADER_BYTES, IMAGE_IDS, paddingOf, readHeader } from '@dpf/bfb';
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

export class Images {
  readonly #volume: string;
  readonly #journal: Journal;

  constructor(volume: string, journal: Journal) {
    this.#volume = volume;
    this.#journal = journal;
  }

  /**
   * The path of the image, after its size and digest were found right. The digest is remembered for as long as size, mtime and inode stay.
   * @throws OperationFailure ImageNotReadable, ImageWrong
   */
  async check({ bfbPath, bfbSha256, bfbSize }: ImageRef): Promise<string> {
    const path = join(this.#volume, normalize(`/${bfbPath}`));
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw new OperationFailure('ImageNotReadable', 'transient', `image ${bfbPath} cannot be read on the BFB volume: ${error.code}`);
    });
    if (found.size !== bfbSize)
      throw new OperationFailure('ImageWrong', 'transient', `image ${bfbPath} has ${found.size} bytes, ${bfbSize} were expected`);
    const stamp = `${found.size}/${found.mtimeMs}/${found.ino}`;
    const known = this.#journal.data.digests[bfbPath];
    const sha256 = known?.stamp === stamp ? known.sha256 : await digest(path, bfbPath);
    if (known?.stamp !== stamp) await this.#remember(bfbPath, { stamp, sha256 });
    if (sha256 !== bfbSha256)
      throw new OperationFailure('ImageWrong', 'transient', `image ${bfbPath} has sha256 ${sha256}, another one was expected`);
    return path;
  }

  #remember(bfbPath: string, digest: { stamp: string; sha256: string }): Promise<void> {
    return this.#journal.update((data) => {
      const others = Object.entries(data.digests).filter(([path]) => path !== bfbPath);
      data.digests = Object.fromEntries([...others.slice(1 - REMEMBERED), [bfbPath, digest]]);
    });
  }

  /** Whether the image holds boot firmware (BL2) and UEFI for a card of this generation. @throws OperationFailure ImageNotForCard */
  async checkGeneration(path: string, generation: Generation): Promise<void> {
    const images = await imagesIn(path);
    const own = VERSIONS[generation];
    const missing = (['bl2', 'bl33'] as const).filter(
      (name) => !images.some(({ id, version }) => id === IMAGE_IDS[name] && version <= own),
    );
    if (missing.length > 0)
      throw new OperationFailure('ImageNotForCard', 'neverSucceeds', `the image holds no ${missing.join(' and no ')} for a ${generation}`);
  }
}

async function digest(path: string, name: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    throw new OperationFailure('ImageNotReadable', 'transient', `image ${name} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  return hash.digest('hex');
}

/** Ids and versions of the images, from their headers alone. */
async function imagesIn(path: string): Promise<{ id: number; version: number }[]> {
  const file = await open(path, 'r');
  try {
    const images: { id: number; version: number }[] = [];
    const bytes = Buffer.alloc(HEADER_BYTES);
    for (let at = 0; (await file.read(bytes, 0, HEADER_BYTES, at)).bytesRead === HEADER_BYTES;) {
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
