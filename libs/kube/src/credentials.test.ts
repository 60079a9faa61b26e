import { expect, test } from '@jest/globals';
import { cachedCredentials } from './credentials.ts';

const identity = (token: string) => ({ headers: { authorization: token }, tls: {} });

test('an identity is read once for all who ask, and again when it is old', async () => {
  let now = 0;
  let reads = 0;
  const credentials = cachedCredentials('https://x', () => Promise.resolve(identity(String(++reads))), { maxAgeMs: 1_000, now: () => now });
  await Promise.all([credentials.current(), credentials.current()]);
  expect(reads).toBe(1);
  now = 1_000;
  expect((await credentials.current()).headers['authorization']).toBe('2');
});

test('a failure to read it is not kept', async () => {
  let reads = 0;
  const credentials = cachedCredentials('https://x', () =>
    ++reads === 1 ? Promise.reject(new Error('no')) : Promise.resolve(identity('a')),
  );
  await expect(credentials.current()).rejects.toThrow('no');
  expect(await credentials.current()).toEqual(identity('a'));
});
