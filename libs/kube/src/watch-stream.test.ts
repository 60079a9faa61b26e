import { expect, test } from '@jest/globals';
import { linesOf } from './watch-stream.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const LINES = ['{"a":1}', '', `{"long":"${'x'.repeat(300)}"}`, '{"ü":"€😀"}'];

test.each([1, 2, 3, 7, 64, 1_000])('lines come out whole, however the bytes are cut (pieces of %d)', async (size) => {
  const bytes = Buffer.from(LINES.map((line) => `${line}\n`).join('') + '{"cut of');
  const lines: string[] = [];
  for await (const line of linesOf(pieces(bytes, size))) lines.push(line);
  expect(lines).toEqual(LINES);
});
