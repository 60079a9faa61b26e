/** A watch that is open: what the server writes into it passes here line by line. */
import type { ServerResponse } from 'node:http';
import type { Asked } from './asked.ts';
import { EXPIRED } from './answer.ts';

const NEWLINE = 0x0a;

export class OpenWatch {
  readonly asked: Asked;
  readonly #write: ServerResponse['write'];
  readonly #end: ServerResponse['end'];
  #rest: Buffer = Buffer.alloc(0);
  #silent = false;

  readonly #json: boolean;

  /**
   * @param json false: the stream is in protobuf, whose events are not told apart here
   * @param drops told every event; true: the client does not get it
   */
  constructor(response: ServerResponse, asked: Asked, json: boolean, drops: (watch: OpenWatch) => boolean) {
    this.asked = asked;
    this.#json = json;
    this.#write = response.write.bind(response) as ServerResponse['write'];
    this.#end = response.end.bind(response) as ServerResponse['end'];
    Object.assign(response, {
      write: (chunk: string | Uint8Array) => {
        if (this.#silent) return true;
        const lines = this.#lines(chunk).filter((line) => !isEvent(line) || !drops(this));
        return lines.length === 0 || this.#write(lines.length === 1 ? lines[0]! : Buffer.concat(lines));
      },
      end: (chunk?: string | Uint8Array) => {
        if (this.#silent) return response;
        const last = chunk === undefined ? [] : this.#lines(chunk);
        return this.#end(Buffer.concat([...last, this.#rest]));
      },
    });
  }

  /** From now on nothing comes, not even its end; the client has to leave by itself. */
  silence(): void {
    this.#silent = true;
  }

  /** Tells the client that its version is forgotten, and ends. */
  expire(): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#end(EXPIRED);
  }

  /** The lines that are whole by now, with their ends. */
  #lines(chunk: string | Uint8Array): Buffer[] {
    const given = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string);
    if (!this.#json) return [given];
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, given]) : given;
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      lines.push(bytes.subarray(start, end + 1));
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    return lines;
  }
}

const isEvent = (line: Buffer): boolean => /^\{"type":"(ADDED|MODIFIED|DELETED)"/.test(line.toString('latin1', 0, 24));
