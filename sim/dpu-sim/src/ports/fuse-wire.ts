/** The FUSE kernel protocol (version 7.31), as far as a simulated device tree needs it. Little-endian. */
import { constants } from 'node:os';
import type { ErrnoName } from '../errno.ts';

export const OP = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
  RENAME2: 45,
} as const;

/** The kernel cuts a write(2) into requests of this size, as CUSE does. */
export const MAX_WRITE = 128 * 1024;
/** At least MAX_WRITE and a page, or the kernel refuses the read. */
export const REQUEST_BYTES = MAX_WRITE + 64 * 1024;

const IN_HEADER = 40;
const DIRECT_IO = 1;
const NONSEEKABLE = 4;
const BIG_WRITES = 1 << 5;
const MAX_PAGES = 1 << 22;

export interface FuseRequest {
  op: number;
  unique: bigint;
  node: number;
  body: Buffer;
}

export const readRequest = (bytes: Buffer): FuseRequest => ({
  op: bytes.readUInt32LE(4),
  unique: bytes.readBigUInt64LE(8),
  node: Number(bytes.readBigUInt64LE(16)),
  body: bytes.subarray(IN_HEADER),
});

/** A name in a request ends with a NUL. */
export const nameIn = (body: Buffer): string => body.subarray(0, body.indexOf(0)).toString();
export const handleIn = (body: Buffer): number => Number(body.readBigUInt64LE(0));
/** READ and READDIR. */
export const rangeIn = (body: Buffer) => ({ offset: Number(body.readBigUInt64LE(8)), size: body.readUInt32LE(16) });
/** The data of a WRITE, copied: the request's buffer is used again. */
export const dataIn = (body: Buffer): Buffer => Buffer.from(body.subarray(40, 40 + body.readUInt32LE(16)));
/** The request that an INTERRUPT is about. */
export const interruptedIn = (body: Buffer): bigint => body.readBigUInt64LE(0);

export function answer(unique: bigint, body: Buffer = Buffer.alloc(0), errno?: ErrnoName): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + body.length, 0);
  head.writeInt32LE(errno ? -constants.errno[errno] : 0, 4);
  head.writeBigUInt64LE(unique, 8);
  return Buffer.concat([head, body]);
}

export function initOut(): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(BIG_WRITES | MAX_PAGES, 12);
  out.writeUInt16LE(16, 16);
  out.writeUInt16LE(12, 18);
  out.writeUInt32LE(MAX_WRITE, 20);
  out.writeUInt32LE(1, 24);
  out.writeUInt16LE(MAX_WRITE / 4096, 28);
  return out;
}

export interface Attributes {
  inode: number;
  /** File type and permissions. */
  mode: number;
  size: number;
}
export const TYPE = { dir: 0o040000, file: 0o100000, link: 0o120000 } as const;

function attributes({ inode, mode, size }: Attributes): Buffer {
  const out = Buffer.alloc(88);
  out.writeBigUInt64LE(BigInt(inode), 0);
  out.writeBigUInt64LE(BigInt(size), 8);
  out.writeUInt32LE(mode, 60);
  out.writeUInt32LE(1, 64);
  out.writeUInt32LE(4096, 80);
  return out;
}

/** Nothing is cached by the kernel: hardware comes and goes. */
export function entryOut(attr: Attributes): Buffer {
  const out = Buffer.alloc(40);
  out.writeBigUInt64LE(BigInt(attr.inode), 0);
  return Buffer.concat([out, attributes(attr)]);
}
export const attrOut = (attr: Attributes): Buffer => Buffer.concat([Buffer.alloc(16), attributes(attr)]);

/** Files bypass the page cache, so that each read and write reaches the device. */
export function openOut(handle: number, isDir: boolean): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(handle), 0);
  out.writeUInt32LE(isDir ? 0 : DIRECT_IO | NONSEEKABLE, 8);
  return out;
}

export function writeOut(count: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(count, 0);
  return out;
}

/** Directory entries from `offset` on, as many as fit into `size` bytes. */
export function direntsOut(entries: readonly { name: string; type: number }[], offset: number, size: number): Buffer {
  const parts: Buffer[] = [];
  let room = size;
  for (const [i, { name, type }] of [...entries.entries()].slice(offset)) {
    const bytes = Buffer.from(name);
    const out = Buffer.alloc(24 + Math.ceil(bytes.length / 8) * 8);
    if (out.length > room) break;
    out.writeBigUInt64LE(BigInt(i + 2), 0);
    out.writeBigUInt64LE(BigInt(i + 1), 8);
    out.writeUInt32LE(bytes.length, 16);
    out.writeUInt32LE(type >> 12, 20);
    bytes.copy(out, 24);
    parts.push(out);
    room -= out.length;
  }
  return Buffer.concat(parts);
}
