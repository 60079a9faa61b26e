import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE_IDS, writeBfb } from '@dpf/bfb';
import { etagFile } from '../volume.ts';
import { classify } from './failure.ts';
import { fetchImage } from './fetch.ts';

const IMAGE = Buffer.concat([
  ...writeBfb([
    { id: IMAGE_IDS.bl2, payload: Buffer.from('bl2') },
    { id: IMAGE_IDS.info, payload: Buffer.from('{"Members":[{"Name":"DOCA","Version":"2.7.0"}]}') },
    { id: IMAGE_IDS.initramfs, payload: Buffer.alloc(300_000, 5) },
  ]),
]);
const SHA256 = createHash('sha256').update(IMAGE).digest('hex');

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(answer: RequestListener): Promise<{ url: string; requests: IncomingMessage[]; server: Server }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/doca.bfb`, requests, server };
}

async function fetchTo(
  url: string,
  more: {
    file?: string;
    free?: number;
    headers?: Record<string, string>;
    limit?: AbortSignal;
    onProgress?: () => void;
  } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'bfb-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const file = more.file ?? join(folder, 'partial');
  const progress: number[] = [];
  const fetched = fetchImage({
    source: { url, headers: more.headers ?? {} },
    file,
    free: async () => more.free ?? 1e12,
    limit: more.limit ?? new AbortController().signal,
    onProgress: (bytes) => {
      progress.push(bytes);
      more.onProgress?.();
    },
    signal: AbortSignal.timeout(10_000),
  });
  return { file, progress, fetched };
}
const failure = (url: string, fetched: Promise<unknown>) =>
  fetched.then(
    () => {
      throw new Error('the download succeeded');
    },
    (error) => classify(error, url),
  );

describe('a download', () => {
  test('is hashed and checked while it is written, and says how far it is', async () => {
    const { url } = await serve((_request, response) => response.writeHead(200, { 'content-length': IMAGE.length }).end(IMAGE));
    const { file, fetched, progress } = await fetchTo(url);
    expect(await fetched).toMatchObject({ sha256: SHA256, size: IMAGE.length, summary: { versions: { doca: '2.7.0' } } });
    expect(await readFile(file)).toEqual(IMAGE);
    expect(progress.at(-1)).toBe(IMAGE.length);
  });

  test('that was cut off goes on where it ended', async () => {
    let cut = true;
    let breakOff = () => {};
    const { url, requests } = await serve((request, response) => {
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from ? 206 : 200, {
        'content-length': IMAGE.length - from,
        etag: '"one"',
        ...(from ? { 'content-range': `bytes ${from}-${IMAGE.length - 1}/${IMAGE.length}` } : {}),
      });
      if (cut) response.write(IMAGE.subarray(0, 100_000));
      else response.end(IMAGE.subarray(from));
      if (cut) breakOff = () => response.destroy();
      cut = false;
    });
    const { file, fetched } = await fetchTo(url, { onProgress: () => breakOff() });
    expect(await failure(url, fetched)).toMatchObject({ reason: 'UrlUnreachable' });
    const kept = (await stat(file)).size;
    expect(kept).toBeGreaterThan(0);
    expect(await (await fetchTo(url, { file })).fetched).toMatchObject({ sha256: SHA256 });
    expect(requests[1]?.headers).toMatchObject({ range: `bytes=${kept}-`, 'if-range': '"one"' });
  });

  test('that takes too long is given up although bytes came, and says how far it is', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': IMAGE.length, etag: '"one"' }).write(IMAGE.subarray(0, 5000));
    });
    const limit = new AbortController();
    const { file, fetched } = await fetchTo(url, {
      limit: limit.signal,
      onProgress: () => limit.abort(new DOMException('the time is up', 'TimeoutError')),
    });
    expect(await failure(url, fetched)).toMatchObject({
      reason: 'DownloadStalled',
      message: `GET ${url} was given up after 2 hours, at 5000 of ${IMAGE.length} bytes`,
    });
    // The next try goes on from here.
    expect((await stat(file)).size).toBe(5000);
  });

  test.each<[string, Buffer]>([
    ['in the chunk of its last image', Buffer.concat([IMAGE, Buffer.from('x')])],
    ['in a chunk of its own', IMAGE],
  ])('ends as soon as the file goes on after the last image, %s, be it without end', async (_what, first) => {
    let written = 0;
    const { url } = await serve((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1000)) && written < 50_000_000) written += 1000;
      };
      response.on('drain', more).write(first, more);
    });
    const { file, fetched } = await fetchTo(url);
    expect(await failure(url, fetched)).toMatchObject({
      reason: 'NotABfb',
      message: `${url} is not a valid BFB: it goes on after its last image (at byte ${IMAGE.length})`,
    });
    await expect(stat(file)).rejects.toThrow(/ENOENT/);
  });

  const whole: RequestListener = (_request, response) =>
    response.writeHead(200, { 'content-length': IMAGE.length, etag: '"new"' }).end(IMAGE);
  test.each<[string, { part: Buffer; etag?: string; answer?: RequestListener; requests?: number }]>([
    ['the server does not resume', { part: IMAGE.subarray(0, 5000), etag: '"old"' }],
    ['it is not known of which image the part is', { part: IMAGE.subarray(0, 5000) }],
    [
      'the part goes on after the last image',
      {
        part: Buffer.concat([IMAGE, Buffer.from('x')]),
        etag: '"new"',
        answer: (request, response) => (request.headers.range ? response.destroy() : whole(request, response as never)),
      },
    ],
    ['the part is no BFB', { part: Buffer.alloc(5000, 1), etag: '"old"' }],
    [
      'nothing is left to ask for',
      {
        part: IMAGE,
        etag: '"new"',
        answer: (request, response) => (request.headers.range ? response.writeHead(416).end() : whole(request, response as never)),
        requests: 2,
      },
    ],
  ])('starts afresh when %s', async (_what, { part, etag, answer = whole, requests: expected = 1 }) => {
    const { url, requests } = await serve(answer);
    const folder = await mkdtemp(join(tmpdir(), 'bfb-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'partial');
    await writeFile(file, part);
    if (etag) await writeFile(etagFile(file), etag);
    expect(await (await fetchTo(url, { file })).fetched).toMatchObject({ sha256: SHA256 });
    expect(await readFile(file)).toEqual(IMAGE);
    expect(requests).toHaveLength(expected);
  });

  test('keeps its part while the server is out of order', async () => {
    const { url } = await serve((_request, response) => response.writeHead(503).end());
    const folder = await mkdtemp(join(tmpdir(), 'bfb-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'partial');
    await writeFile(file, IMAGE.subarray(0, 5000));
    await writeFile(etagFile(file), '"one"');
    expect(await failure(url, (await fetchTo(url, { file })).fetched)).toMatchObject({ reason: 'UrlRefused' });
    expect((await stat(file)).size).toBe(5000);
  });

  test('keeps credentials from a server that it is redirected to', async () => {
    const elsewhere = await serve((_request, response) => response.writeHead(200, { 'content-length': IMAGE.length }).end(IMAGE));
    const { url } = await serve((_request, response) => response.writeHead(302, { location: elsewhere.url }).end());
    await (
      await fetchTo(url, { headers: { authorization: 'Bearer s3cret', 'x-api-key': 's3cret' } })
    ).fetched;
    expect(elsewhere.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(elsewhere.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });

  test.each<[string, RequestListener, { free?: number }, string, RegExp]>([
    ['404', (_q, r) => r.writeHead(404).end(), {}, 'UrlRefused', /answered with 404 Not Found/],
    ['a page instead of an image', (_q, r) => r.end('<html>please log in</html>'.repeat(9)), {}, 'NotABfb', /bad magic/],
    ['an image cut short by the server', (_q, r) => r.end(IMAGE.subarray(0, 9000)), {}, 'NotABfb', /cut short/],
    ['a broken connection', (_q, r) => r.destroy(), {}, 'UrlUnreachable', /failed/],
    [
      'no room',
      (_q, r) => r.writeHead(200, { 'content-length': IMAGE.length }).end(IMAGE),
      { free: 1000 },
      'VolumeFull',
      /needs \d+ more bytes and the BFB volume has 1000/,
    ],
  ])('fails on %s, and says so', async (_what, answer, more, reason, sentence) => {
    const { url } = await serve(answer);
    const { fetched } = await fetchTo(url, more);
    const failed = await failure(url, fetched);
    expect(failed).toMatchObject({ reason });
    expect((failed as Error).message).toMatch(sentence);
  });

  test('shows no credentials of the address in its sentence', () => {
    expect(classify(new Error('boom'), 'https://user:s3cret@example.org/x').message).not.toContain('s3cret');
  });
});
