import { describe, expect, test } from '@jest/globals';
import { age } from '../src/resources/columns.ts';
import { parseJsonPath } from '../src/resources/json-path.ts';

const now = new Date('2030-01-10T00:00:00Z');

describe('ages are written as kubectl writes them', () => {
  test.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [150, '2m30s'],
    [599, '9m59s'],
    [600, '10m'],
    [10_799, '179m'],
    [10_800, '3h'],
    [12_600, '3h30m'],
    [28_800, '8h'],
    [172_800, '2d'],
    [180_000, '2d2h'],
    [691_200, '8d'],
    [86_400 * 730, '2y'],
  ])('%d seconds: %s', (seconds, expected) => {
    expect(age(new Date(now.getTime() - seconds * 1000).toISOString(), now)).toBe(expected);
  });

  test('what is no time is unknown', () => {
    expect([age(undefined, now), age('never', now)]).toEqual(['<unknown>', '<invalid>']);
  });
});

describe('JSON paths of printer columns', () => {
  const object = {
    list: [{ type: 'Ready', status: 'True' }, { type: 'Other' }],
    number: 1,
  };
  test.each([
    ['.number', [1]],
    ['.list[?(@.type=="Ready")].status', ['True']],
    ['.list[?(@.type=="None")].status', []],
    ['.none.at.all', []],
  ])('%s', (path, expected) => {
    expect(parseJsonPath(path)(object)).toEqual(expected);
  });

  test.each(['.a[', '.a[0]', '.a[*]', '.a.*', String.raw`.a\.b`])('%s is refused', (path) => {
    expect(() => parseJsonPath(path)).toThrow('not a JSON path');
  });
});
