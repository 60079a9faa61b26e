import { describe, expect, test } from '@jest/globals';
import type { LabelSelector } from '@dpf/api';
import { formatSelector, matchesSelector } from './selectors.ts';

const expression = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key: 'zone', operator, ...(values.length > 0 && { values }) }],
});

describe('a label selector', () => {
  test.each<[string, LabelSelector, Record<string, string> | undefined, boolean]>([
    ['that is empty matches everything', {}, undefined, true],
    ['needs every label', { matchLabels: { a: '1', b: '2' } }, { a: '1' }, false],
    ['ignores further labels', { matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
    ['compares values', { matchLabels: { a: '1' } }, { a: '2' }, false],
    ['needs labels and expressions', { matchLabels: { a: '1' }, ...expression('Exists') }, { a: '1' }, false],
    ['In: one of the values', expression('In', 'x', 'y'), { zone: 'y' }, true],
    ['In: not without the label', expression('In', 'x', 'y'), {}, false],
    ['NotIn: another value', expression('NotIn', 'x'), { zone: 'y' }, true],
    ['NotIn: not one of the values', expression('NotIn', 'x'), { zone: 'x' }, false],
    ['NotIn: also without the label', expression('NotIn', 'x'), {}, true],
    ['Exists: with an empty value', expression('Exists'), { zone: '' }, true],
    ['DoesNotExist', expression('DoesNotExist'), { zone: '' }, false],
    ['takes nothing from the prototype', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, {}, false],
  ])('%s', (_, selector, labels, matches) => {
    expect(matchesSelector(selector, labels)).toBe(matches);
  });

  test('in text form is what the API server parses', () => {
    const selector: LabelSelector = {
      matchLabels: { a: '1', empty: '' },
      matchExpressions: [
        { key: 'b', operator: 'In', values: ['x', 'y'] },
        { key: 'c', operator: 'NotIn', values: ['z'] },
        { key: 'd', operator: 'Exists' },
        { key: 'e', operator: 'DoesNotExist' },
      ],
    };
    expect(formatSelector(selector)).toBe('a=1,empty=,b in (x,y),c notin (z),d,!e');
    expect(formatSelector({})).toBe('');
  });
});
