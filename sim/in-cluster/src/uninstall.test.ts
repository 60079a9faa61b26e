import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startDpuSim } from '@dpf/dpu-sim';
import { cardsOf } from './cards.ts';
import { removeHost } from './uninstall.ts';

let root: string;
let dir: string;
const now = AbortSignal.abort();

/** What a simulator leaves that has run on this node. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sim-uninstall-'));
  dir = join(root, 'dpf-simulator');
  const hosts = [{ name: 'node1', cards: cardsOf('node1', 2) }];
  const sim = await startDpuSim({ stateDir: join(dir, 'state'), speed: 1000, hosts });
  await sim.close();
  mkdirSync(join(dir, 'hosts'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('of a simulator that has ended nothing stays', async () => {
  expect(await removeHost(dir, 'node1', now)).toBeUndefined();
  expect(readdirSync(root)).toEqual([]);
  expect(await removeHost(dir, 'node1', now)).toBeUndefined();
});

test('files of others stay, and so do the folders around them', async () => {
  mkdirSync(join(dir, 'state/node2'));
  writeFileSync(join(dir, 'notes'), '');
  expect(await removeHost(dir, 'node1', now)).toBe('there are files of others: node2');
  expect(readdirSync(dir, { recursive: true })).toEqual(['notes', 'state', 'state/node2']);
});

test('nothing goes while devices are there', async () => {
  // A folder that holds something stands in for a mount point: neither can be removed.
  mkdirSync(join(dir, 'hosts/node1'));
  const before = readdirSync(dir, { recursive: true });
  expect(await removeHost(dir, 'node1', now)).toBe('the devices of its simulator are still mounted');
  expect(readdirSync(dir, { recursive: true })).toEqual(before);
  const removed = removeHost(dir, 'node1', AbortSignal.timeout(60_000));
  rmSync(join(dir, 'hosts/node1'), { recursive: true });
  expect(await removed).toBeUndefined();
  expect(existsSync(dir)).toBe(false);
});
