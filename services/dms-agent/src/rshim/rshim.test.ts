/** The rshim texts: reports, logs that come in every way, and the story that they tell. */
import { failureMarker, installMarker } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { inDropMode, isFilling, isFull, LogTail, parseMisc, pciOfDevName } from './misc.ts';
import { emptyStory, tell } from './story.ts';

const report = (log?: string[]) =>
  [
    'DISPLAY_LEVEL   2 (0:basic, 1:advanced, 2:log)',
    'DROP_MODE       0 (0:normal, 1:drop)',
    'DEV_NAME        pcie-0000:53:00.2',
    'DEV_INFO        BlueField-3(Rev 1)',
    ...(log ? ['-'.repeat(39), `${' '.repeat(13)}Log Messages`, '-'.repeat(39), ...log] : []),
    '',
  ].join('\n');

describe('misc', () => {
  test('gives fields and log', () => {
    const parsed = parseMisc(report([' INFO[BL2]: start', ' INFO[MISC]: Linux up']));
    expect(parsed.fields).toMatchObject({ DEV_NAME: 'pcie-0000:53:00.2', DEV_INFO: 'BlueField-3(Rev 1)' });
    expect(parsed.log).toEqual(['INFO[BL2]: start', 'INFO[MISC]: Linux up']);
    expect(inDropMode(parsed)).toBe(false);
  });
  test('without a log section has no log, which is not an empty one', () => {
    expect(parseMisc(report()).log).toBeUndefined();
    expect(parseMisc(report([])).log).toEqual([]);
  });
  test.each([
    ['pcie-0000:4b:00.2', '0000:4b:00'],
    ['pcie-4B:00.1', '0000:4b:00'],
    ['pcie-lf-0000:84:00.0', '0000:84:00'],
    ['usb-2-1.7', undefined],
  ])('%s is the device of card %s', (name, pci) => expect(pciOfDevName(name)).toBe(pci));
  test('a buffer of 128 words is filling from the half on', () => {
    const line = `INFO[MISC]: ${'x'.repeat(56)}`; // 8 words
    expect(isFilling(Array(7).fill(line))).toBe(false);
    expect(isFilling(Array(8).fill(line))).toBe(true);
  });
  test('a buffer that has no room for a line may have lost one', () => {
    const line = `INFO[MISC]: ${'x'.repeat(56)}`;
    expect([14, 15].map((lines) => isFull(Array(lines).fill(line)))).toEqual([false, true]);
  });
});

describe('a log that is read again and again', () => {
  const read = (...readings: string[][]) => {
    const tail = new LogTail();
    return readings.flatMap((log) => tail.take(log));
  };
  test.each<[string, string[][]]>([
    ['whole each time', [['a'], ['a', 'b'], ['a', 'b'], ['a', 'b', 'c', 'd']]],
    ['emptied by each reading', [['a'], ['b'], [], ['c', 'd']]],
    ['whole, emptied once, whole again', [['a', 'b'], ['a', 'b'], ['c'], ['c', 'd']]],
    ['begun anew by a reset of the card', [['a', 'b'], ['c'], ['c', 'd']]],
  ])('gives every line once: %s', (_case, readings) => expect(read(...readings)).toEqual(['a', 'b', 'c', 'd']));
  test('gives none of the lines that were there before', () => expect(new LogTail(['a']).take(['a', 'b'])).toEqual(['b']));
});

