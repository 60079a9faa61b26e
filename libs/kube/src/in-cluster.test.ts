import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { inClusterCredentials } from './in-cluster.ts';

test('in a Pod the token is read again after a refusal', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dpf-pod-'));
  await writeFile(join(dir, 'ca.crt'), 'the CA');
  await writeFile(join(dir, 'token'), 'first\n');
  const credentials = inClusterCredentials(undefined, dir);
  expect(credentials.server).toBe('https://kubernetes.default.svc');
  expect(await credentials.current()).toEqual({ headers: { authorization: 'Bearer first' }, tls: { ca: 'the CA' } });
  await writeFile(join(dir, 'token'), 'second\n');
  expect((await credentials.current()).headers['authorization']).toBe('Bearer first');
  credentials.invalidate();
  expect((await credentials.current()).headers['authorization']).toBe('Bearer second');
  await rm(dir, { recursive: true });
});
