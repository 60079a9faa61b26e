import { expect, test } from '@jest/globals';
import { dpu } from '../test/builders.ts';
import { cancelOf } from './cancel.ts';

test('Rule end-before-next: a deletion cuts no install off, a deadline does', () => {
  expect([cancelOf(dpu().deleted().object), cancelOf(dpu().object)]).toEqual(['unlessEffective', 'now']);
});
