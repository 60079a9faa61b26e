/** The host network of a card, on a simulated host: sysfs with the kernel's errnos, `ip` as a tool. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { cardSpec, startDpuSim, type DpuSim, type FaultName } from '@dpf/dpu-sim';
import { bench, type Bench } from '../test/bench.ts';
import { cleanup } from './cleanup.ts';
import { OperationControl } from './control.ts';
import { hostNetwork } from './host-network.ts';

const [FIRST, SECOND] = ['0000-4b-00', '0000-b1-00'] as const;
const wanted = { uid: 'dpu-1', attempt: 1, numberOfVfs: 4, mtu: 1500, channelVf: 1 };
jest.setTimeout(60_000);

let folder: string;
let sim: DpuSim;
let agent: Bench;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dms-net-'));
  sim = await startDpuSim({ stateDir: folder, speed: 2000, hosts: [{ name: 'worker-1', cards: [cardSpec(0, 1), cardSpec(1, 2)] }] });
  const [host] = sim.hosts();
  agent = await bench(host as NonNullable<typeof host>);
});
afterEach(async () => {
  await agent.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

const setUp = (pci: string = FIRST, changes: Partial<typeof wanted> = {}) =>
  hostNetwork(pci, { ...wanted, ...changes }, agent, new OperationControl());
const ports = () => agent.host.list('/sys/class/net/br-dpu/brif').then((names) => names.sort());
const changes = () => sim.journal().filter(({ event }) => event === 'vfs' || event === 'bridge').length;

describe('the host network', () => {
  test('is made, and made again without changing anything', async () => {
    expect(await setUp()).toContain('ens1f0v1 is a port of br-dpu');
    expect(await ports()).toEqual(['ens1f0v1']);
    expect(sim.hosts()[0]?.cards[0]?.vfs).toEqual([4, 4]);
    const before = changes();
    await setUp();
    expect(changes()).toBe(before);
  });

  test('takes another number of virtual functions by way of none', async () => {
    await setUp();
    await setUp(FIRST, { numberOfVfs: 8 });
    expect(sim.hosts()[0]?.cards[0]?.vfs).toEqual([8, 8]);
  });

  test('of two cards shares the bridge; the last one to leave removes it', async () => {
    await setUp(FIRST);
    await setUp(SECOND, { uid: 'dpu-2' });
    expect(await ports()).toEqual(['ens1f0v1', 'ens2f0v1']);
    await cleanup('dpu-1', agent);
    expect(await ports()).toEqual(['ens2f0v1']);
    expect(agent.journal.holds()).toEqual(['dpu-2']);
    await cleanup('dpu-2', agent);
    await cleanup('dpu-2', agent);
    expect(await agent.host.stat('/sys/class/net/br-dpu')).toBeUndefined();
    expect(sim.hosts()[0]?.cards.map(({ vfs }) => vfs)).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(agent.journal.holds()).toEqual([]);
  });

  test('of two cards at once: one makes the bridge, the other finds it; one that leaves takes it from nobody', async () => {
    await Promise.all([setUp(FIRST), setUp(SECOND, { uid: 'dpu-2' })]);
    expect(await ports()).toEqual(['ens1f0v1', 'ens2f0v1']);
    await cleanup('dpu-1', agent);
    await Promise.all([cleanup('dpu-2', agent), setUp(FIRST)]);
    expect(await ports()).toEqual(['ens1f0v1']);
  });

  test('leaves a bridge that was there before', async () => {
    await agent.tools.run('ip', ['link', 'add', 'name', 'br-dpu', 'type', 'bridge'], { device: 'ip' });
    await setUp();
    await cleanup('dpu-1', agent);
    expect(await agent.host.stat('/sys/class/net/br-dpu')).toMatchObject({ type: 'directory' });
  });

  const faults: [string, FaultName, string, string][] = [
    ['the driver is in error (ENOENT)', 'vf.enoent', 'DriverFailed', 'transient'],
    ['functions are in use (EBUSY)', 'vf.ebusy', 'VfsBusy', 'transient'],
    ['only some functions appear', 'vf.partial', 'DriverFailed', 'transient'],
    ['the bridge cannot be made', 'bridge.absent', 'BridgeFailed', 'transient'],
  ];
  test.each(faults)('fails when %s, and succeeds once that is over', async (_case, name, reason, failureClass) => {
    sim.arm({ name, persistent: true });
    await expect(setUp()).rejects.toMatchObject({ reason, class: failureClass });
    sim.clear();
    await setUp();
    expect(await ports()).toEqual(['ens1f0v1']);
  });

  test('asks for no more functions than the card offers (ERANGE): that takes a reset', async () => {
    await expect(setUp(FIRST, { numberOfVfs: 500 })).rejects.toMatchObject({ reason: 'VfsNotSupported', class: 'needsReset' });
  });

  test('recovers the driver once by itself', async () => {
    sim.arm({ name: 'vf.enoent' });
    await setUp();
    expect(await ports()).toEqual(['ens1f0v1']);
  });

  test('waits for a network interface that comes late', async () => {
    sim.arm({ name: 'vf.netdevLate', params: { seconds: 1000 } });
    await setUp();
    expect(await ports()).toEqual(['ens1f0v1']);
  });

  test('is refused for a card that is not there', async () => {
    await expect(setUp('0000-ff-00')).rejects.toMatchObject({ reason: 'CardNotFound' });
    expect(agent.journal.holds()).toEqual([]);
  });
});
