import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { build } from '../src/build.ts';
import { PROGRAMS } from '../src/programs.ts';

let cache: string;
const folder = () => join(cache, 'kubernetes-v1.36.3');

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'dpf-build-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

/** A stand-in for Go: what it "compiles" is its own argv. */
function compiler(script: string): string {
  const path = join(mkdtempSync(join(cache, 'bin-')), 'go');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
const GOOD = 'for last; do target=$before; before=$last; done; printf "%s " "$@" > "$target"';
const order = (go: string) => {
  const said: string[] = [];
  return { go, folder: folder(), version: 'v1.36.3', say: (line: string) => void said.push(line), said };
};
const left = () => readdirSync(cache).filter((name) => !name.startsWith('bin-'));

test('what is built is whole, bears its version, and who waits is told', async () => {
  const work = order(compiler(GOOD));
  await build(work);
  expect(readdirSync(folder()).sort()).toEqual([...PROGRAMS].sort());
  expect(readFileSync(join(folder(), 'kube-apiserver'), 'utf8')).toMatch(/gitVersion=v1\.36\.3 .*k8s\.io\/kubernetes\/cmd\/kube-apiserver/);
  expect(work.said).toEqual([
    'control plane: building etcd v1.36.3 with Go (1 of 3), about 5 minutes in all, once',
    'control plane: building kube-apiserver v1.36.3 with Go (2 of 3)',
    'control plane: building kube-controller-manager v1.36.3 with Go (3 of 3)',
    `control plane: built, kept in ${folder()}`,
  ]);
});

test('a build that fails says why and leaves nothing', async () => {
  await expect(build(order(compiler('echo no route to the module proxy >&2; exit 1')))).rejects.toThrow(
    /etcd.* ended with 1: no route to the module proxy/,
  );
  expect(left()).toEqual([]);
});

test('two builds at once leave one whole folder', async () => {
  const go = compiler(GOOD);
  await Promise.all([build(order(go)), build(order(go))]);
  expect(left()).toEqual(['kubernetes-v1.36.3']);
  expect(readdirSync(folder()).sort()).toEqual([...PROGRAMS].sort());
});

test('a build takes the place of an incomplete one and removes the drafts of builds that were killed', async () => {
  const { pid } = spawnSync('true');
  mkdirSync(folder());
  mkdirSync(`${folder()}.${pid}-abcdef`);
  mkdirSync(`${folder()}.${process.ppid}-abcdef`);
  await build(order(compiler(GOOD)));
  expect(left().sort()).toEqual(['kubernetes-v1.36.3', `kubernetes-v1.36.3.${process.ppid}-abcdef`]);
  expect(readdirSync(folder()).sort()).toEqual([...PROGRAMS].sort());
});
