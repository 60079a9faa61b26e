import { describe, expect, test } from '@jest/globals';
import { emptyStory, type LogStory } from '../rshim/story.ts';
import { OperationFailure } from './failure.ts';
import { verdict, type InstallFacts } from './verdict.ts';

const SECOND = 1000;
const deadlines = { noByteSeconds: 360, noLogSeconds: 900, totalSeconds: 3600 };
const at = (seconds: number, story: Partial<LogStory>, facts: Partial<InstallFacts> = {}) => {
  const result = verdict(
    { now: seconds * SECOND, openedAt: 0, watchedSince: 0, story: { ...emptyStory, ...story }, ...facts },
    deadlines,
    90 * SECOND,
  );
  return result instanceof OperationFailure ? `${result.reason} ${result.class}` : result;
};
const pushed = (seconds: number) => ({ pushedAt: seconds * SECOND });
const ready = { installer: true, config: true, readyAt: 500 * SECOND, lastLineAt: 500 * SECOND };

describe('an installation', () => {
  test.each<[string, ReturnType<typeof at>, ReturnType<typeof at>]>([
    ['goes on while bytes come', at(1000, {}, { lastByteAt: 900 * SECOND }), undefined],
    ['fails when the card takes no byte', at(1000, {}, { lastByteAt: 640 * SECOND }), 'PushTimedOut transient'],
    ['is not over by a marker while the push is not', at(100, { configured: true }), undefined],
    ['is over when push and marker are there', at(100, { configured: true }, pushed(50)), true],
    ['goes on when the system is ready but not yet configured', at(560, ready, pushed(50)), undefined],
    ['is over when the system is ready and the grace has passed', at(590, ready, pushed(50)), true],
    [
      'is not over when the system is ready that the card had before: it was reset amid the install',
      at(590, { ...ready, cutShort: true }, pushed(50)),
      undefined,
    ],
    ['fails when nothing comes after that', at(1400, { ...ready, cutShort: true }, pushed(50)), 'InstallerSilent transient'],
    ['is over by the marker all the same', at(590, { ...ready, cutShort: true, configured: true }, pushed(50)), true],
    ['is over when the log may have lost the end of the installer', at(590, { ...ready, cutShort: true, lossy: true }, pushed(50)), true],
    ['fails when bf.cfg was never found', at(590, { ...ready, config: false }, pushed(50)), 'ConfigNotApplied transient'],
    ['fails when the log is silent', at(951, {}, pushed(50)), 'InstallerSilent transient'],
    [
      'fails for good when the installed system does not come up',
      at(951, { rebooted: true }, pushed(50)),
      'InstalledOsNotReady needsHuman',
    ],
    ['is given its silence anew when the agent was away', at(1000, {}, { ...pushed(50), watchedSince: 990 * SECOND }), undefined],
    ['fails when it takes too long in all', at(3600, { lastLineAt: 3599 * SECOND }, pushed(50)), 'InstallTimedOut transient'],
    ['fails by what the log says, before any deadline', at(3600, { failure: { reason: 'FirmwareCrashed', class: 'transient', message: '' } }), 'FirmwareCrashed transient'], // prettier-ignore
  ])('%s', (_case, result, expected) => expect(result).toBe(expected));
});
