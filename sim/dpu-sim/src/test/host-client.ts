/** What an agent does with a host, over each of the two ports: files below a root, and the socket. */
import { constants } from 'node:fs';
import { open, readdir, readFile, readlink, type FileHandle } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HostAnswer, HostRequest } from '../ports/socket.ts';
import type { HostView } from '../ctl/protocol.ts';

export interface BootFile {
  /** Writes all of it. */
  write(data: Buffer): Promise<void>;
  close(): Promise<void>;
}
export interface HostClient {
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  list(path: string): Promise<string[]>;
  readlink(path: string): Promise<string>;
  openBoot(path: string): Promise<BootFile>;
  close(): void;
}

export function fileClient({ root }: HostView): HostClient {
  const below = (path: string) => join(root as string, path);
  const writeAll = async (file: FileHandle, data: Buffer) => {
    for (let done = 0; done < data.length;) done += (await file.write(data, done)).bytesWritten;
  };
  return {
    read: (path) => readFile(below(path), 'utf8'),
    async write(path, text) {
      const file = await open(below(path), constants.O_WRONLY);
      await file.write(text).finally(() => file.close());
    },
    list: (path) => readdir(below(path)),
    readlink: (path) => readlink(below(path)),
    async openBoot(path) {
      const file = await open(below(path), constants.O_WRONLY);
      return { write: (data) => writeAll(file, data), close: () => file.close() };
    },
    close: () => undefined,
  };
}

export function socketClient({ socket }: HostView): HostClient {
  const shared = new Line(createConnection(socket));
  return {
    read: async (path) => Buffer.from(String(await shared.ask('read', path)), 'base64').toString(),
    write: async (path, text) => void (await shared.ask('write', path, Buffer.from(text))),
    list: async (path) => (await shared.ask('list', path)) as string[],
    readlink: async (path) => String(await shared.ask('readlink', path)),
    async openBoot(path) {
      const own = new Line(createConnection(socket));
      try {
        await own.ask('boot-open', path);
      } catch (error) {
        own.end();
        throw error;
      }
      return {
        write: async (data) => void (await own.ask('boot-write', path, data)),
        close: async () => {
          await own.ask('boot-close', path);
          own.end();
        },
      };
    },
    close: () => shared.end(),
  };
}

class Line {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: HostAnswer) => void>();
  #id = 0;

  constructor(socket: Socket) {
    this.#socket = socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const answer = JSON.parse(line) as HostAnswer;
      this.#waiting.get(answer.id)?.(answer);
    });
  }

  async ask(op: HostRequest['op'], path: string, data?: Buffer): Promise<unknown> {
    const id = ++this.#id;
    const request: HostRequest = { id, op, path, ...(data && { data: data.toString('base64') }) };
    this.#socket.write(`${JSON.stringify(request)}\n`);
    const answer = await new Promise<HostAnswer>((resolve) => this.#waiting.set(id, resolve));
    if ('errno' in answer) throw Object.assign(new Error(answer.message), { code: answer.errno });
    return answer.data;
  }

  end(): void {
    this.#socket.destroy();
  }
}
