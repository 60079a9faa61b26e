/** A FUSE server in plain Node: mounts a tree, so that an agent reaches simulated devices through the kernel, with its errnos, blocking and short writes. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, read, writeSync } from 'node:fs';
import { Errno, errnoOf } from '../errno.ts';
import { lookup, type Dir, type Handle, type TreeNode } from '../tree.ts';
import * as wire from './fuse-wire.ts';

const { OP, TYPE } = wire;
const CHANGES_TREE: readonly number[] = [OP.SYMLINK, OP.MKNOD, OP.MKDIR, OP.UNLINK, OP.RMDIR, OP.RENAME, OP.RENAME2, OP.CREATE];
const DONE = Buffer.alloc(0);

type Entry = { name: string; type: number };

export class FuseMount {
  readonly #root: Dir;
  readonly #mountPoint: string;
  readonly #fd: number;
  readonly #paths: string[][] = [[], []];
  readonly #inodes = new Map<string, number>([['', 1]]);
  readonly #handles = new Map<number, Handle | Entry[]>();
  readonly #pending = new Map<bigint, AbortController>();
  #nextHandle = 1;
  #closed = false;

  private constructor(mountPoint: string, root: Dir, fd: number) {
    this.#root = root;
    this.#mountPoint = mountPoint;
    this.#fd = fd;
  }

  /**
   * Mounts a tree. The process that does it must make no file calls below the mount point: the kernel could neither answer nor kill it.
   * @throws Error with the reason when this machine or user cannot mount
   */
  static async open(mountPoint: string, root: Dir): Promise<FuseMount> {
    await unmount(mountPoint);
    mkdirSync(mountPoint, { recursive: true });
    let fd: number;
    try {
      fd = openSync('/dev/fuse', 'r+');
    } catch (error) {
      throw new Error('/dev/fuse cannot be opened', { cause: error });
    }
    const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions';
    const { code, stderr } = await run('mount', ['-i', '-t', 'fuse', 'dpu-sim', mountPoint, '-o', options], fd);
    if (code !== 0) {
      closeSync(fd);
      throw new Error(`mount at ${mountPoint} failed: ${stderr.trim()}`);
    }
    const mount = new FuseMount(mountPoint, root, fd);
    mount.#next(Buffer.alloc(wire.REQUEST_BYTES));
    return mount;
  }

  /** Requests that wait get EINTR, and the mount goes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const pending of this.#pending.values()) pending.abort();
    await unmount(this.#mountPoint);
  }

  #next(buffer: Buffer): void {
    read(this.#fd, buffer, 0, buffer.length, null, (error, length) => {
      if (error) {
        // ENODEV: unmounted. The others say that a request was withdrawn before it was read.
        if (['ENOENT', 'EINTR', 'EAGAIN'].includes(error.code ?? '')) return this.#next(buffer);
        this.#closed = true;
        return closeSync(this.#fd);
      }
      void this.#serve(wire.readRequest(buffer.subarray(0, length)));
      this.#next(buffer);
    });
  }

  async #serve(request: wire.FuseRequest): Promise<void> {
    const { op, unique } = request;
    if (op === OP.FORGET || op === OP.BATCH_FORGET) return;
    if (op === OP.INTERRUPT) return this.#pending.get(wire.interruptedIn(request.body))?.abort();
    const abort = new AbortController();
    this.#pending.set(unique, abort);
    try {
      this.#send(wire.answer(unique, await this.#do(request, abort.signal)));
    } catch (error) {
      this.#send(wire.answer(unique, DONE, errnoOf(error)));
    } finally {
      this.#pending.delete(unique);
    }
  }

  #send(bytes: Buffer): void {
    try {
      writeSync(this.#fd, bytes);
    } catch {
      // The asker is gone, or the mount is.
    }
  }

  #do({ op, node, body }: wire.FuseRequest, signal: AbortSignal): Buffer | Promise<Buffer> {
    switch (op) {
      case OP.INIT:
        return wire.initOut();
      case OP.LOOKUP: {
        const path = [...(this.#paths[node] ?? []), wire.nameIn(body)];
        return wire.entryOut(attributesOf(this.#inode(path), this.#at(path)));
      }
      case OP.GETATTR:
      case OP.SETATTR:
        return wire.attrOut(attributesOf(node, this.#at(this.#paths[node])));
      case OP.READLINK: {
        const found = this.#at(this.#paths[node]);
        if (found.kind !== 'link' && found.kind !== 'outside') throw new Errno('EINVAL', 'no link');
        return Buffer.from(found.kind === 'link' ? found.target : found.path);
      }
      case OP.OPEN:
        return this.#open(this.#at(this.#paths[node]));
      case OP.READ:
        return this.#read(body);
      case OP.WRITE:
        return this.#write(body, signal);
      case OP.RELEASE:
        return this.#release(body);
      case OP.OPENDIR:
        return this.#openDir(this.#at(this.#paths[node]));
      case OP.READDIR: {
        const { offset, size } = wire.rangeIn(body);
        return wire.direntsOut(this.#handles.get(wire.handleIn(body)) as Entry[], offset, size);
      }
      case OP.RELEASEDIR:
        this.#handles.delete(wire.handleIn(body));
        return DONE;
      case OP.STATFS:
        return Buffer.alloc(80);
      case OP.ACCESS:
      case OP.FLUSH:
      case OP.DESTROY:
        return DONE;
      default:
        throw CHANGES_TREE.includes(op) ? new Errno('EACCES', 'hardware makes these files') : new Errno('ENOSYS', `operation ${op}`);
    }
  }

  #at(path: readonly string[] | undefined): TreeNode {
    const found = path && lookup(this.#root, path);
    if (!found) throw new Errno('ENOENT', 'gone');
    return found;
  }

  #inode(path: string[]): number {
    const key = path.join('/');
    let inode = this.#inodes.get(key);
    if (inode === undefined) {
      inode = this.#paths.push(path) - 1;
      this.#inodes.set(key, inode);
    }
    return inode;
  }

  async #open(node: TreeNode): Promise<Buffer> {
    if (node.kind !== 'file') throw new Errno('EISDIR', 'no file');
    return wire.openOut(this.#keep(await node.open()), false);
  }

  #openDir(node: TreeNode): Buffer {
    if (node.kind !== 'dir') throw new Errno('ENOTDIR', 'no directory');
    const entries = Object.entries(node.entries()).map(([name, child]) => ({ name, type: attributesOf(0, child).mode & 0o170000 }));
    return wire.openOut(this.#keep(entries), true);
  }

  #keep(handle: Handle | Entry[]): number {
    const id = this.#nextHandle++;
    this.#handles.set(id, handle);
    return id;
  }

  async #read(body: Buffer): Promise<Buffer> {
    const handle = this.#handles.get(wire.handleIn(body)) as Handle;
    const { offset, size } = wire.rangeIn(body);
    if (!handle.read) throw new Errno('EINVAL', 'write-only');
    return handle.read(size, offset);
  }

  async #write(body: Buffer, signal: AbortSignal): Promise<Buffer> {
    const handle = this.#handles.get(wire.handleIn(body)) as Handle;
    if (!handle.write) throw new Errno('EACCES', 'read-only');
    return wire.writeOut(await handle.write(wire.dataIn(body), signal));
  }

  async #release(body: Buffer): Promise<Buffer> {
    const id = wire.handleIn(body);
    const handle = this.#handles.get(id) as Handle | undefined;
    this.#handles.delete(id);
    await handle?.close?.();
    return DONE;
  }
}

function attributesOf(inode: number, node: TreeNode): wire.Attributes {
  switch (node.kind) {
    case 'dir':
      return { inode, mode: TYPE.dir | 0o755, size: 0 };
    case 'file':
      return { inode, mode: TYPE.file | node.mode, size: 0 };
    case 'link':
      return { inode, mode: TYPE.link | 0o777, size: node.target.length };
    case 'outside':
      return { inode, mode: TYPE.link | 0o777, size: node.path.length };
  }
}

/** Takes whatever is mounted there away, also when its server was killed. Quiet when nothing is. Not synchronous: umount may ask the server about the mount point. */
export async function unmount(mountPoint: string): Promise<void> {
  await run('umount', ['-l', mountPoint]);
}

function run(command: string, args: string[], fd?: number): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', fd ?? 'ignore'] });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', (error) => resolve({ code: 127, stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, stderr }));
  });
}
