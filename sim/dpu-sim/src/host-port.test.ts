import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { HostView } from './ctl/protocol.ts';
import { bfCfg } from './test/bf-cfg.ts';
import { fileClient, socketClient, type HostClient } from './test/host-client.ts';
import { BF3, IMAGE, push, retried, SimProcess } from './test/sim-process.ts';

const PFS = '/sys/bus/pci/devices';
const mounted = await new SimProcess().start({ mount: true });
const { mountProblem } = mounted;
if (mountProblem) {
  await mounted.remove();
  process.stderr.write(`the file tree is not tested: ${mountProblem}\n`);
}

/** One contract for both ways to a host. */
describe.each(mountProblem ? (['socket'] as const) : (['files', 'socket'] as const))('a host through %s', (port) => {
  const sim = port === 'files' ? mounted : new SimProcess();
  let host: HostClient;
  beforeAll(async () => {
    if (port === 'socket') await sim.start();
    host = port === 'files' ? fileClient(sim.host) : socketClient(sim.host);
  });
  afterAll(async () => {
    host.close();
    await sim.remove();
  });
  const misc = (device = 'rshim0') => host.read(`/dev/${device}/misc`);
  const command = (text: string, device = 'rshim0') => host.write(`/dev/${device}/misc`, `${text}\n`);

  test('shows devices, functions and network interfaces', async () => {
    expect((await host.list('/dev')).filter((name) => name.startsWith('rshim'))).toEqual(['rshim0', 'rshim1']);
    expect(await host.list(PFS)).toEqual(expect.arrayContaining(['0000:4b:00.0', '0000:4b:00.1', '0000:4b:00.2', '0000:b1:00.0']));
    expect(await host.read(`${PFS}/0000:4b:00.0/device`)).toBe('0xa2dc\n');
    expect(await host.read(`${PFS}/0000:b1:00.0/device`)).toBe('0xa2d6\n');
    expect(await host.list(`${PFS}/0000:4b:00.0/net`)).toEqual(['ens1f0np0']);
    expect(await host.readlink(`${PFS}/0000:4b:00.0/driver`)).toMatch(/mlx5_core$/);
    expect(await host.read('/sys/class/net/ens1f0np0/device/vpd')).toContain('MT2321XZ0001');
    expect(await host.read('/proc/sys/kernel/random/boot_id')).toMatch(/^[0-9a-f-]{36}\n$/);
    await expect(host.read('/dev/rshim7/misc')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('takes one command per write of misc, and refuses what it does not know', async () => {
    await command('BOOT_TIMEOUT 200');
    expect(await misc()).toContain('BOOT_TIMEOUT    200 (seconds)\n');
    await command('BOOT_TIMEOUT 300');
    for (const wrong of ['NO_SUCH_KEY 1', 'DISPLAY_LEVEL 3', 'DISPLAY_LEVEL', 'FORCE_CMD 1'])
      await expect(command(wrong)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('empties the log by reading it while CLEAR_ON_READ is set', async () => {
    await command('DISPLAY_LEVEL 2', 'rshim1');
    expect(await misc('rshim1')).toContain(' INFO[MISC]: DPU is ready\n');
    await command('CLEAR_ON_READ 1', 'rshim1');
    expect(await misc('rshim1')).toContain(' INFO[MISC]: DPU is ready\n');
    expect(await misc('rshim1')).not.toContain(' INFO');
    await command('CLEAR_ON_READ 0', 'rshim1');
  });

  test('installs what is pushed: exactly one flash, and the marker in the log', async () => {
    const flashed = sim.next('flash-completed');
    const ready = sim.next('os-ready');
    await push(host, bfCfg({ firstBoot: 'mlxconfig -d /dev/mst/mt41692_pciconf0 -y set NUM_OF_VFS=30' }));
    expect(await flashed).toMatchObject({ host: 'h', pci: BF3, bfbSha256: IMAGE.sha256, marker: 'dpu-uid/1' });
    await ready;
    await command('DISPLAY_LEVEL 2');
    expect(await misc()).toContain(' INFO[MISC]: DPF dpu-uid/1 configured\n INFO[MISC]: Linux up\n INFO[MISC]: DPU is ready\n');
    expect(sim.journal().filter(({ event }) => event === 'flash-completed')).toHaveLength(1);
    expect((await sim.ctl<HostView[]>({ op: 'state' }))[0]?.cards[0]).toMatchObject({ osVersion: 'bf-bundle-2.7.0', stage: 'osReady' });
    expect(JSON.stringify(sim.journal())).not.toContain('$1$hash');
  });

  test('lets one program push at a time', async () => {
    const boot = await host.openBoot('/dev/rshim0/boot');
    await expect(host.openBoot('/dev/rshim0/boot')).rejects.toMatchObject({ code: 'EBUSY' });
    await boot.close();
    const again = await retried(() => host.openBoot('/dev/rshim0/boot'));
    await again.close();
  });

  test('refuses to be pushed in drop mode, and while secure NIC mode is on', async () => {
    await command('DROP_MODE 1');
    await expect(host.openBoot('/dev/rshim0/boot')).rejects.toMatchObject({ code: 'EINVAL' });
    expect(await misc()).toContain('DROP_MODE       1 (0:normal, 1:drop)\n');
    await command('DROP_MODE 0');
    await sim.ctl({ op: 'fault', arm: 'boot.open.eperm' });
    await expect(host.openBoot('/dev/rshim0/boot')).rejects.toMatchObject({ code: 'EPERM' });
    await sim.ctl({ op: 'fault', arm: 'rshim.bmcOwned', pci: BF3 });
    await expect(command('DROP_MODE 0')).rejects.toMatchObject({ code: 'EACCES' });
    await sim.ctl({ op: 'fault-clear' });
  });

  test('times a write out when the card takes nothing, and loses the device with ENODEV', async () => {
    await sim.ctl({ op: 'fault', arm: 'boot.stall', params: { at: 50_000 } });
    await expect(push(host, bfCfg())).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await sim.ctl({ op: 'fault', arm: 'boot.disconnect', params: { at: 1000 } });
    await expect(retried(() => push(host, bfCfg()))).rejects.toMatchObject({ code: 'ENODEV' });
  });

  test('takes a bf.cfg only as far as it comes without a pause of half a second', async () => {
    const complete = sim.next('stream-complete');
    const cfg = Buffer.from(bfCfg());
    const boot = await retried(() => host.openBoot('/dev/rshim0/boot'));
    await boot.write(Buffer.concat([IMAGE.bytes(), cfg.subarray(0, 80)]));
    expect(await complete).toMatchObject({ cfgBytes: 80, bfbBytes: IMAGE.size });
    await boot.write(cfg.subarray(80));
    await boot.close();
  });

  test('keeps the last 1 to 7 bytes back until the boot file is closed', async () => {
    const kept = sim.next('stream-complete');
    const boot = await retried(() => host.openBoot('/dev/rshim0/boot'));
    await boot.write(Buffer.concat([IMAGE.bytes(), Buffer.from('KEY=1234567')]));
    expect(await kept).toMatchObject({ cfgBytes: 8 });
    await boot.close();
    const sent = sim.next('stream-complete');
    await retried(() => push(host, 'KEY=1234567'));
    expect(await sent).toMatchObject({ cfgBytes: 11 });
  });

  test('shows what the card says of a corrupt image, and takes nothing more of it', async () => {
    const bytes = IMAGE.bytes();
    bytes[20_000] = (bytes[20_000] as number) ^ 1;
    const refused = sim.next('stream-refused');
    await expect(retried(() => push(host, bfCfg(), bytes))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(await refused).toMatchObject({ why: expect.stringContaining('checksum') });
    await command('DISPLAY_LEVEL 2');
    expect(await misc()).toMatch(/^ ERR\[BL2\]: /m);
  });

  test('follows the kernel in what it lets be written to sriov_numvfs', async () => {
    const file = `${PFS}/0000:b1:00.0/sriov_numvfs`;
    expect(await host.read(`${PFS}/0000:b1:00.0/sriov_totalvfs`)).toBe('16\n');
    await host.write(file, '4\n');
    await host.write(file, '4\n');
    expect(await host.read(file)).toBe('4\n');
    expect(await host.list(`${PFS}/0000:b1:00.0/virtfn1/net`)).toEqual(['ens2f0v1']);
    expect(await host.list('/sys/class/net')).toContain('ens2f0v3');
    await expect(host.write(file, '5\n')).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(host.write(file, '17\n')).rejects.toMatchObject({ code: 'ERANGE' });
    await expect(host.write(file, 'many\n')).rejects.toMatchObject({ code: 'EINVAL' });
    await host.write(file, '0\n');
    await sim.ctl({ op: 'fault', arm: 'vf.enoent' });
    await expect(host.write(file, '4\n')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await host.list('/sys/class/net')).not.toContain('ens2f0v0');
  });

  test('boots anew: another boot id, no virtual functions, rshim a little later', async () => {
    await host.write(`${PFS}/0000:b1:00.0/sriov_numvfs`, '2\n');
    const before = await host.read('/proc/sys/kernel/random/boot_id');
    const booted = sim.next('boot');
    await sim.ctl({ op: 'reboot', host: 'h' });
    await expect(host.read('/proc/uptime')).rejects.toMatchObject({ code: 'ENOENT' });
    const { bootId, bootIdBefore } = await booted;
    expect([bootIdBefore, bootId]).toEqual([before.trim(), (await host.read('/proc/sys/kernel/random/boot_id')).trim()]);
    expect(await host.list('/sys/class/net')).not.toContain('ens2f0v0');
    await retried(() => misc(), 'ENOENT');
  });

  if (port === 'files') {
    test('lets a writer that waits be interrupted', async () => {
      await retried(() => misc(), 'ENOENT');
      await sim.ctl({ op: 'fault', arm: 'boot.stall' });
      const opened = sim.next('first-byte');
      const child = spawn('sh', ['-c', 'exec cat /dev/zero >"$0"', `${sim.host.root}/dev/rshim0/boot`], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await opened;
      child.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
    });
  }
});
