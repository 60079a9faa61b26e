/** The BFB volume: `<sha256>.bfb` per published image, downloads under way in `.partial`. bfb-downloader is its only writer. */
import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const PARTIAL = '.partial';
const IMAGE = /^([0-9a-f]{64})\.bfb$/;

/** Beside a partial download: the ETag of the image that it is a part of. */
export const etagFile = (partial: string): string => `${partial}.etag`;

export class BfbVolume {
  readonly #folder: string;
  readonly #instance: string;

  /** @param instance names this replica, so that two never write one file */
  constructor(folder: string, instance: string) {
    this.#folder = folder;
    this.#instance = instance.replaceAll(/[^A-Za-z0-9.-]/g, '_');
  }

  imagePath(sha256: string): string {
    return join(this.#folder, `${sha256}.bfb`);
  }

  /**
   * This replica's partial download of a Bfb at a generation of its spec. Whoever asks is the only one who downloads this Bfb: what older
   * generations and other replicas left of it is removed.
   */
  async partialPath(uid: string, generation: number): Promise<string> {
    await mkdir(join(this.#folder, PARTIAL), { recursive: true });
    const name = `${uid}_${generation}_${this.#instance}`;
    await this.removePartials(uid, name);
    return join(this.#folder, PARTIAL, name);
  }

  /** Bytes of a published image; undefined if it is not there. */
  async size(sha256: string): Promise<number | undefined> {
    return stat(this.imagePath(sha256)).then(
      (found) => found.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      },
    );
  }

  /** Free bytes for an unprivileged writer. */
  async free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  /** Makes a complete, synced file the image of that digest, at once and whole. */
  async publish(file: string, sha256: string): Promise<void> {
    await rename(file, this.imagePath(sha256));
  }

  /**
   * Digests of the images that came to the volume before a time (milliseconds since the epoch). Their change time tells: publishing sets it, and so does
   * copying a volume together with its modification times.
   */
  async imagesBefore(time: number): Promise<string[]> {
    const digests = (await readdir(this.#folder)).flatMap((name) => IMAGE.exec(name)?.[1] ?? []);
    const came = await Promise.all(digests.map((sha256) => stat(this.imagePath(sha256)).catch(() => undefined)));
    return digests.filter((_, i) => (came[i]?.ctimeMs ?? time) < time);
  }

  async removeImage(sha256: string): Promise<void> {
    await rm(this.imagePath(sha256), { force: true });
  }

  /** Removes the partial downloads of one Bfb, whoever began them; `keep` names one that stays. */
  async removePartials(uid: string, keep?: string): Promise<void> {
    for (const name of await this.#partials()) {
      const kept = keep !== undefined && [keep, etagFile(keep)].includes(name);
      if (name.startsWith(`${uid}_`) && !kept) await rm(join(this.#folder, PARTIAL, name), { force: true });
    }
  }

  /** Removes partial downloads of Bfbs that do not exist. They are asked for after the files were seen: a Bfb comes before its file. */
  async sweep(existing: () => Promise<ReadonlySet<string | undefined>>): Promise<void> {
    const names = await this.#partials();
    if (names.length === 0) return;
    const uids = await existing();
    for (const name of names) if (!uids.has(name.split('_')[0])) await rm(join(this.#folder, PARTIAL, name), { force: true });
  }

  async #partials(): Promise<string[]> {
    return readdir(join(this.#folder, PARTIAL)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }
}
