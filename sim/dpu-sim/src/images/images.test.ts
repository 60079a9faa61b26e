import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { BfbReader } from '@dpf/bfb';
import { generateBfb } from './generate.ts';
import { serveImages, type ImageServer } from './serve.ts';

const IMAGE = generateBfb({ bytes: 300_000, version: '2.9.1' });

describe('a generated image', () => {
  test.each([3000, 64 * 1024, 5_000_001])('of %d bytes is a valid BFB of about that size, with versions', async (bytes) => {
    const image = generateBfb({ bytes, version: '2.9.1' });
    const reader = new BfbReader();
    for await (const chunk of image.stream()) reader.push(chunk as Buffer);
    expect(reader.end()).toMatchObject({
      bytes: image.size,
      trailerBytes: 0,
      warnings: [],
      versions: { doca: '2.9.1', bsp: '4.2.9.1.13127' },
    });
    expect(Math.abs(image.size - bytes)).toBeLessThan(2500);
    expect(image.sha256).toBe(createHash('sha256').update(image.bytes()).digest('hex'));
  });

  test('differs by seed and version, and is the same again', () => {
    const digests = [{}, {}, { seed: 2 }, { version: '3.0' }, { generation: 'BlueField-2' as const }].map((o) => generateBfb(o).sha256);
    expect(new Set(digests).size).toBe(4);
  });
});

describe('the image server', () => {
  let server: ImageServer;
  afterEach(() => server.close());
  const start = async () => (server = await serveImages({ 'a/b.bfb': IMAGE, small: Buffer.from('hello') }));
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${server.url}/${path}`, { headers });

  test('gives images whole, with length and ETag, and 404 for others', async () => {
    await start();
    const whole = await get('a/b.bfb?token=x');
    expect([whole.status, whole.headers.get('content-length')]).toEqual([200, String(IMAGE.size)]);
    expect(Buffer.from(await whole.arrayBuffer()).equals(IMAGE.bytes())).toBe(true);
    expect((await get('other')).status).toBe(404);
    expect((await get('a/b.bfb', { 'if-none-match': whole.headers.get('etag') as string })).status).toBe(304);
    expect(server.requests.map(({ path, status }) => `${path} ${status}`)).toEqual(['a/b.bfb 200', 'other 404', 'a/b.bfb 304']);
  });

  test('goes on where a range says, unless the image is another one by then', async () => {
    await start();
    const rest = await get('small', { range: 'bytes=2-' });
    expect([rest.status, rest.headers.get('content-range'), await rest.text()]).toEqual([206, 'bytes 2-4/5', 'llo']);
    const whole = await get('small', { range: 'bytes=2-', 'if-range': '"old"' });
    expect([whole.status, await whole.text()]).toEqual([200, 'hello']);
    expect((await get('small', { range: 'bytes=9-' })).status).toBe(416);
  });

  test('breaks as it is told, once', async () => {
    await start();
    server.failNext(503);
    expect((await get('small')).status).toBe(503);
    server.break({ truncateAt: 1000 });
    await expect(get('a/b.bfb').then((response) => response.arrayBuffer())).rejects.toThrow();
    server.break({ corruptAt: 0 });
    expect(await (await get('small')).text()).not.toBe('hello');
    expect(await (await get('small')).text()).toBe('hello');
  });
});
