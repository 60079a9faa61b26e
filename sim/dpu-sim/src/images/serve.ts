/** An HTTP server of images, with ETag, HEAD and ranges as a vendor's has them, and with faults. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { GeneratedBfb } from './generate.ts';

/** What happens to a request: another status; the body cut off after so many bytes; a slow body; headers and nothing more; ranges ignored; another image under the same name. */
export type ImageFault =
  { status: number } | { truncateAt: number } | { bytesPerSecond: number } | { stall: true } | { noRanges: true } | { corruptAt: number };

export interface ImageRequest {
  method: string;
  path: string;
  range?: string;
  status: number;
}

export interface ImageServer {
  /** `http://127.0.0.1:<port>` */
  url: string;
  requests: ImageRequest[];
  /** Offers an image at a path. */
  put(path: string, image: GeneratedBfb | Buffer): void;
  remove(path: string): void;
  /** The next `times` requests meet a fault. */
  break(fault: ImageFault, times?: number): void;
  failNext(status: number, times?: number): void;
  heal(): void;
  close(): Promise<void>;
}

interface Content {
  size: number;
  etag: string;
  stream(start: number, end: number): Readable;
}

/** @param source a directory, or images by path without a leading slash
 * @param port default: any that is free
 * @param host address to listen on */
export async function serveImages(
  source: string | Record<string, GeneratedBfb | Buffer>,
  port = 0,
  host = '127.0.0.1',
): Promise<ImageServer> {
  const images = new Map<string, Content>();
  const faults: ImageFault[] = [];
  const requests: ImageRequest[] = [];
  const put = (path: string, image: GeneratedBfb | Buffer) => images.set(path.replace(/^\//, ''), contentOf(image));
  if (typeof source !== 'string') for (const [path, image] of Object.entries(source)) put(path, image);
  const find = (path: string) => images.get(path) ?? (typeof source === 'string' ? contentOfFile(source, path) : undefined);

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname).slice(1);
    const { range } = request.headers;
    serve(request, response, find(path), faults.shift());
    requests.push({ method: request.method ?? '', path, status: response.statusCode, ...(range && { range }) });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, () => resolve()));
  const broken = (fault: ImageFault, times = 1) => {
    for (let i = 0; i < times; i++) faults.push(fault);
  };
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    requests,
    put,
    remove: (path) => images.delete(path.replace(/^\//, '')),
    break: broken,
    failNext: (status, times) => broken({ status }, times),
    heal: () => void (faults.length = 0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(request: IncomingMessage, response: ServerResponse, content: Content | undefined, fault: ImageFault | undefined): void {
  const status =
    fault && 'status' in fault ? fault.status : !content ? 404 : request.method === 'GET' || request.method === 'HEAD' ? 200 : 405;
  if (status !== 200 || !content) {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html>no image here</html>');
    return;
  }
  const headers = { etag: content.etag, 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' };
  if (request.headers['if-none-match'] === content.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = fault && 'noRanges' in fault ? undefined : rangeOf(request, content);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${content.size}` }).end();
    return;
  }
  const [start, end] = range ?? [0, content.size];
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': end - start,
    ...(range && { 'content-range': `bytes ${start}-${end - 1}/${content.size}` }),
  });
  if (request.method === 'HEAD') response.end();
  else if (fault && 'stall' in fault) response.flushHeaders();
  else void send(content.stream(start, end), response, fault);
}

/** First byte and the one behind the last; undefined: all of it (no range, or the image is another one by now). */
function rangeOf({ headers }: IncomingMessage, { size, etag }: Content): [number, number] | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  const condition = headers['if-range'];
  if (!match || (condition !== undefined && condition !== etag)) return undefined;
  const start = Number(match[1]);
  if (start >= size) return 'unsatisfiable';
  return [start, match[2] ? Math.min(Number(match[2]) + 1, size) : size];
}

async function send(body: Readable, response: ServerResponse, fault: ImageFault | undefined): Promise<void> {
  let sent = 0;
  const shaped = new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      const before = sent;
      sent += chunk.length;
      if (fault && 'truncateAt' in fault && sent >= fault.truncateAt) {
        response.write(chunk.subarray(0, Math.max(0, fault.truncateAt - before)), () => response.destroy());
        return done();
      }
      if (fault && 'corruptAt' in fault && before <= fault.corruptAt && fault.corruptAt < sent) {
        const wrong = Buffer.from(chunk);
        wrong[fault.corruptAt - before] = (wrong[fault.corruptAt - before] as number) ^ 0xff;
        return done(null, wrong);
      }
      if (fault && 'bytesPerSecond' in fault) await delay((chunk.length / fault.bytesPerSecond) * 1000);
      done(null, chunk);
    },
  });
  body.pipe(shaped).pipe(response);
  response.on('close', () => body.destroy());
}

const contentOf = (image: GeneratedBfb | Buffer): Content =>
  image instanceof GeneratedBfb
    ? { size: image.size, etag: `"${image.sha256.slice(0, 32)}"`, stream: (start, end) => image.stream(start, end) }
    : { size: image.length, etag: etagOf(image), stream: (start, end) => Readable.from(image.subarray(start, end), { objectMode: false }) };

function contentOfFile(folder: string, path: string): Content | undefined {
  const file = join(folder, normalize(`/${path}`));
  const stats = statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile()) return undefined;
  return {
    size: stats.size,
    etag: stats.size < 1 << 20 ? etagOf(readFileSync(file)) : `"${stats.size}-${stats.mtimeMs}"`,
    stream: (start, end) => createReadStream(file, { start, end: end - 1 }),
  };
}

const etagOf = (bytes: Buffer) => `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