describe('the story of a log', () => {
  const marker = { configured: installMarker('uid', 3), failed: failureMarker('uid', 3) };
  const after = (...lines: string[]) => tell(emptyStory, lines, marker, 1000);
  const INSTALLED = ['INFO[MISC]: Found bf.cfg', 'INFO[MISC]: Ubuntu installation started', 'INFO[MISC]: Rebooting...'];

  test.each([
    ['ERR[BL1]: PSC error -60', 'ImageRefused', 'neverSucceeds'],
    ['ERR[BL2]: DDR init fail on MSS0', 'BootImageFailed', 'transient'],
    ['ERR[BL2]: image load failed', 'BootImageFailed', 'transient'],
    ['PANIC(BL2): PC = 0x0000000000001234', 'FirmwareCrashed', 'transient'],
    ['Exception(BL31): syndrome = 0x00000000be000000(SError)', 'FirmwareCrashed', 'transient'],
    ['ERR[MISC]: Installation failed', 'InstallerFailed', 'transient'],
    ['INFO[MISC]: CRITICAL ERROR', 'InstallerFailed', 'transient'],
    ['INFO[MISC]: Invalid bf.cfg', 'ConfigNotApplied', 'transient'],
  ])('%s ends it: %s', (line, reason, failureClass) => {
    expect(after(...INSTALLED, line).failure).toMatchObject({ reason, class: failureClass });
  });

  test.each([
    'ERR[MISC]: NIC firmware update failed',
    'ERR[MISC]: NIC Firmware reset failed. Host power cycle is required',
    'ERR[MISC]: Failed to add ubuntu0 boot entry.',
    'ERR[MISC]: Failed to access BMC',
    'WARN[MISC]: Skipping BMC components upgrade.',
  ])('%s is a warning only', (line) => {
    const story = after(...INSTALLED, line);
    expect(story.failure).toBeUndefined();
    expect(story.warnings).toEqual([line]);
  });

  test('Rule op-has-uid: only the marker of this very attempt counts', () => {
    expect(after('INFO[MISC]: DPF uid/2 configured').configured).toBeUndefined();
    expect(after('INFO[MISC]: DPF uid/33 configured').configured).toBeUndefined();
    expect(after('INFO[MISC]: DPF uid/3 configured').configured).toBe(true);
  });

  test('Rule op-has-uid: a step of the configuration that failed ends this very attempt, whatever comes after it', () => {
    expect(after(...INSTALLED, 'ERR[MISC]: DPF uid/2 failed: ovs').failure).toBeUndefined();
    expect(after(...INSTALLED, 'ERR[MISC]: DPF uid/33 failed: ovs').failure).toBeUndefined();
    expect(after(...INSTALLED, 'ERR[MISC]: DPF uid/3 failed: nvconfig', 'INFO[MISC]: DPU is ready').failure).toEqual({
      reason: 'ConfigurationFailed',
      class: 'transient',
      message: 'the configuration of the card failed in step nvconfig',
    });
  });

  test('`DPU is ready` counts after the installer had begun: before, it is the old system', () => {
    expect(after('INFO[MISC]: DPU is ready').readyAt).toBeUndefined();
    expect(after(...INSTALLED, 'INFO[MISC]: Linux up', 'INFO[MISC]: DPU is ready')).toMatchObject({ readyAt: 1000, config: true });
  });

  const BOOTS = ['INFO[BL2]: start', 'INFO[UEFI]: exit Boot Service', 'INFO[MISC]: Linux up', 'INFO[MISC]: DPU is ready'];
  const FOUND = 'INFO[MISC]: Found bf.cfg';
  test.each<[string, string[], boolean]>([
    ['from its disk after the installer ended is no reset', [...INSTALLED, ...BOOTS], false],
    ['from the image is no reset', [...BOOTS.slice(0, 2), ...INSTALLED], false],
    ['when the installer had hardly begun was reset', [FOUND, ...BOOTS], true],
    ['while the system was being written was reset', [FOUND, 'INFO[MISC]: Installing OS image', ...BOOTS], true],
    [
      'as the next agent reads again is no reset',
      [...BOOTS.slice(0, 2), FOUND, ...BOOTS.slice(0, 2), FOUND, 'INFO[MISC]: Installing OS image'],
      false,
    ],
    ['once the system was written is no reset', [FOUND, 'INFO[MISC]: Ubuntu installation completed', ...BOOTS], false],
    ['after the installation of firmware alone is no reset', [FOUND, 'INFO[MISC]: Updating NIC firmware...', ...BOOTS], false],
  ])('a card that starts %s', (_case, lines, cutShort) => expect(after(...lines).cutShort ?? false).toBe(cutShort));

  test('percent never goes back, also when the card boots once more', () => {
    let story = emptyStory;
    let last = 0;
    for (const line of ['INFO[BL2]: start', 'INFO[UEFI]: exit Boot Service', ...INSTALLED, 'INFO[BL2]: start', 'INFO[MISC]: Linux up']) {
      story = tell(story, [line], marker, 1);
      expect(story.percent).toBeGreaterThanOrEqual(last);
      last = story.percent;
    }
    expect(last).toBe(90);
  });
});
