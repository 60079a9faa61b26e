/**
 * The 24-byte record header of a BFB: little-endian; magic, version nibbles, image id, payload length, CRC-32 over payload and padding, and
 * the bitmap of image ids that still follow. A BFB is a plain sequence of header, payload, padding to 8 bytes; there is no file header or trailer.
 */

export const HEADER_BYTES = 24;
const MAGIC = 0x13026642;
const MAJOR = 1;
const MINOR = 2;
const HEADER_WORDS = 3;

export interface Header {
  id: number;
  /** 0: common or BlueField-1, 1: BlueField-2, 2: BlueField-3. */
  version: number;
  /** Version of the next image of the same id, else 0. */
  nextVersion: number;
  /** Bytes of payload, without padding. */
  length: number;
  /** IEEE 802.3 CRC-32 over payload and padding. */
  crc: number;
  /** Bit i: an image with id i still follows. 0: this is the last image. */
  following: bigint;
}

/** Zero bytes that bring a payload to a multiple of 8. */
export const paddingOf = (length: number): number => (8 - (length % 8)) % 8;

/** Reads a header; a text says why the bytes are none. */
export function readHeader(bytes: Buffer): Header | string {
  if (bytes.readUInt32LE(0) !== MAGIC)
    return `bad magic 0x${bytes.readUInt32LE(0).toString(16).padStart(8, '0')}, expected 0x${MAGIC.toString(16)}`;
  const [versions, next, current] = [bytes.readUInt8(4), bytes.readUInt8(5), bytes.readUInt8(6)];
  if ((versions & 0xf) !== MAJOR) return `major version ${versions & 0xf}, expected ${MAJOR}`;
  if (versions >> 4 > MINOR) return `minor version ${versions >> 4}, at most ${MINOR} is understood`;
  if (current >> 4 !== HEADER_WORDS) return `header of ${current >> 4} words, expected ${HEADER_WORDS}`;
  return {
    id: bytes.readUInt8(7),
    version: current & 0xf,
    nextVersion: next >> 4,
    length: bytes.readUInt32LE(8),
    crc: bytes.readUInt32LE(12),
    following: bytes.readBigUInt64LE(16),
  };
}

/** The inverse of {@link readHeader}. */
export function writeHeader(header: Header): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt8((MINOR << 4) | MAJOR, 4);
  bytes.writeUInt8(header.nextVersion << 4, 5);
  bytes.writeUInt8((HEADER_WORDS << 4) | header.version, 6);
  bytes.writeUInt8(header.id, 7);
  bytes.writeUInt32LE(header.length, 8);
  bytes.writeUInt32LE(header.crc, 12);
  bytes.writeBigUInt64LE(header.following, 16);
  return bytes;
}
