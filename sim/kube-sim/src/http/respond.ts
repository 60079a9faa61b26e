/** Answers: JSON, in pieces where it is long. */
import type { ServerResponse } from 'node:http';
import { ApiFailure } from '../status.ts';

export function sendJson(response: ServerResponse, code: number, value: unknown, type = 'application/json'): void {
  sendBytes(response, code, Buffer.from(JSON.stringify(value)), type);
}

export function sendBytes(response: ServerResponse, code: number, bytes: Buffer, type = 'application/json'): void {
  response.writeHead(code, { 'Content-Type': type, 'Content-Length': bytes.length });
  // As one string, head and body are one write and one TLS record.
  response.end(bytes.toString('latin1'), 'latin1');
}

/** Anything thrown becomes a Status; what is not a refusal of ours is a 500 that names the fault. */
export function sendFailure(response: ServerResponse, error: unknown): void {
  const failure =
    error instanceof ApiFailure
      ? error
      : new ApiFailure(500, 'InternalError', `Internal error occurred: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (failure.details?.retryAfterSeconds) response.setHeader('Retry-After', failure.details.retryAfterSeconds);
  sendJson(response, failure.code, failure.status());
}

/** Bytes written before the loop gets a turn: a list of any length blocks nobody for long. */
const PIECE = 512 * 1024;

/** Resolves when the reader has caught up or gone away. */
const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
    if (response.destroyed) done();
  });

/** Gives others a turn, and a slow reader time. */
export const turn = (response: ServerResponse): Promise<void> =>
  response.writableNeedDrain ? drained(response) : new Promise((resolve) => setImmediate(resolve));

/** Streams the parts one after the other, waiting for a slow reader and letting others run in between. */
export async function sendParts(response: ServerResponse, parts: Iterable<Buffer | string>): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  let piece: Buffer[] = [];
  let size = 0;
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    piece.push(bytes);
    size += bytes.length;
    if (size < PIECE) continue;
    response.write(Buffer.concat(piece));
    piece = [];
    size = 0;
    await turn(response);
    if (response.destroyed) return;
  }
  response.end(Buffer.concat(piece));
}
