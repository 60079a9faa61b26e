import { expect, test } from '@jest/globals';
import { detachedSignature } from '../src/bootstrap-token.ts';

test('a signature is that of kubeadm (the vector of its own test)', () => {
  expect(detachedSignature('Hello from the other side. I must have called a thousand times.', 'joshua', 'my voice is my passcode')).toBe(
    'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8',
  );
});
