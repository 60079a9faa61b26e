import { expect, test } from '@jest/globals';
import { SharedTexts } from './shared-texts.ts';

/** Of every kind of value, with texts that are shared and texts that are not, more of them than are remembered. */
const objectOf = (n: number) => ({
  metadata: { name: `an-object-of-its-own-${n}`, finalizers: ['example.com/protection', null], labels: {} },
  spec: {
    size: n,
    on: true,
    none: null,
    long: 'x'.repeat(1_000),
    short: 'True',
    list: [{ message: 'waiting for something' }, [1, 'nested text']],
  },
});

test('objects keep their values, however many texts there are', () => {
  const texts = new SharedTexts();
  for (let n = 0; n < 10_000; n++) {
    const object = objectOf(n);
    expect(texts.shareIn(object)).toBe(object);
    if (n % 1_000 === 0) expect(object).toEqual(objectOf(n));
  }
});
