import { describe, expect, test } from '@jest/globals';
import { ApiError } from './api-error.ts';
import { retryDelay } from './retry.ts';

const error = (code: number, more: { neverSent?: boolean; retryAfterSeconds?: number } = {}) =>
  new ApiError({ code, reason: '', message: '', ...more });

describe('after a failure', () => {
  test.each([
    [0, true, true],
    [500, true, true],
    [502, true, true],
    [503, true, true],
    [504, true, true],
    [0, false, false],
    [500, false, false],
    [503, false, false],
    [429, false, true],
    [429, true, true],
    [400, true, false],
    [403, true, false],
    [404, true, false],
    [409, false, false],
    [410, true, false],
    [422, false, false],
  ])('with code %d, safe: %s, it is sent again: %s', (code, safe, again) => {
    expect(retryDelay(error(code), { tries: 1, safe, random: 0.5 }) !== undefined).toBe(again);
  });

  test('a write that never reached the server is sent again', () => {
    expect(retryDelay(error(0, { neverSent: true }), { tries: 1, safe: false, random: 0.5 })).toBe(100);
  });

  test('the wait doubles with jitter, and the third failure is the last', () => {
    const wait = (tries: number, random: number) => retryDelay(error(500), { tries, safe: true, random });
    expect([wait(1, 0), wait(1, 0.5), wait(2, 0.5), wait(3, 0.5)]).toEqual([50, 100, 200, undefined]);
  });

  test('the server says how long', () => {
    expect(retryDelay(error(429, { retryAfterSeconds: 7 }), { tries: 9, safe: false, random: 0 })).toBe(7_000);
    expect(retryDelay(error(429), { tries: 1, safe: false, random: 0 })).toBe(1_000);
  });
});
