/**
 * A time limit for work of the file system that may never return: a dead driver, or a volume whose server is away, blocks a call for ever. Giving up the
 * wait gives no thread back, and the process has few of them: so nothing is begun behind work that is late and has not returned yet.
 */
import { hostError } from './port.ts';

/** To be called by work that goes on for long whenever it got ahead: its time begins anew. Throws once it was given up. */
export type Alive = () => void;

export class Patience {
  readonly #limitMs: number;
  /** How many are late, by key. */
  readonly #late = new Map<string, number>();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * @param key what would block: a device, a volume @param what the work in words (`reading /dev/rshim0/misc`)
   * @throws ETIMEDOUT after the limit, and at once while other work of this key is late
   */
  async run<T>(key: string, what: string, work: (alive: Alive) => Promise<T>): Promise<T> {
    if (this.#late.has(key)) throw hostError('ETIMEDOUT', `${what} was not tried: an earlier access has not returned yet`);
    let gaveUp: Error | undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#count(key, 1);
        reject((gaveUp = hostError('ETIMEDOUT', `${what} did not answer for ${this.#limitMs} ms`)));
      }, this.#limitMs);
    });
    const working = work(() => {
      if (gaveUp) throw gaveUp;
      timer?.refresh();
    }).finally(() => {
      clearTimeout(timer);
      if (gaveUp) this.#count(key, -1);
    });
    return Promise.race([working, late]);
  }

  #count(key: string, change: 1 | -1): void {
    const count = (this.#late.get(key) ?? 0) + change;
    if (count > 0) this.#late.set(key, count);
    else this.#late.delete(key);
  }
}
