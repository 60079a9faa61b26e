import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Commands } from './commands.ts';

let folder: string;
let over: AbortController;
let commands: Commands;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dpf-commands-'));
  over = new AbortController();
  commands = new Commands(over.signal);
});
afterEach(() => rmSync(folder, { recursive: true }));
const shell = (script: string) => commands.run('sh', ['-c', script]);

test('a command answers what it printed, and says the end of it where it fails', async () => {
  expect(await shell('echo one; echo two >&2')).toBe('one\ntwo');
  await expect(shell('echo reason; exit 3')).rejects.toThrow(/ended with 3: reason$/);
});

test('an abort ends the command with all that it started, and lets no other begin', async () => {
  const begun = join(folder, 'begun');
  // Its output closes once the last process that holds it is gone.
  const running = shell(`sleep 60 & touch ${begun}; wait`);
  const expected = expect(running).rejects.toThrow('over');
  while (!existsSync(begun)) await new Promise((resolve) => setTimeout(resolve, 10));
  over.abort(new Error('it is over'));
  await expected;
  await expect(shell('true')).rejects.toThrow('over');
});
