import { expect, test } from '@jest/globals';
import { createPace } from './pace.ts';

test('listing takes at most a tenth of the time; small sets are not held up, and no set for longer than a minute', () => {
  let now = 0;
  const pace = createPace(() => now);
  pace.listed('small', 10);
  pace.listed('large', 500);
  pace.listed('slow', 20_000);
  expect(['small', 'large', 'slow', 'new'].map(pace.waitMs)).toEqual([0, 4_500, 60_000, 0]);
  now += 4_500;
  expect(pace.waitMs('large')).toBe(0);
  pace.forget('slow');
  expect(pace.waitMs('slow')).toBe(0);
});
