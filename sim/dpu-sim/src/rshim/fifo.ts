/** The boot FIFO between the host's driver and the Arm: the writer blocks until all but {@link FIFO_BYTES} were pulled. */
import type { SimClock } from '../clock.ts';
import { Errno } from '../errno.ts';

/** 512 words of 8 bytes, 3 kept in reserve by the driver. */
export const FIFO_BYTES = 4072;

interface Writer {
  length: number;
  settle(result: number | Errno): void;
}

export class BootFifo {
  readonly #clock: SimClock;
  #chunks: Buffer[] = [];
  #length = 0;
  #progressAt = 0;
  #writer: Writer | undefined;
  #wakeReader: (() => void) | undefined;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** @param timeoutSeconds simulated seconds without progress after which the write gives up: a short count, or ETIMEDOUT when nothing was taken */
  write(data: Buffer, timeoutSeconds: number, signal: AbortSignal): Promise<number> {
    if (data.length === 0) return Promise.resolve(0);
    this.#chunks.push(data);
    this.#length += data.length;
    this.#progressAt = this.#clock.now();
    this.#wakeReader?.();
    if (this.#length <= FIFO_BYTES) return Promise.resolve(data.length);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const settle = (result: number | Errno) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', interrupt);
        this.#writer = undefined;
        if (typeof result === 'number') resolve(result);
        else reject(result);
      };
      const giveUp = (error: Errno) => settle(this.#takeBack(data.length) || error);
      const interrupt = () => giveUp(new Errno('EINTR', 'the writer was interrupted'));
      const check = () => {
        const left = this.#progressAt + timeoutSeconds * 1000 - this.#clock.now();
        if (left <= 0) giveUp(new Errno('ETIMEDOUT', `the Arm pulled nothing for ${timeoutSeconds} s`));
        else timer = setTimeout(check, this.#clock.toReal(left) + 1);
      };
      this.#writer = { length: data.length, settle };
      signal.addEventListener('abort', interrupt, { once: true });
      check();
    });
  }

  /** Bytes that wait, at most `max`; waits for some. Undefined when none came within `withinMs` real milliseconds. */
  async take(max: number, signal: AbortSignal, withinMs?: number): Promise<Buffer | undefined> {
    if (this.#length === 0) {
      const came = await this.#nextData(signal, withinMs);
      if (!came) return undefined;
    }
    const first = this.#chunks[0] as Buffer;
    const taken = first.subarray(0, max);
    if (taken.length === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(taken.length);
    this.#length -= taken.length;
    this.#progressAt = this.#clock.now();
    if (this.#length <= FIFO_BYTES) this.#writer?.settle(this.#writer.length);
    return taken;
  }

  /** The chip was reset: what waits is lost, and the driver tells the writer that it was written. */
  flush(): void {
    this.#chunks = [];
    this.#length = 0;
    this.#writer?.settle(this.#writer.length);
  }

  /** The device is gone: a blocked writer fails. */
  fail(error: Errno): void {
    this.#chunks = [];
    this.#length = 0;
    this.#writer?.settle(error);
  }

  #nextData(signal: AbortSignal, withinMs?: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.#wakeReader = undefined;
        settle();
      };
      const abort = () => end(() => reject(signal.reason as Error));
      const timer = withinMs === undefined ? undefined : setTimeout(() => end(() => resolve(false)), withinMs);
      signal.addEventListener('abort', abort, { once: true });
      this.#wakeReader = () => end(() => resolve(true));
    });
  }

  /** Takes the part of the last write that is beyond the FIFO back out; what remains is the count accepted. */
  #takeBack(written: number): number {
    let excess = Math.min(this.#length - FIFO_BYTES, written);
    const accepted = written - excess;
    while (excess > 0) {
      const last = this.#chunks.pop() as Buffer;
      const kept = last.subarray(0, Math.max(0, last.length - excess));
      excess -= last.length - kept.length;
      this.#length -= last.length - kept.length;
      if (kept.length > 0) this.#chunks.push(kept);
    }
    return accepted;
  }
}
