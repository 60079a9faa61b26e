/** The times of an install that an agent goes on with. */
import { expect, jest, test } from '@jest/globals';
import { systemClock } from '../clock.ts';
import { Journal } from '../journal/journal.ts';
import { emptyStory } from '../rshim/story.ts';
import { newFolder } from '../test/folders.ts';
import type { OperationContext } from './context.ts';
import { InstallEntry } from './entry.ts';
import { verdict, type InstallSpec } from './verdict.ts';

const MINUTE = 60_000;
const PCI = '0000-4b-00';
const deadlines = { noByteSeconds: 360, noLogSeconds: 900, totalSeconds: 3600 };
const spec = { id: 'install.u.1', pci: PCI } as InstallSpec;

test.each<[string, { now: number; openedAt: number; pushedAt: number; readyAt: number }, string | undefined]>([
  ['that was opened in this boot keeps its deadline', { now: 70 * MINUTE, openedAt: 10 * MINUTE, pushedAt: 12 * MINUTE, readyAt: 69.5 * MINUTE }, 'InstallTimedOut'], // prettier-ignore
  ['of an earlier boot of the host is given its time anew', { now: MINUTE, openedAt: 900 * MINUTE, pushedAt: 902 * MINUTE, readyAt: 903 * MINUTE }, undefined], // prettier-ignore
  ['of an agent that counted from 1970 too', { now: MINUTE, openedAt: 1.7e12, pushedAt: 1.7e12, readyAt: 1.7e12 }, undefined],
])('an install %s', async (_case, { now, openedAt, pushedAt, readyAt }, expected) => {
  const journal = await Journal.open(newFolder('dms-journal-'), { bootId: 'a', bootedAt: MINUTE });
  const story = { ...emptyStory, installer: true, config: true, readyAt, lastLineAt: readyAt };
  await journal.update((data) => (data.installs[PCI] = { id: spec.id, uid: 'u', attempt: 1, state: 'pushed', openedAt, pushedAt, story }));
  const entry = new InstallEntry(spec, { journal, clock: { ...systemClock, now: () => now } } as OperationContext);
  await entry.goOn();
  const after = (ms: number) => verdict({ now: now + ms, watchedSince: now, ...entry.present }, deadlines, 1.5 * MINUTE);
  expect((after(0) as { reason?: string } | undefined)?.reason).toBe(expected);
  // The grace ends in any case.
  expect(after(1.5 * MINUTE)).toBe(true);
});

test('a time of day that is set makes nothing longer or shorter', () => {
  const before = systemClock.now();
  const day = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 1440 * MINUTE);
  expect(systemClock.now() - before).toBeLessThan(MINUTE);
  day.mockRestore();
});
