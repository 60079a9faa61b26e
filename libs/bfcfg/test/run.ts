/** Runs a rendered bf.cfg as the installer and the DPU would: real bash, a scratch root, stub tools that record how they were called. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DPUFlavorSpec } from '@dpf/api';
import { renderBfCfg, type BfCfgInput } from '../src/index.ts';

export const UID = '3c0d5a3e-0d0a-4f0e-9c57-0f6f3f6f2d11';
export const JOIN = { endpoint: '10.1.2.3:6443', token: 'abcdef.0123456789abcdef', caCertHash: 'a'.repeat(64) };

export const input = (flavor: DPUFlavorSpec = {}, more: Partial<BfCfgInput> = {}): BfCfgInput => ({
  flavor,
  values: new Map(),
  uid: UID,
  attempt: 3,
  dpuName: 'worker-1-0000-4b-00',
  hostname: 'worker-1-0000-4b-00',
  ...more,
});

const STUBS = ['bfrshlog', 'kubeadm', 'mlxconfig', 'ovs-vsctl', 'sysctl', 'update-grub', 'systemctl', 'sleep'];
/** Records name and arguments, each word ended by US and each call by RS. A tool named in $FAIL fails. */
const STUB = `#!/bin/bash
{ printf '%s\\037' "\${0##*/}" "$@"; printf '\\036'; } >>"$CALLS"
[ "$FAIL" != "\${0##*/}" ]
`;

export interface Run {
  code: number | null;
  stderr: string;
}

/** A DPU's disk. `close` removes it. */
export class Disk {
  readonly folder = mkdtempSync(join(tmpdir(), 'bfcfg-'));
  readonly root = join(this.folder, 'root');

  constructor() {
    const tools = join(this.folder, 'tools');
    mkdirSync(tools);
    for (const name of STUBS) {
      writeFileSync(join(tools, name), STUB);
      chmodSync(join(tools, name), 0o755);
    }
    mkdirSync(this.root);
    this.put('/dev/mst/mt41692_pciconf0', '');
    this.put('/dev/mst/mt41692_pciconf0.1', '');
  }

  path = (name: string) => join(this.root, name);
  put(name: string, content: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }
  bytes = (name: string) => readFileSync(this.path(name));
  text = (name: string) => readFileSync(this.path(name), 'utf8');
  has = (name: string) => existsSync(this.path(name));
  mode = (name: string) => (statSync(this.path(name)).mode & 0o7777).toString(8);

  /** The calls of the stubs so far. */
  calls(): string[][] {
    const file = join(this.folder, 'calls');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\x1e')
      .slice(0, -1)
      .map((call) => call.split('\x1f').slice(0, -1));
  }

  bash(args: string[], stdin = '', fail = ''): Run {
    const { status, stderr } = spawnSync('bash', args, {
      cwd: this.folder,
      input: stdin,
      env: {
        PATH: `${join(this.folder, 'tools')}:/usr/bin:/bin`,
        LC_ALL: 'C',
        DPF_ROOT: this.root,
        CALLS: join(this.folder, 'calls'),
        FAIL: fail,
      },
    });
    return { code: status, stderr: stderr.toString() };
  }

  /** As install.sh: NULs dropped, `bash -n`, sourced, the hook called. */
  install(cfg: string): Run {
    const file = join(this.folder, 'bf.cfg');
    writeFileSync(file, cfg.replaceAll('\0', ''));
    const syntax = this.bash(['-n', file]);
    return syntax.code === 0 ? this.bash(['-c', '. "$1" && bfb_modify_os', 'install.sh', file]) : syntax;
  }
  firstBoot = (fail?: string): Run => this.bash([this.path('/opt/dpf/first-boot.sh')], '', fail);
  join = (fail?: string): Run => this.bash([this.path('/opt/dpf/join.sh')], '', fail);

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Installs and boots; throws when either fails. */
export function provision(disk: Disk, what: BfCfgInput): Disk {
  for (const { code, stderr } of [disk.install(renderBfCfg(what)), disk.firstBoot()]) if (code !== 0) throw new Error(stderr);
  return disk;
}
