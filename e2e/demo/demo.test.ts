import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Dpu } from '@dpf/api';
import { WORKSPACE } from '../fleet/workspace.ts';
import { createView, lineOf } from './view.ts';

const run = promisify(execFile);
const demo = (...argv: string[]) =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', 'e2e/demo/main.ts', ...argv], { cwd: WORKSPACE });

const dpu = (name: string, status: Dpu['status']): Dpu => ({
  metadata: { name },
  spec: { nodeName: 'n', pciAddress: '0000-4b-00', bfb: 'b', dpuFlavor: 'f' },
  status: status ?? {},
});

describe('the demo', () => {
  test('provisions its hosts, shows the way and the tables, and leaves nothing running', async () => {
    const { stdout } = await demo('--hosts', '1', '--speed', '200');
    for (const phase of ['Initializing', 'Pending', 'OSInstalling', 'Rebooting', 'HostNetworkConfiguration', 'Ready'])
      expect(stdout).toContain(phase);
    expect(stdout).toMatch(/Initializing .*hbn/);
    expect(stdout).toMatch(/all 2 DPUs are Ready/);
    expect(stdout).toMatch(/DESIRED +UPDATED +READY.*\ndpuset-demo +2 +2 +2 +0 +0 /);
    expect(stdout).toMatch(/\$ kubectl get dpu -n dpf-provisioning\nNAME .*PHASE/);
  }, 180_000);

  test('lists its options and faults', async () => {
    const { stdout } = await demo('--help');
    for (const option of ['--hosts', '--speed', '--fault', '--hold', '--keep', '--timeout', 'push-cut-off', 'api-silent-watch'])
      expect(stdout).toContain(option);
  });

  test.each([
    ['--hosts', '0', /whole number from 1/],
    ['--fault', 'gremlins', /Allowed choices are/],
  ])(
    'says what is wrong with %s %s',
    async (option, value, message) => {
      await expect(demo(option, value)).rejects.toMatchObject({ stderr: expect.stringMatching(message) });
    },
    60_000,
  );
});

describe('the view', () => {
  test.each([
    ['a DPU that was just made', dpu('w-1', undefined), /^w-1 +Initializing$/],
    ['one that waits', dpu('w-1', { phase: 'Pending', waitingFor: 'the image' }), /Pending +the image$/],
    [
      'one under way',
      dpu('w-1', { phase: 'OSInstalling', progress: { percent: 41.7, message: 'pushing' } }),
      /OSInstalling +42% {2}pushing$/,
    ],
    ['one that is Ready', dpu('w-1', { phase: 'Ready' }), /Ready +100% {2}provisioned$/],
  ])('shows %s in one line', (_what, object, line) => {
    expect(lineOf(object)).toMatch(line);
  });

  test('elsewhere than on a terminal writes a line per change, and none without', () => {
    const written: string[] = [];
    const view = createView({ isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream, () => 0);
    const waiting = dpu('w-1', { phase: 'Pending', waitingFor: 'the image' });
    view.show([waiting]);
    view.show([waiting]);
    view.show([dpu('w-1', { phase: 'Ready' })]);
    expect(written).toHaveLength(2);
  });
});
