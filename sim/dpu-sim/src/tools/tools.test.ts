import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDpuSim, type DpuSim } from '../simulator.ts';
import { TWO_CARDS } from '../test/sim-process.ts';

const execute = promisify(execFile);

describe('the tools of a host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dpu-sim-'));
  let sim: DpuSim;
  beforeAll(async () => (sim = await startDpuSim({ stateDir: folder, hosts: TWO_CARDS, speed: 600 })));
  afterAll(async () => {
    await sim.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (tool: string, ...args: string[]) =>
    execute(join(sim.hosts()[0]?.toolPath as string, tool), args).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  test('mlxconfig sets what comes into force with a reset, and shows the difference', async () => {
    expect(await run('mlxconfig', '-d', '0000:4b:00.0', '-y', 'set', 'NUM_OF_VFS=30', 'PF_TOTAL_SF=40')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Applying... Done!\n-I- Please reboot machine to load new configurations.'),
    });
    const { stdout } = await run('mlxconfig', '-d', '4b:00.1', '-e', 'q', 'NUM_OF_VFS', 'PF_TOTAL_SF', 'SRIOV_EN');
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).join(' '));
    expect(rows).toEqual(expect.arrayContaining(['* NUM_OF_VFS 16 16 30', 'PF_TOTAL_SF 0 0 0', 'SRIOV_EN True(1) True(1) True(1)']));
  });

  test('mlxconfig writes a query as JSON', async () => {
    const file = join(folder, 'query.json');
    await run('mstconfig', '-d', '0000:b1:00.0', '-e', '-j', file, 'q', 'SRIOV_EN', 'NUM_OF_VFS');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      'Device #1': {
        device: '0000:b1:00.0',
        tlv_configuration: { SRIOV_EN: { next_value: 'True(1)' }, NUM_OF_VFS: { current_value: 16, modified: false } },
      },
    });
  });

  test.each([
    [['-d', '0000:4b:00.0', '-y', 'set', 'NO_SUCH=1'], "-E- The Device doesn't support NO_SUCH parameter"],
    [['-d', '0000:4b:00.0', '-y', 'set', 'NUM_OF_VFS=1000'], '-E- Failed to parse value 1000'],
    [['-d', '0000:99:00.0', 'q'], '-E- No devices found'],
  ])('mlxconfig %j fails', async (args, text) => {
    expect(await run('mlxconfig', ...args)).toMatchObject({ code: 3, stdout: expect.stringContaining(text) });
  });

  test('ip makes a bridge, its ports and their MTU', async () => {
    const ip = (text: string) => run('ip', ...text.split(' '));
    expect(await ip('link set dev ens1f0np0 master br-dpu')).toMatchObject({ code: 1 });
    await ip('link add name br-dpu type bridge');
    expect(await ip('link add name br-dpu type bridge')).toMatchObject({ code: 2, stderr: 'RTNETLINK answers: File exists\n' });
    await ip('link set dev ens1f0np0 master br-dpu');
    await ip('link set dev ens1f0np0 mtu 9000 up');
    const shown = JSON.parse((await ip('-j link show master br-dpu')).stdout) as unknown;
    expect(shown).toMatchObject([{ ifname: 'ens1f0np0', master: 'br-dpu', mtu: 9000, operstate: 'UP' }]);
    await ip('link del br-dpu');
    expect(await ip('link show br-dpu')).toMatchObject({ code: 1 });
    expect(JSON.parse((await ip('-j link show dev ens1f0np0')).stdout)).not.toHaveProperty('0.master');
  });

  test('flint, lspci, devlink and ipmitool answer as the real ones', async () => {
    expect((await run('flint', '-d', '4b:00.0', 'q')).stdout).toMatch(/^PSID: +MT_0000000884$/m);
    expect((await run('lspci')).stdout).toContain('[15b3:a2d6]');
    expect(await run('devlink', 'health', 'recover', 'pci/0000:4b:00.0', 'reporter', 'fw_fatal')).toMatchObject({ code: 0 });
    expect((await run('ipmitool', 'chassis', 'power', 'status')).stdout).toBe('Chassis Power is on\n');
    sim.arm({ name: 'ipmitool.fail' });
    expect(await run('ipmitool', 'chassis', 'power', 'cycle')).toMatchObject({ code: 1 });
  });
});
