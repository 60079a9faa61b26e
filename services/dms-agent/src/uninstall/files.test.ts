import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { createLocks } from '../lock.ts';
import { newFolder } from '../test/folders.ts';
import { removeFiles } from './files.ts';

const PCI = '0000-4b-00';
const never = new AbortController().signal;
const EMPTY = { boot: 7, bootId: 'a', sequence: 3, cards: [{ index: 0, pci: PCI }], installs: {}, hostNetworks: {}, digests: {} };
const install = (state: string) => ({ installs: { [PCI]: { id: 'x', uid: 'u', attempt: 1, state } } });

/** A host on which an agent has been; the files by name. */
function host(files: Record<string, string> = {}) {
  const root = newFolder('dms-uninstall-');
  const all = { 'journal.json': JSON.stringify(EMPTY), 'locks/agent.lock': '', [`locks/${PCI}.lock`]: '', ...files };
  for (const [name, text] of Object.entries({ ...prefixed('state', all), 'features.d/dpu': 'dpu-enabled=true\n' })) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const at = { stateDir: join(root, 'state'), featureFile: join(root, 'features.d/dpu') };
  return {
    root,
    at,
    names: () => (existsSync(at.stateDir) ? (readdirSync(at.stateDir, { recursive: true }) as string[]).sort() : undefined),
  };
}
const prefixed = (folder: string, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

describe('the files of an agent that is gone', () => {
  test.each<[string, Record<string, string>]>([
    ['a journal of cards alone', {}],
    ['an install that ended', { 'journal.json': JSON.stringify({ ...EMPTY, ...install('succeeded') }) }],
    ['what a power cut left', { 'journal.json.new': '{', 'journal.json.unreadable': '', [`push-${PCI}.json.new`]: '' }],
    ['notes and locks', { [`push-${PCI}.json`]: '{}', 'locks/br-dpu.lock': '', 'locks/10000-e1-00.lock': '' }],
  ])('go, with their folder: %s', async (_, files) => {
    const { at, names } = host(files);
    expect(await removeFiles(at, never)).toBeUndefined();
    expect(names()).toBeUndefined();
    expect(existsSync(at.featureFile)).toBe(false);
    expect(existsSync(join(at.featureFile, '..'))).toBe(true);
  });

  const UNDOES = /which an agent that is installed again undoes/;
  test.each<[string, object | string, RegExp]>([
    ['an install that runs', install('running'), /tells of the installation of card 0000-4b-00/],
    ['an install that was pushed', install('pushed'), UNDOES],
    ['a host network', { hostNetworks: { [PCI]: { uid: 'u' } } }, /tells of the host network of card 0000-4b-00/],
    ['what cannot be read', 'x', /its journal.json cannot be read/],
  ])('stay whole where the journal holds %s; the feature file goes', async (_, holds, why) => {
    const { at, names } = host({
      'journal.json': typeof holds === 'string' ? holds : JSON.stringify({ ...EMPTY, ...holds }),
      [`push-${PCI}.json`]: '{}',
    });
    const before = names();
    expect(await removeFiles(at, never)).toMatch(why);
    expect(names()).toEqual(before);
    expect(existsSync(at.featureFile)).toBe(false);
  });

  test('go without those of others, and folders are no files of ours', async () => {
    const { at, names } = host({
      notes: '',
      'push-notes.json': '',
      [`push-${PCI}.json/x`]: '',
      'locks/theirs.lock': '',
      'more/journal.json': '',
    });
    expect(await removeFiles(at, never)).toBe(
      'there are files of others: locks/theirs.lock, more, notes, push-0000-4b-00.json, push-notes.json',
    );
    const stays = ['locks', 'locks/theirs.lock', 'more', 'more/journal.json', 'notes', `push-${PCI}.json`, `push-${PCI}.json/x`];
    expect(names()).toEqual([...stays, 'push-notes.json']);
  });

  test('are none where no agent has been', async () => {
    const root = newFolder('dms-uninstall-');
    expect(await removeFiles({ stateDir: join(root, 'state'), featureFile: join(root, 'features.d/dpu') }, never)).toBeUndefined();
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('Rule push-once: the files of an agent that is at work', () => {
  test('stay until it has ended', async () => {
    const { at, names } = host();
    const agent = await createLocks(at.stateDir).tryAcquire('agent');
    const before = names();
    expect(await removeFiles(at, AbortSignal.timeout(50))).toBe('an agent is still at work with it');
    expect([names(), existsSync(at.featureFile)]).toEqual([before, true]);
    const removed = removeFiles(at, never);
    await agent?.release();
    expect(await removed).toBeUndefined();
    expect(names()).toBeUndefined();
  });

  test('stay while a push that outlived it goes on', async () => {
    const { at, names } = host();
    const push = await createLocks(at.stateDir).tryAcquire(PCI);
    expect(await removeFiles(at, never)).toBe(`an operation on card ${PCI} is not over`);
    expect(names()).toContain('journal.json');
    await push?.release();
  });
});

test('the program says on the host’s terms what stays, as its last words', async () => {
  const { root } = host({ theirs: '' });
  const messageFile = join(root, 'message');
  const run = async () => {
    const program = fileURLToPath(new URL('./main.ts', import.meta.url));
    const child = spawn(process.execPath, [program], {
      env: { HOST_ROOT: root, STATE_DIR: '/state', MESSAGE_FILE: messageFile, PATH: process.env['PATH'] },
    });
    return [...((await once(child, 'exit')) as unknown[]).slice(0, 1), readFileSync(messageFile, 'utf8')];
  };
  expect(await run()).toEqual([0, '/state: there are files of others: theirs']);
});
