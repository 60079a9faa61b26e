/** Images on a volume whose server goes away. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Images } from './image.ts';
import { Journal } from './journal/journal.ts';
import { newFolder } from './test/folders.ts';

const refTo = (bfbPath: string, bytes: Buffer) => ({
  bfbPath,
  bfbSha256: createHash('sha256').update(bytes).digest('hex'),
  bfbSize: bytes.length,
});

test('a volume that does not answer holds one thread, whichever images are asked for: they fail with what it is, and are read again once it answers', async () => {
  const volume = newFolder('dms-volume-');
  const images = new Images(volume, await Journal.open(newFolder('dms-journal-'), { bootId: 'a', bootedAt: 60_000 }), 1000);
  const other = Buffer.from('another image');
  writeFileSync(join(volume, 'other.bfb'), other);
  // A pipe that nobody writes into blocks who opens it, as a file does whose server is away.
  const pipe = join(volume, 'blocked.bfb');
  execFileSync('mkfifo', [pipe]);
  try {
    await expect(images.check(refTo('blocked.bfb', Buffer.alloc(0)))).rejects.toMatchObject({
      reason: 'ImageNotReadable',
      class: 'transient',
      message: expect.stringContaining('did not answer for 1000 ms'),
    });
    for (let round = 0; round < 8; round++)
      await expect(images.check(refTo('other.bfb', other))).rejects.toMatchObject({
        reason: 'ImageNotReadable',
        message: expect.stringContaining('an earlier access has not returned yet'),
      });
  } finally {
    closeSync(openSync(pipe, 'r+'));
  }
  let path: string | undefined;
  for (; path === undefined; await setImmediate()) path = await images.check(refTo('other.bfb', other)).catch(() => undefined);
  expect(path).toBe(join(volume, 'other.bfb'));
});
