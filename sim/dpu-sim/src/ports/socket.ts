/**
 * The host port without FUSE: one unix socket per host, JSON lines (HOST_SOCKET of an agent).
 *
 * Request `{id, op, path, data?}`, answer `{id, ok: true, data}` or `{id, errno: "EBUSY", message}`. Paths are absolute on the host (`/dev/rshim0/misc`), links are followed.
 *
 * | op | data of the request | data of the answer |
 * |---|---|---|
 * | `read` | – | the whole file, base64 |
 * | `list` | – | list of names |
 * | `write` | base64: one write(2) to a device or attribute; below /etc the whole file, replaced at once | – |
 * | `stat` | – | `{type: "file" \| "directory", size, mode}` |
 * | `readlink` | – | target of the link |
 * | `boot-open` | – | – ; opens the boot file of `path`, once per connection |
 * | `boot-write` | base64 | bytes accepted: all that were given |
 * | `boot-close` | – | – |
 *
 * Answers come as they are ready, not in the order of the requests. Closing the connection closes its boot file and interrupts a write in it.
 */
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { listenJsonLines } from '../ctl/json-lines.ts';
import { Errno, errnoOf } from '../errno.ts';
import { resolve, type Dir, type File, type Handle } from '../tree.ts';

export type HostRequest = { id: number; path: string; data?: string } & {
  op: 'read' | 'list' | 'write' | 'stat' | 'readlink' | 'boot-open' | 'boot-write' | 'boot-close';
};
export type HostAnswer = { id: number; ok: true; data?: unknown } | { id: number; errno: string; message: string };

export class HostSocket {
  readonly #root: Dir;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(root: Dir) {
    this.#root = root;
  }

  async listen(path: string): Promise<void> {
    this.#server = await listenJsonLines(path, (socket) => {
      const connection = new Connection(this.#root);
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        connection.close();
      });
      return (message, send) => {
        const { id } = message as HostRequest;
        connection.serve(message as HostRequest).then(
          (data) => send({ id, ok: true, ...(data !== undefined && { data }) } satisfies HostAnswer),
          (error: unknown) => send({ id, errno: errnoOf(error), message: (error as Error).message } satisfies HostAnswer),
        );
      };
    });
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

class Connection {
  readonly #root: Dir;
  readonly #closed = new AbortController();
  #boot: Handle | undefined;

  constructor(root: Dir) {
    this.#root = root;
  }

  async serve({ op, path, data = '' }: HostRequest): Promise<unknown> {
    switch (op) {
      case 'read':
        return (await this.#read(path)).toString('base64');
      case 'list':
        return this.#list(path);
      case 'write':
        return this.#write(path, Buffer.from(data, 'base64'));
      case 'stat':
        return this.#stat(path);
      case 'readlink': {
        const { node } = resolve(this.#root, path, false);
        if (node.kind !== 'link') throw new Errno('EINVAL', `${path} is no link`);
        return node.target;
      }
      case 'boot-open':
        return this.#bootOpen(path);
      case 'boot-write':
        if (!this.#boot?.write) throw new Errno('EBADF', 'boot is not open on this connection');
        return this.#bootWrite(this.#boot, Buffer.from(data, 'base64'));
      case 'boot-close': {
        const boot = this.#boot;
        this.#boot = undefined;
        return boot?.close?.();
      }
      default:
        throw new Errno('EINVAL', `no operation is called ${String(op)}`);
    }
  }

  close(): void {
    this.#closed.abort();
    void this.#boot?.close?.();
    this.#boot = undefined;
  }

  async #bootOpen(path: string): Promise<void> {
    if (this.#boot) throw new Errno('EBUSY', 'boot is open on this connection');
    const handle = await this.#file(path).open();
    if (this.#closed.signal.aborted) await handle.close?.();
    else this.#boot = handle;
  }

  async #bootWrite(boot: Handle, data: Buffer): Promise<number> {
    for (let done = 0; done < data.length;) done += (await boot.write?.(data.subarray(done), this.#closed.signal)) ?? 0;
    return data.length;
  }

  async #read(path: string): Promise<Buffer> {
    const { node, rest } = resolve(this.#root, path);
    if (node.kind === 'outside') return readFile(join(node.path, ...rest));
    const handle = await this.#file(path).open();
    const parts: Buffer[] = [];
    for (let offset = 0; ;) {
      const part = (await handle.read?.(65536, offset)) ?? Buffer.alloc(0);
      if (part.length === 0) break;
      parts.push(part);
      offset += part.length;
    }
    await handle.close?.();
    return Buffer.concat(parts);
  }

  async #list(path: string): Promise<string[]> {
    const { node, rest } = resolve(this.#root, path);
    if (node.kind === 'outside') return readdir(join(node.path, ...rest));
    if (node.kind !== 'dir') throw new Errno('ENOTDIR', `${path} is no directory`);
    return Object.keys(node.entries());
  }

  async #write(path: string, data: Buffer): Promise<void> {
    const { node, rest } = resolve(this.#root, path);
    if (node.kind === 'outside') {
      const file = join(node.path, ...rest);
      await mkdir(dirname(file), { recursive: true });
      const next = join(dirname(file), `.${process.pid}.new`);
      await writeFile(next, data);
      return rename(next, file);
    }
    const handle = await this.#file(path).open();
    if (!handle.write) throw new Errno('EACCES', `${path} is read-only`);
    await handle.write(data, this.#closed.signal);
    await handle.close?.();
  }

  async #stat(path: string): Promise<{ type: 'file' | 'directory'; size: number; mode: number }> {
    const { node, rest } = resolve(this.#root, path);
    if (node.kind === 'outside') {
      const found = await stat(join(node.path, ...rest));
      return { type: found.isDirectory() ? 'directory' : 'file', size: found.size, mode: found.mode & 0o777 };
    }
    return node.kind === 'file' ? { type: 'file', size: 0, mode: node.mode } : { type: 'directory', size: 0, mode: 0o755 };
  }

  #file(path: string): File {
    const { node } = resolve(this.#root, path);
    if (node.kind !== 'file') throw new Errno('EISDIR', `${path} is no file`);
    return node;
  }
}
