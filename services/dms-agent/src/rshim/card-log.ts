/** Follows the log of one card through resets, other readers and changes of its device's number. */
import { inDropMode, isFilling, isFull, LogTail } from './misc.ts';
import type { Rshim } from './rshim.ts';

export class CardLog {
  readonly #pci: string;
  readonly #rshim: Rshim;
  #news: string[] = [];
  #device: string | undefined;
  #filling = false;
  /** The host lost rshim to the BMC, as of the last look. */
  dropMode = false;
  /** Lines may have been lost, as of the last look. */
  full = false;

  /** @param pci `0000:4b:00` @param oldLog lines that are no news */
  constructor(pci: string, rshim: Rshim, oldLog?: readonly string[]) {
    this.#pci = pci;
    this.#rshim = rshim;
    const tail = new LogTail(oldLog);
    rshim.follow(pci, (log) => this.#news.push(...tail.take(log)));
  }

  /** The new lines. While the card is in reset nothing can be read: that is no failure. */
  async look(): Promise<string[]> {
    try {
      if (this.#device === undefined) await this.#find();
      if (this.#device !== undefined) {
        const report = await this.#rshim.read(this.#device);
        this.dropMode = inDropMode(report);
        this.#filling = isFilling(report.log ?? []);
        this.full = isFull(report.log ?? []);
      }
    } catch {
      this.#device = undefined;
    }
    return this.#take();
  }

  /** Makes room when the buffer is half full. @returns lines that came at the last moment */
  async emptyIfFilling(): Promise<string[]> {
    if (this.#filling && this.#device !== undefined) await this.#rshim.empty(this.#device).catch(() => undefined);
    this.#filling = false;
    return this.#take();
  }

  async end(): Promise<void> {
    this.#rshim.unfollow(this.#pci);
    if (this.#device !== undefined) await this.#rshim.hideLog(this.#device);
  }

  async #find(): Promise<void> {
    const device = await this.#rshim.find(this.#pci);
    if (!device) return;
    await this.#rshim.showLog(device.name);
    this.#device = device.name;
  }

  #take(): string[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }
}
