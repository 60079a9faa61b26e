import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDpuSim, type DpuSim, type HostView } from '@dpf/dpu-sim';
import { cardsOf } from './cards.ts';
import { endPrograms } from './programs.ts';
import { serveState } from './state.ts';

describe('the cards of a node', () => {
  test('are the same after every start, and no other node’s', () => {
    const serials = (node: string) => cardsOf(node, 2).map(({ serial }) => serial);
    expect(serials('node1')).toEqual(serials('node1'));
    expect(new Set([...serials('node1'), ...serials('node2')]).size).toBe(4);
  });

  test('have the addresses of the founding document’s examples', () => {
    expect(cardsOf('node1', 2).map(({ pci }) => pci)).toEqual(['0000:4b:00', '0000:b1:00']);
  });
});

test('a host that goes down ends what has its tree as HOST_ROOT, and nothing else', async () => {
  const start = (root: string) => spawn('sleep', ['60'], { env: { PATH: process.env['PATH'], HOST_ROOT: root } });
  const [ours, other] = [start('/hosts/node1'), start('/hosts/node10')];
  try {
    await Promise.all([once(ours, 'spawn'), once(other, 'spawn')]);
    const ended = once(ours, 'exit');
    endPrograms('/hosts/node1', (error) => {
      throw error;
    });
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(other.exitCode ?? other.signalCode).toBeNull();
  } finally {
    other.kill();
  }
});

describe('hosts that boot when their machine does', () => {
  let stateDir: string;
  const start = (machineBootId: string) =>
    startDpuSim({ stateDir, hosts: [{ name: 'node1', cards: cardsOf('node1', 1) }], speed: 1000, machineBootId });
  const host = (sim: DpuSim) => sim.hosts()[0] as HostView;
  beforeAll(() => void (stateDir = mkdtempSync(join(tmpdir(), 'in-cluster-'))));
  afterAll(() => rmSync(stateDir, { recursive: true }));

  test('a reset host stays down, also in the next simulator, until the boot id is another one', async () => {
    const first = await start('boot-a');
    expect(host(first)).toMatchObject({ up: true, bootId: 'boot-a' });
    first.reboot('node1');
    await first.close();
    const same = await start('boot-a');
    expect(host(same)).toMatchObject({ up: false, bootId: 'boot-a' });
    await same.close();
    const next = await start('boot-b');
    await next.journaled((entry) => entry.event === 'boot' && entry.bootId === 'boot-b');
    expect(host(next)).toMatchObject({ up: true, bootId: 'boot-b' });
    await next.close();
  });

  test('a machine that goes down by itself is a reset of its host', async () => {
    const resets = (sim: DpuSim) => sim.journal().filter(({ event }) => event === 'reset').length;
    const sim = await start('boot-c');
    await sim.journaled((entry) => entry.event === 'boot' && entry.bootId === 'boot-c');
    expect(resets(sim)).toBe(2);
    await sim.close();
  });

  test('their state and journal are told over HTTP, whatever the query', async () => {
    const sim = await start('boot-c');
    const server = await serveState(sim, 0);
    try {
      const get = async (path: string) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
      expect(await (await get('/state')).json()).toMatchObject([{ name: 'node1', bootId: 'boot-c' }]);
      expect(await (await get('/journal?timeout=10s')).json()).toEqual(sim.journal());
      expect((await get('/secrets')).status).toBe(404);
    } finally {
      server.close();
      await sim.close();
    }
  });
});
