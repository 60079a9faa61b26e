import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULTS, type FaultName } from '../faults.ts';
import { generateBfb } from '../images/generate.ts';
import type { JournalEntry } from '../journal.ts';
import { startDpuSim, type DpuSim } from '../simulator.ts';
import { bfCfg } from '../test/bf-cfg.ts';
import { socketClient, type HostClient } from '../test/host-client.ts';
import { BF2, BF3, push, TWO_CARDS } from '../test/sim-process.ts';

const SMALL = generateBfb({ bytes: 20_000 });

describe('a card', () => {
  let folder: string;
  let sim: DpuSim;
  let host: HostClient;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dpu-sim-'));
    sim = await startDpuSim({ stateDir: folder, hosts: TWO_CARDS, speed: 2000 });
    host = socketClient(view());
  });
  afterEach(async () => {
    host.close();
    await sim.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const view = () => sim.hosts()[0] as NonNullable<ReturnType<DpuSim['hosts']>[0]>;
  const card = () => view().cards[0];
  const next = (event: JournalEntry['event'], pci?: string) => {
    const after = sim.journal().length;
    return sim.journaled((entry) => entry.event === event && (pci === undefined || ('pci' in entry && entry.pci === pci)), { after });
  };
  const log = async (device = 'rshim0') => {
    await host.write(`/dev/${device}/misc`, 'DISPLAY_LEVEL 2\n');
    return host.read(`/dev/${device}/misc`);
  };
  /** Until the log shows it: at most 5 s. */
  const logged = async (pattern: RegExp, device?: string) => {
    for (const until = Date.now() + 5000; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
      const text = await log(device);
      if (pattern.test(text)) return text;
      if (Date.now() > until) throw new Error(`no ${String(pattern)} in ${text}`);
    }
  };
  const tool = (...argv: string[]) => sim.tool('h', argv[0] as string, argv.slice(1));
  const install = async (cfg = bfCfg()) => {
    const ready = next('os-ready', BF3);
    await push(host, cfg, SMALL);
    await ready;
  };

  test('loads NVCONFIG with the reset of the host, not with SW_RESET', async () => {
    await install(bfCfg({ firstBoot: 'for d in "$DPF_ROOT"/dev/mst/*; do mlxconfig -d "$d" -y set NUM_OF_VFS=30 PF_TOTAL_SF=40; done' }));
    const total = () => host.read('/sys/bus/pci/devices/0000:4b:00.0/sriov_totalvfs');
    expect(await total()).toBe('16\n');
    const reset = next('os-ready', BF3);
    await host.write('/dev/rshim0/misc', 'SW_RESET 1\n');
    await reset;
    expect(await total()).toBe('16\n');
    const booted = next('boot');
    tool('mlxfwreset', '-d', '0000:4b:00.0', '-l', '4', 'r', '-y');
    await booted;
    expect(await total()).toBe('30\n');
    expect(tool('mlxconfig', '-d', '0000:4b:00.1', '-e', 'q', 'PF_TOTAL_SF').stdout).toMatch(/PF_TOTAL_SF +0 +40 +40/);
  });

  test('goes off with its neighbour before a system-level reset, which happens once', async () => {
    for (const pci of [BF3, BF2]) {
      const { code, stdout } = tool('mlxfwreset', '-d', `${pci}.0`, '-l', '1', '-t', '4', 'reset', '-y', '--sync', '0');
      expect([code, stdout]).toEqual([3, expect.stringContaining('-E- Failed to send Register MRSI')]);
    }
    await Promise.all(['rshim0', 'rshim1'].map((device) => logged(/^ INFO\[BL31\]: System Off$/m, device)));
    const bootId = view().bootId;
    const ready = [next('os-ready', BF3), next('os-ready', BF2), next('boot')];
    tool('mlxfwreset', '-d', '0000:4b:00.0', '-l', '4', 'r', '-y');
    await Promise.all(ready);
    expect(sim.journal().filter(({ event }) => event === 'reset')).toMatchObject([{ kind: 'warm', bootId }]);
    expect(view().bootId).not.toBe(bootId);
  });

  test('runs the first boot once for an installation', async () => {
    await install();
    const again = next('os-ready', BF3);
    sim.reboot('h');
    await again;
    expect(sim.journal().filter(({ event }) => event === 'first-boot')).toHaveLength(1);
  });

  test('writes the log of a whole installation without losing a line', async () => {
    await install();
    const text = await log();
    expect(text).toContain(' INFO[PSC]: PSC BL1 START\n INFO[BL2]: start\n INFO[BL2]: boot mode (emmc)\n');
    expect(text).toMatch(/configured\n INFO\[MISC\]: Linux up\n INFO\[MISC\]: DPU is ready\n$/);
  });

  test('does not boot what was not installed to the end', async () => {
    const started = next('flash-started');
    await push(host, bfCfg(), SMALL);
    await started;
    const broken = next('flash-broken');
    await host.write('/dev/rshim0/misc', 'SW_RESET 1\n');
    expect(await broken).toMatchObject({ marker: 'dpu-uid/1' });
    await logged(/UEFI Secure Boot/);
    expect(card()).toMatchObject({ stage: 'halted', installation: 'broken' });
    await install();
    expect(card()).toMatchObject({ stage: 'osReady', installation: 'complete' });
  });

  test('reports a step of the first boot that fails', async () => {
    const ended = next('first-boot');
    await push(host, bfCfg({ firstBoot: `trap 'bfrshlog "ERR failed"' EXIT\nfalse` }), SMALL);
    expect(await ended).toMatchObject({ exitCode: 1 });
    expect(await logged(/DPU is ready/)).toContain(' ERR[MISC]: failed\n');
  });

  test.each<[FaultName, RegExp]>([
    ['installer.fail', /ERR\[MISC\]: Installation failed/],
    ['installer.invalidCfg', /INFO\[MISC\]: Invalid bf.cfg/],
    ['installer.nicFwFail', /ERR\[MISC\]: NIC firmware update failed/],
    ['bmc.noAccess', /ERR\[MISC\]: Failed to access BMC/],
    ['panic', /^ PANIC\(BL31\): PC = 0x/m],
    ['psc.error', /ERR\[BL1\]: PSC error -60/],
    ['bfb.crc', /ERR\[BL2\]: /],
  ])('meets the fault %s once, and shows it', async (fault, line) => {
    sim.arm({ name: fault, host: 'h', pci: BF3 });
    const shown = logged(line);
    await push(host, bfCfg(), SMALL).catch(() => undefined);
    await shown;
    expect(sim.journal()).toContainEqual(expect.objectContaining({ event: 'fault-fired', fault, host: 'h', pci: BF3 }));
  });

  test('loses the marker when its log is full, and is ready all the same', async () => {
    sim.arm({ name: 'log.overflow' });
    await install();
    const text = await log();
    expect(text).not.toContain('configured');
    expect(text).toContain('DPU is ready');
  });

  test('refuses an image made for another generation', async () => {
    const refused = next('stream-refused', BF2);
    await push(host, bfCfg(), generateBfb({ bytes: 20_000, generation: 'BlueField-3' }), 'rshim1').catch(() => undefined);
    expect(await refused).toMatchObject({ why: 'made for another generation' });
  });

  test('leaves the bus and comes back', async () => {
    sim.setPresent('h', BF3, false);
    expect(await host.list('/dev')).not.toContain('rshim0');
    expect(await host.list('/sys/bus/pci/devices')).not.toContain('0000:4b:00.0');
    sim.setPresent('h', BF3, true);
    expect(await host.list('/sys/class/net')).toContain('ens1f0np0');
  });

  test('has no rshim while the BMC owns it or the driver is away, until that is over', async () => {
    sim.arm({ name: 'rshim.absent', pci: BF3 });
    expect(await host.list('/dev')).not.toContain('rshim0');
    sim.clear({ name: 'rshim.absent' });
    sim.arm({ name: 'rshim.bmcOwned', pci: BF3 });
    expect(await host.read('/dev/rshim0/misc')).toContain('DROP_MODE       1');
    sim.clear();
    expect(await host.read('/dev/rshim0/misc')).toContain('DROP_MODE       0');
    expect(sim.journal().filter(({ event }) => event === 'fault-fired')).toHaveLength(2);
  });

  test('of a host that never returns comes back with the power', async () => {
    sim.arm({ name: 'host.rebootNeverReturns' });
    sim.reboot('h');
    await expect(host.list('/dev')).rejects.toMatchObject({ code: 'ENOENT' });
    const booted = next('boot');
    sim.power('h', true);
    await booted;
  });

  test('knows no fault but those of the catalogue', () => {
    expect(() => sim.arm({ name: 'no.such' as FaultName })).toThrow(/no fault is called no.such; there are: boot.open.ebusy/);
    expect(Object.keys(FAULTS).length).toBeGreaterThan(35);
  });
});
