/** Work on many objects. */
import { expect, test } from '@jest/globals';
import { workOff, type Pace } from './pace.ts';

const until = (end: number, now: () => number): Pace => ({ deadline: 0, end, now, wait: async () => undefined, say: () => undefined });
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('eight things are done at a time, and one that fails holds no other up', async () => {
  let [running, most] = [0, 0];
  const done: number[] = [];
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await turn();
    running--;
    if (item % 10 === 3) throw new Error(`not ${item}`);
    done.push(item);
  };
  const failures = await workOff(
    until(1, () => 0),
    Array.from({ length: 30 }, (_, item) => item),
    work,
  );
  expect(most).toBe(8);
  expect(done).toHaveLength(27);
  expect(failures).toEqual([3, 13, 23].map((item) => ({ item, because: `not ${item}` })));
});

test('past the end nothing is begun, and what was not is told', async () => {
  let now = 0;
  const begun: string[] = [];
  const work = async (item: string) => {
    begun.push(item);
    await turn();
    now = 11;
  };
  const items = Array.from({ length: 10 }, (_, item) => `${item}`);
  const failures = await workOff(
    until(10, () => now),
    items,
    work,
  );
  expect(begun).toEqual(items.slice(0, 8));
  expect(failures).toEqual(items.slice(8).map((item) => ({ item, because: 'there was no time left' })));
});
