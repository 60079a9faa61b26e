/** Child processes end with the harness. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import { ManagedProcess } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'processes-'));
afterAll(() => rmSync(folder, { recursive: true }));
const isAlive = async (pid: number): Promise<boolean> => {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout !== '' && !stdout.startsWith('Z');
};
const script = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
/** Waits for ever, and hears no SIGTERM when it is stubborn. */
const waiting = script('waiting.mjs', 'if (process.argv[2]) process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6);');

test.each([
  ['at once', []],
  ['after a grace when it does not listen', ['stubborn']],
])(
  'a harness that is killed with −9 leaves no child behind: it ends %s',
  async (_, more) => {
    const spec = { name: 'child', argv: [waiting, ...more], cwd: folder, env: {}, log: join(folder, 'child.log') };
    const harness = script(
      'harness.mjs',
      `import { ManagedProcess } from ${JSON.stringify(new URL('processes.ts', import.meta.url).href)};
     const child = new ManagedProcess(${JSON.stringify(spec)});
     child.start();
     console.log(child.pid);`,
    );
    const parent = spawn(process.execPath, [harness], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await createInterface({ input: parent.stdout })[Symbol.asyncIterator]().next();
    const pid = Number(line.value);
    expect(await isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    for (let waited = 0; waited < 8_000 && (await isAlive(pid)); waited += 50) await delay(50);
    expect(await isAlive(pid)).toBe(false);
  },
  15_000,
);

test('the lifeline keeps no process alive that has nothing left to do', async () => {
  const done = script('done.mjs', '');
  const child = new ManagedProcess({ name: 'done', argv: [done], cwd: folder, env: {}, log: join(folder, 'done.log') });
  child.start();
  for (let waited = 0; waited < 5_000 && child.starts < 2; waited += 50) await delay(50);
  expect(child.starts).toBeGreaterThan(1);
  await child.stop();
}, 10_000);
