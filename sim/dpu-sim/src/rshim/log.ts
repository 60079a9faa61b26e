/** The rshim log: a scratch buffer of 128 words of 8 bytes. What does not fit is cut or dropped without an error. */

export type LogLevel = 'INFO' | 'WARN' | 'ERR' | 'ASSERT';
export type LogModule = 'MISC' | 'BL1' | 'BL2' | 'BL2R' | 'BL31' | 'UEFI' | 'PSC';

const WORD = 8;
/** Writers stop at this index of the 128 words. */
export const LOG_WORDS = 126;

export class RshimLog {
  #lines: string[] = [];
  #used = 0;

  /** Words that are still free. */
  get free(): number {
    return LOG_WORDS - this.#used;
  }

  /** One message: a header word and its text. False: cut or dropped. */
  append(module: LogModule, level: LogLevel, message: string): boolean {
    const bytes = Buffer.from(message);
    const room = (this.free - 1) * WORD;
    if (room <= 0) return false;
    const kept = bytes.subarray(0, room);
    this.#lines.push(` ${level}[${module}]: ${kept.toString()}`);
    this.#used += 1 + Math.ceil(kept.length / WORD);
    return kept.length === bytes.length;
  }

  /** A crash record: the head line and its registers. */
  crash(head: string, registers: Record<string, string>): void {
    this.#lines.push(` ${head}`, ...Object.entries(registers).map(([name, value]) => `   ${name.padEnd(16)}${value}`));
    this.#used = Math.min(LOG_WORDS, this.#used + 2 + 2 * Object.keys(registers).length);
  }

  /** What `bfrshlog TEXT` does: the level is taken from a prefix, the module is MISC. */
  bfrshlog(text: string): boolean {
    const match = /^\s*(?:(INFO|WARN|ERR|ASSERT)(?:ING|OR)?:?\s)?\s*([\s\S]*)$/.exec(text);
    return this.append('MISC', (match?.[1] as LogLevel | undefined) ?? 'INFO', match?.[2] ?? text);
  }

  /** The lines; with `clear` the buffer is emptied by reading it. */
  read(clear: boolean): string {
    const all = this.#lines.map((line) => `${line}\n`).join('');
    if (clear) this.clear();
    return all;
  }

  clear(): void {
    this.#lines = [];
    this.#used = 0;
  }
}
