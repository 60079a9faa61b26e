import { expect, test } from '@jest/globals';
import { EventBudget } from './event-budget.ts';

test('an object may cause 25 events in a burst, then one every 5 minutes; others are not concerned', () => {
  const budget = new EventBudget();
  const granted = (object: string, now: number, tries: number) =>
    Array.from({ length: tries }, () => budget.take(object, now)).filter(Boolean).length;
  expect(granted('a', 0, 100)).toBe(25);
  expect(granted('b', 0, 1)).toBe(1);
  expect(granted('a', 299_000, 10)).toBe(0);
  expect(granted('a', 301_000, 10)).toBe(1);
  expect(granted('a', 301_000 + 100 * 300_000, 100)).toBe(25);
});

test('of very many objects the longest silent is forgotten', () => {
  const budget = new EventBudget();
  for (let i = 0; i < 25; i++) budget.take('first', 0);
  expect(budget.take('first', 0)).toBe(false);
  for (let i = 0; i < 5_000; i++) budget.take(`object-${i}`, 0);
  expect(budget.take('first', 0)).toBe(true);
});
