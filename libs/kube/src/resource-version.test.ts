import { expect, test } from '@jest/globals';
import { compareResourceVersion } from './resource-version.ts';

test.each([
  ['9', '10', -1],
  ['10', '9', 1],
  ['10', '10', 0],
  ['9007199254740993', '9007199254740992', 1],
  ['18446744073709551615', '18446744073709551616', -1],
  ['', '1', -1],
  [undefined, '1', -1],
  [undefined, '', 0],
])('resourceVersion %s compared with %s', (a, b, sign) => {
  expect(Math.sign(compareResourceVersion(a, b))).toBe(sign);
});
