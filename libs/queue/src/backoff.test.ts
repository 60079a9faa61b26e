import { expect, test } from '@jest/globals';
import { backoffMs } from './backoff.ts';

const backoff = { baseMs: 500, maxMs: 300_000 };

test('the wait doubles from the base to the maximum', () => {
  expect([1, 2, 3, 4].map((n) => backoffMs(n, 0.5, backoff))).toEqual([500, 1_000, 2_000, 4_000]);
  expect([10, 11, 30, 1_000_000].map((n) => backoffMs(n, 0.5, backoff))).toEqual([256_000, 300_000, 300_000, 300_000]);
});

test('chance spreads it by a fifth to both sides', () => {
  expect(backoffMs(2, 0, backoff)).toBe(800);
  expect(backoffMs(2, 1, backoff)).toBe(1_200);
});
