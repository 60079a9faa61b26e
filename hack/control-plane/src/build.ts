/** Builds the programs of a control plane from Go modules: whole or not at all, however many builds run at once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PACKAGES, PROGRAMS } from './programs.ts';

export interface BuildOrder {
  /** Path of Go. */
  go: string;
  /** Where the programs are to lie. */
  folder: string;
  /** The Kubernetes release, e.g. `v1.36.3`. */
  version: string;
  say: (line: string) => void;
}

const MODULE = join(import.meta.dirname, '..', 'kubernetes');
/** People who wait are told in this rhythm that it goes on. */
const PROGRESS_MS = 30_000;

/** Builds into a draft that becomes the folder by one rename: of several builds at once the first one wins. Throws with the end of what Go said. */
export async function build({ go, folder, version, say }: BuildOrder): Promise<void> {
  removeAbandoned(folder);
  const draft = mkdtempSync(`${folder}.${process.pid}-`);
  try {
    for (const [i, program] of PROGRAMS.entries()) {
      const step = `control plane: building ${program} ${version} with Go (${i + 1} of ${PROGRAMS.length})`;
      say(i === 0 ? `${step}, about 5 minutes in all, once` : step);
      const began = Date.now();
      const progress = setInterval(() => say(`${step}: ${Math.round((Date.now() - began) / 1000)} s`), PROGRESS_MS);
      await compile(go, version, PACKAGES[program], join(draft, program)).finally(() => clearInterval(progress));
    }
    publish(draft, folder);
    say(`control plane: built, kept in ${folder}`);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function compile(go: string, version: string, source: string, target: string): Promise<void> {
  const [major, minor] = version.replace(/^v/, '').split('.');
  const stamps = { gitVersion: version, gitMajor: major, gitMinor: minor };
  const stamp = Object.entries(stamps).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  const child = spawn(
    go,
    ['build', '-mod=readonly', '-buildvcs=false', '-trimpath', `-ldflags=-s -w ${stamp.join(' ')}`, '-o', target, source],
    { cwd: MODULE, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' } },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk).slice(-2_000)));
  const interrupted = () => child.kill();
  process.once('exit', interrupted);
  const [code, signal] = (await once(child, 'close').finally(() => process.off('exit', interrupted))) as [number | null, string | null];
  if (code !== 0) throw new Error(`${go} build ${source} ended with ${signal ?? code}: ${said.trim()}`);
}

/** An incomplete folder of another recipe makes way; a complete one of another build is kept, it is the same. */
function publish(draft: string, folder: string): void {
  try {
    renameSync(draft, folder);
  } catch {
    const there = readdirSync(folder);
    if (PROGRAMS.every((program) => there.includes(program))) return;
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  }
}

/** Drafts of builds that were killed: their process is gone. */
function removeAbandoned(folder: string): void {
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(`${basename(folder)}.`) ? parseInt(name.slice(basename(folder).length + 1), 10) : 0;
    if (pid > 0 && !isRunning(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
