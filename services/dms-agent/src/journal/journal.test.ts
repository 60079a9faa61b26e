import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { emptyStory } from '../rshim/story.ts';
import { newFolder } from '../test/folders.ts';
import { isOlder, Journal } from './journal.ts';

const MINUTE = 60_000;
const boot = (bootId: string, bootedAt = 1_000 * MINUTE) => ({ bootId, bootedAt });

describe('the journal', () => {
  test('Rule boots-are-ordered: another boot id is a greater boot; the same one is the same boot, and the sequence goes on', async () => {
    const folder = newFolder('dms-journal-');
    const first = await Journal.open(folder, boot('a'));
    await first.update((data) => (data.sequence = 7));
    const again = await Journal.open(folder, boot('a'));
    expect(again.data).toMatchObject({ boot: first.data.boot, sequence: 7 });
    const next = await Journal.open(folder, boot('b'));
    expect(next.data).toMatchObject({ boot: first.data.boot + 1, sequence: 0 });
  });

  test('Rule boots-are-ordered: a journal that was lost begins above the boots that it had counted, and at the same one within a boot', async () => {
    const old = newFolder('dms-journal-');
    let counted = (await Journal.open(old, boot('a', 1_000 * MINUTE))).data.boot;
    for (const id of ['b', 'c']) counted = (await Journal.open(old, boot(id))).data.boot;
    expect((await Journal.open(newFolder('dms-journal-'), boot('d', 1_010 * MINUTE))).data.boot).toBeGreaterThan(counted);
    expect((await Journal.open(newFolder('dms-journal-'), boot('a', 1_000 * MINUTE))).data.boot).toBe(1_000);
  });

  test.each<[string, { boot: number; bootId: string; sequence: number; reset?: true }, object | undefined]>([
    ['goes on where it was in this boot', { boot: 7, bootId: 'a', sequence: 20 }, { boot: 7, sequence: 20 }],
    [
      'takes a claimed reset for one that may have been issued',
      { boot: 7, bootId: 'a', sequence: 20, reset: true },
      { reset: { boot: 7 } },
    ],
    ['counts above a boot that is over', { boot: 2_000, bootId: 'z', sequence: 20 }, { boot: 2_001, sequence: 1 }],
    ['learns nothing where a boot that is over has a smaller number', { boot: 7, bootId: 'z', sequence: 20 }, undefined],
    ['learns nothing from an older number of its own', { boot: 1_000, bootId: 'a', sequence: 1, reset: true }, undefined],
  ])('Rule boots-are-ordered: one that was lost %s', async (_case, last, after) => {
    const folder = newFolder('dms-journal-');
    const journal = await Journal.open(folder, boot('a'));
    await journal.update((data) => data.sequence++);
    expect(await journal.goOnFrom(last, 90_000)).toBe(after !== undefined);
    const { data } = await Journal.open(folder, boot('a'));
    expect(data).toMatchObject(after ?? { boot: 1_000, sequence: 1 });
    expect(data.reset?.issuedAtUptime).toBe(after && last.reset && 90_000);
  });

  test('a reset belongs to its boot', async () => {
    const folder = newFolder('dms-journal-');
    const first = await Journal.open(folder, boot('a'));
    await first.update((data) => (data.reset = { boot: data.boot, issuedAtUptime: 1 }));
    expect((await Journal.open(folder, boot('a'))).data.reset).toBeDefined();
    expect((await Journal.open(folder, boot('b'))).data.reset).toBeUndefined();
  });

  test('is on disk when an update resolves, also when many come at once', async () => {
    const folder = newFolder('dms-journal-');
    const journal = await Journal.open(folder, boot('a'));
    await Promise.all(Array.from({ length: 50 }, () => journal.update((data) => data.sequence++)));
    expect(JSON.parse(readFileSync(join(folder, 'journal.json'), 'utf8')).sequence).toBe(50);
  });

  test('tolerates a write that was torn: the one before it stands', async () => {
    const folder = newFolder('dms-journal-');
    const journal = await Journal.open(folder, boot('a'));
    await journal.update((data) => (data.sequence = 3));
    writeFileSync(join(folder, 'journal.json.new'), '{"boot":');
    expect((await Journal.open(folder, boot('a'))).data.sequence).toBe(3);
  });

  test('that a disk has spoilt is kept aside, and begun anew', async () => {
    const folder = newFolder('dms-journal-');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'journal.json'), '\0\0\0');
    expect((await Journal.open(folder, boot('a'))).data.boot).toBe(1_000);
    expect(readFileSync(join(folder, 'journal.json.unreadable'), 'utf8')).toBe('\0\0\0');
  });

  test('knows what it holds, what is unfinished, and what is older; a uid that is forgotten leaves nothing', async () => {
    const journal = await Journal.open(newFolder('dms-journal-'), boot('a'));
    const install = { id: 'install.u1.3', uid: 'u1', attempt: 3, state: 'pushed' as const, openedAt: 0, story: emptyStory };
    await journal.update((data) => {
      data.installs['0000-4b-00'] = install;
      data.hostNetworks['0000-b1-00'] = { uid: 'u2', attempt: 1, numberOfVfs: 1, mtu: 1500, channelVf: 0 };
    });
    expect(journal.holds()).toEqual(['u1', 'u2']);
    expect(journal.heads().map(({ uid, kind, state }) => `${uid} ${kind} ${state}`)).toEqual([
      'u1 install pushed',
      'u2 hostNetwork succeeded',
    ]);
    expect(['install.u1.2', 'install.u1.3', 'install.u9.1', 'reset.h.1'].map((id) => isOlder(journal, id))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    await journal.endInstall('0000-4b-00', { state: 'succeeded', percent: 100, message: '', boot: 1 });
    expect(journal.holds()).toEqual(['u2']);
    for (const uid of ['u1', 'u2']) await journal.forget(uid);
    expect(journal.heads()).toEqual([]);
  });
});
