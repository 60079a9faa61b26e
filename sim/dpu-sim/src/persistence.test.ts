import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { HostView } from './ctl/protocol.ts';
import { bfCfg } from './test/bf-cfg.ts';
import { fileClient, socketClient } from './test/host-client.ts';
import { push, SimProcess } from './test/sim-process.ts';

describe('a simulator that is killed', () => {
  let sim: SimProcess;
  beforeEach(() => void (sim = new SimProcess()));
  afterEach(() => sim.remove());
  const state = async () => (await sim.ctl<HostView[]>({ op: 'state' }))[0] as HostView;

  test('finds hosts and cards again as they were: boot id, VFs, NVCONFIG, installed OS, journal', async () => {
    await sim.start();
    const host = socketClient(sim.host);
    const ready = sim.next('os-ready');
    await push(host, bfCfg({ firstBoot: 'mlxconfig -d /dev/mst/mt41692_pciconf0 -y set NUM_OF_VFS=30' }));
    await ready;
    await host.write('/sys/bus/pci/devices/0000:4b:00.0/sriov_numvfs', '3\n');
    host.close();
    const before = await state();
    const entries = sim.journal();
    await sim.end('SIGKILL');

    await sim.start();
    const after = await state();
    expect(after).toEqual({ ...before, uptimeSeconds: expect.any(Number) });
    expect(sim.journal().slice(0, entries.length)).toEqual(entries);
    expect(sim.journal().filter(({ event }) => event === 'flash-broken')).toHaveLength(0);
    const query = await sim.ctl<{ stdout: string }>({
      op: 'tool',
      host: 'h',
      tool: 'mlxconfig',
      argv: ['-d', '4b:00.0', '-e', 'q', 'NUM_OF_VFS'],
    });
    expect(query.stdout).toMatch(/NUM_OF_VFS +16 +16 +30/);
  });

  test('in the middle of a flash leaves a card that does not boot, until it is flashed again', async () => {
    await sim.start();
    const host = socketClient(sim.host);
    const started = sim.next('flash-started');
    await push(host, bfCfg());
    await started;
    host.close();
    await sim.end('SIGKILL');

    await sim.start();
    expect(sim.journal().at(-2)).toMatchObject({ event: 'flash-broken', marker: 'dpu-uid/1' });
    expect((await state()).cards[0]).toMatchObject({ installation: 'broken' });
    const again = socketClient(sim.host);
    const completed = sim.next('flash-completed');
    await push(again, bfCfg({ marker: 'dpu-uid/2' }));
    expect(await completed).toMatchObject({ marker: 'dpu-uid/2' });
    again.close();
  });

  test('takes its mount with it: who writes there fails, and the next simulator mounts anew', async () => {
    await sim.start({ mount: true });
    if (sim.mountProblem) return process.stderr.write(`not tested: ${sim.mountProblem}\n`);
    await sim.ctl({ op: 'fault', arm: 'boot.stall' });
    const first = sim.next('first-byte');
    const writer = spawn('sh', ['-c', 'exec cat /dev/zero >"$0"', `${sim.host.root}/dev/rshim0/boot`], { stdio: 'ignore' });
    const ended = once(writer, 'exit');
    await first;
    await sim.end('SIGKILL');
    expect(await ended).toEqual([1, null]);
    await sim.start({ mount: true });
    expect(await fileClient(sim.host).list('/dev')).toContain('rshim0');
    return undefined;
  });
});
