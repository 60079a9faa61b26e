/** The server as a command, and the archive that kubectl comes in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from '@jest/globals';
import { helmPath, kubectlPath, readZipped } from '../../../hack/kubectl.ts';
import { clientOf } from './client.ts';
import { WIDGETS, WIDGET_CRD } from './server.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'kube-sim-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the command', () => {
  test('serves the definitions it is given, writes a kubeconfig that only its owner reads, and ends on SIGTERM', async () => {
    const kubeconfig = join(folder, 'kubeconfig');
    const child = spawn(process.execPath, [MAIN, '--kubeconfig-out', kubeconfig, '--crds', WIDGET_CRD], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exit = once(child, 'exit');
    for await (const line of createInterface({ input: child.stderr })) if (line.includes('listening on https://127.0.0.1:')) break;
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
    const client = clientOf(readFileSync(kubeconfig, 'utf8'));
    expect((await client.get(WIDGETS)).code).toBe(200);
    client.close();
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  test('names the file and the fault of a definition that is none', async () => {
    const child = spawn(process.execPath, [MAIN, '--crds', join(import.meta.dirname, 'none.yaml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    expect([code, said.includes('none.yaml')]).toEqual([1, true]);
  });
});

describe('kubectl and helm', () => {
  test('are unpacked once', async () => {
    for (const path of [await kubectlPath(), await helmPath()])
      expect(path === 'kubectl' || path === 'helm' || existsSync(path)).toBe(true);
    expect(await kubectlPath()).toBe(await kubectlPath());
  });

  test('an archive that is none says so', () => {
    expect(() => readZipped(WIDGET_CRD, 'x')).toThrow(/is not a plain zip archive/);
  });
});
