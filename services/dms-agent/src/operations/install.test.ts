/** How installs end: the faults of cards and images, each with the reason and class that it is reported with. */
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { failureMarker, installMarker, operationId } from '@dpf/api';
import { cardSpec, generateBfb, startDpuSim, type DpuSim, type FaultName } from '@dpf/dpu-sim';
import type { JournalData } from '../journal/records.ts';
import { bench, publish, type Bench } from '../test/bench.ts';
import { bfCfg } from '../test/config.ts';
import { OperationControl } from './control.ts';
import { AgentStopping } from './failure.ts';
import { install } from './install.ts';
import type { InstallSpec } from './verdict.ts';

jest.setTimeout(60_000);

const PCI = '0000-4b-00';
const UID = 'a-dpu';
const image = generateBfb({ bytes: 400_000 });
let folder: string;
let sim: DpuSim;
let agent: Bench;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dms-install-'));
  sim = await startDpuSim({ stateDir: folder, speed: 2000, hosts: [{ name: 'worker-1', cards: [cardSpec(0, 1)] }] });
  const [host] = sim.hosts();
  agent = await bench(host as NonNullable<typeof host>);
  publish(agent, image);
});
afterEach(async () => {
  await agent.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

const spec = (changes: Partial<InstallSpec> = {}): InstallSpec => ({
  kind: 'install',
  id: operationId({ kind: 'install', uid: UID, attempt: 1 }),
  pci: PCI,
  uid: UID,
  attempt: 1,
  bfbPath: `${image.sha256}.bfb`,
  bfbSha256: image.sha256,
  bfbSize: image.size,
  bfcfg: bfCfg(installMarker(UID, 1)),
  marker: installMarker(UID, 1),
  deadlines: PATIENT,
  ...changes,
});
const run = (changes?: Partial<InstallSpec>) => install(spec(changes), agent, new OperationControl());
/** For a machine that is busy. */
const PATIENT = { noByteSeconds: 30, noLogSeconds: 30, totalSeconds: 50 };
/** Of a fault that hangs: the deadline that it is to miss. It leaves a busy machine the time to get there. */
const MISSED: Partial<Record<FaultName, Partial<typeof PATIENT>>> = {
  'boot.stall': { noByteSeconds: 8 },
  'installer.hang': { noLogSeconds: 8 },
  'reboot.noReady': { noLogSeconds: 8 },
};
const armResets = () => sim.journal().flatMap((entry) => (entry.event === 'arm-reset' ? [entry.kind] : []));
const opened = () => sim.journal().filter(({ event }) => event === 'boot-open').length;

describe('an install ends with', () => {
  type Card = 'stopped' | 'left alone';
  const faults: [FaultName, string, string, Card, Record<string, number>?][] = [
    ['boot.open.ebusy', 'RshimBusy', 'transient', 'left alone'],
    ['boot.open.eperm', 'RshimLocked', 'needsHuman', 'left alone'],
    ['boot.stall', 'PushTimedOut', 'transient', 'stopped', { at: 200_000 }],
    ['boot.disconnect', 'RshimLost', 'transient', 'stopped', { at: 200_000 }],
    ['rshim.absent', 'RshimMissing', 'transient', 'left alone'],
    ['rshim.bmcOwned', 'RshimOwnedByBmc', 'needsHuman', 'left alone'],
    ['psc.error', 'ImageRefused', 'neverSucceeds', 'stopped'],
    ['bfb.crc', 'BootImageFailed', 'transient', 'stopped'],
    ['panic', 'FirmwareCrashed', 'transient', 'stopped'],
    ['installer.fail', 'InstallerFailed', 'transient', 'left alone'],
    ['installer.invalidCfg', 'ConfigNotApplied', 'transient', 'stopped'],
    ['installer.hang', 'InstallerSilent', 'transient', 'stopped'],
    ['reboot.noReady', 'InstalledOsNotReady', 'needsHuman', 'left alone'],
  ];
  test.each(faults)('fault %s: %s, %s; the card is %s', async (name, reason, failureClass, card, params = {}) => {
    sim.arm({ name, persistent: true, params });
    const ending = await run({ deadlines: { ...PATIENT, ...MISSED[name] } });
    expect(ending).toMatchObject({ state: 'failed', reason, class: failureClass });
    expect(ending.message).not.toContain('undefined');
    expect(armResets().includes('SW_RESET') ? 'stopped' : 'left alone').toBe(card);
  });

  test('InstallTimedOut, and a card that is stopped and writes nothing any more', async () => {
    sim.arm({ name: 'installer.hang' });
    expect(await run({ deadlines: { ...PATIENT, totalSeconds: 8 } })).toMatchObject({ state: 'failed', reason: 'InstallTimedOut' });
    expect(armResets()).toEqual(['boot-open', 'SW_RESET']);
    expect(sim.journal().filter(({ event }) => event === 'flash-completed')).toEqual([]);
  });

  test('the words of the installer, so that a person knows why', async () => {
    sim.arm({ name: 'installer.fail' });
    expect((await run()).message).toContain('Failed to access target device: /dev/nvme0n1');
  });

  test('ConfigurationFailed, where a step of bf.cfg failed and the installed system is ready all the same', async () => {
    expect(await run({ bfcfg: bfCfg(`ERR ${failureMarker(UID, 1)} ovs`) })).toMatchObject({
      state: 'failed',
      reason: 'ConfigurationFailed',
      message: expect.stringContaining('ovs'),
    });
  });

  test('success by `DPU is ready` and the grace, where the log had no room for the marker', async () => {
    sim.arm({ name: 'log.overflow' });
    expect(await run()).toMatchObject({ state: 'succeeded' });
  });

  test('success with a driver that does not know CLEAR_ON_READ', async () => {
    sim.arm({ name: 'misc.unknownKey', persistent: true });
    expect(await run()).toMatchObject({ state: 'succeeded' });
  });

  test('success and a warning, where only the NIC firmware was not updated', async () => {
    sim.arm({ name: 'installer.nicFwFail' });
    const ending = await run();
    expect(ending).toMatchObject({ state: 'succeeded' });
    expect(ending.message).toContain('NIC firmware update failed');
  });

  test('ImageWrong, and no bf.cfg, where the image changed after it was checked', async () => {
    await agent.images.check(spec());
    const other = generateBfb({ bytes: 400_000, seed: 2 });
    const wrong = other.sha256;
    await agent.journal.update((data) => (data.digests[`${wrong}.bfb`] = { stamp: '', sha256: '' }));
    publish(agent, other);
    await agent.images.check({ bfbPath: `${wrong}.bfb`, bfbSha256: wrong, bfbSize: other.size });
    // The cache says right, the bytes are others: as when a file is replaced between the check and the push.
    await agent.journal.update((data) => (data.digests[`${wrong}.bfb`] = { ...data.digests[`${wrong}.bfb`]!, sha256: image.sha256 }));
    expect(await run({ bfbPath: `${wrong}.bfb`, bfbSize: other.size })).toMatchObject({ state: 'failed', reason: 'ImageWrong' });
    expect(sim.journal().filter(({ event }) => event === 'stream-complete')).toEqual([]);
  });
});

describe('Rule card-lock: an install', () => {
  const locked = async () => {
    const lock = await agent.locks.tryAcquire(PCI);
    await lock?.release();
    return lock === undefined;
  };

  test('opens no boot file and ends in no way while another has the card', async () => {
    const other = await agent.locks.tryAcquire(PCI);
    const control = new OperationControl();
    const ending = install(spec(), agent, control);
    await agent.clock.sleep(100);
    control.cancel('now');
    expect(await Promise.race([ending, agent.clock.sleep(300)])).toBeUndefined();
    await other?.release();
    expect(await ending).toMatchObject({ state: 'cancelled' });
    expect(opened()).toBe(0);
  });

  test('has the card while it runs, and when its agent ends gives it back only with its push child gone', async () => {
    sim.arm({ name: 'boot.stall', params: { at: 200_000 } });
    const control = new OperationControl();
    const ending = install(spec(), agent, control);
    await sim.journaled(({ event }) => event === 'fault-fired');
    expect(await locked()).toBe(true);
    control.shutDown();
    await expect(ending).rejects.toThrow(AgentStopping);
    expect(await locked()).toBe(false);
    await sim.journaled(({ event }) => event === 'boot-close');
  });
});

describe('where the journal cannot be written', () => {
  /** As with a full disk: what is written aside cannot be. */
  const aside = (name: string) => join(agent.stateDir, `${name}.new`);
  const blocked = async (name: string) => {
    // Not amid a write.
    for (; ; await setImmediate())
      try {
        return mkdirSync(aside(name));
      } catch {
        continue;
      }
  };
  const waiting = async (control: OperationControl) => {
    while (!control.message.includes('waits until the agent can write its journal')) await agent.clock.sleep(10);
  };
  const onDisk = () => (JSON.parse(readFileSync(join(agent.stateDir, 'journal.json'), 'utf8')) as JournalData).installs[PCI];

  test('an install under way goes on, with one warning; it is told to have ended once that stands in the journal', async () => {
    const control = new OperationControl();
    await blocked(`push-${PCI}.json`);
    const ending = install(spec(), agent, control);
    await sim.journaled(({ event }) => event === 'boot-open');
    await blocked('journal.json');
    await waiting(control);
    expect(await Promise.race([ending, setImmediate('not told')])).toBe('not told');
    expect(agent.warnings).toEqual([
      'the journal cannot be written; the install goes on',
      'the journal cannot be written; the end of an install waits for it',
    ]);
    rmdirSync(aside('journal.json'));
    expect(await ending).toMatchObject({ state: 'succeeded' });
    expect(onDisk()).toMatchObject({ state: 'succeeded', story: { configured: true } });
    expect(armResets()).not.toContain('SW_RESET');
  });

  test('Rule push-once: no boot file is opened', async () => {
    await agent.images.check(spec());
    const control = new OperationControl();
    await blocked('journal.json');
    const ending = install(spec(), agent, control);
    await waiting(control);
    rmdirSync(aside('journal.json'));
    expect(await ending).toMatchObject({ state: 'failed', reason: 'AgentFault' });
    expect(opened()).toBe(0);
  });
});

describe('before the boot file is opened', () => {
  describe.each<[string, FaultName[]]>([
    ['empties it', []],
    ['cannot', ['misc.unknownKey']],
  ])('Rule log-from-push: where the log outlives the opening of the boot file and the driver %s', (_case, driver) => {
    beforeEach(() => {
      sim.arm({ name: 'log.kept' });
      for (const name of driver) sim.arm({ name, persistent: true });
    });

    test('the marker of this very attempt, from before, does not end it', async () => {
      await sim.cardTool('worker-1', PCI, 'bfrshlog', [installMarker(UID, 1)]);
      sim.arm({ name: 'installer.hang' });
      expect(await run({ deadlines: { ...PATIENT, ...MISSED['installer.hang'] } })).toMatchObject({
        state: 'failed',
        reason: 'InstallerSilent',
      });
    });

    test('an error from before does not fail it', async () => {
      await sim.cardTool('worker-1', PCI, 'bfrshlog', ['ERR Installation failed']);
      expect(await run()).toMatchObject({ state: 'succeeded' });
    });
  });

  test('Rule reset-alone: nothing is installed once a reset of this boot stands in the journal, and that costs no try', async () => {
    await agent.journal.update((data) => (data.reset = { boot: data.boot, issuedAtUptime: 1 }));
    expect(await run()).toMatchObject({ state: 'failed', reason: 'ResetUnderWay', class: 'transient', cutOff: true });
    expect(opened()).toBe(0);
  });

  test('a cancel that was answered with the claim ends it, whatever its image', async () => {
    const control = new OperationControl();
    control.cancel('unlessEffective');
    expect(await install(spec({ bfbPath: '', bfbSize: 0 }), agent, control)).toMatchObject({ state: 'cancelled' });
    expect(opened()).toBe(0);
  });

  test('Rule op-has-uid: the install of another Dpu, of the same card and with the same number, is not taken for this one', async () => {
    await run();
    const uid = 'made-again';
    const marker = installMarker(uid, 1);
    const again = { uid, id: operationId({ kind: 'install', uid, attempt: 1 }), marker, bfcfg: bfCfg(marker) };
    expect(await run(again)).toMatchObject({ state: 'succeeded' });
    expect(opened()).toBe(2);
    expect(agent.journal.install(PCI)).toMatchObject({ id: again.id, uid, attempt: 1 });
    expect(agent.journal.heads()).toMatchObject([{ uid, attempt: 1 }]);
  });

  test('Rule push-once: an attempt whose push is known to be complete is not pushed again', async () => {
    await run();
    const before = opened();
    agent = await agent.restart();
    expect(await run()).toMatchObject({ state: 'succeeded' });
    expect(opened()).toBe(before);
  });
});
