/** The installer in the initramfs: erases the eMMC, writes the OS, runs the hooks of bf.cfg with a real bash, and reboots. */
import { mkdirSync, rmSync } from 'node:fs';
import type { Versions } from '@dpf/bfb';
import { untilAborted } from '../clock.ts';
import { PROFILE } from '../profile.ts';
import { runBash } from './bash.ts';
import type { BootingCard } from './boot.ts';

/** What came through the stream. `cfg` is secret: it goes to bash by standard input, never to disk or journal. */
export interface Received {
  sha256: string;
  versions: Versions;
  cfg: Buffer;
}

const HOOKS = ['bfb_pre_install', 'bfb_modify_os', 'bfb_custom_action1', 'bfb_post_install'] as const;
type Hook = (typeof HOOKS)[number];

/** Ends with a reset of the Arm. */
export async function runInstaller(card: BootingCard, received: Received, signal: AbortSignal): Promise<void> {
  const { clock } = card.world;
  const info = (text: string) => card.log.append('MISC', 'INFO', text);
  const cfg = await acceptCfg(card, received.cfg, signal);
  const marker = /DPF ([0-9a-zA-Z.-]+\/\d+) (?:configured|failed)/.exec(cfg.toString())?.[1];
  const defined = await definedHooks(card, cfg, signal);
  const hook = async (name: Hook) => {
    if (!defined.has(name)) return;
    info(`Running ${name} from bf.cfg`);
    await runHook(card, cfg, name, signal);
  };

  card.installation = {
    bfbSha256: received.sha256,
    osVersion: osVersion(received),
    state: 'flashing',
    firstBootDone: false,
    ...(marker && { marker }),
  };
  card.save();
  card.journal({ event: 'flash-started', bfbSha256: received.sha256, ...(marker && { marker }) });
  rmSync(card.emmc, { recursive: true, force: true });
  mkdirSync(card.emmc, { recursive: true, mode: 0o700 });

  info('Ubuntu installation started');
  await hook('bfb_pre_install');
  await stage(card, 'Installing OS image', signal);
  if (card.fire('installer.fail')) return fail(card, signal);
  await writeOs(card, signal);
  if (defined.has('ubuntu_PASSWORD')) info('Changing the default password for user ubuntu');
  await hook('bfb_modify_os');
  info('Ubuntu installation completed');
  await hook('bfb_custom_action1');
  if (card.fire('bmc.noAccess')) card.log.append('MISC', 'ERR', 'Failed to access BMC');
  await stage(card, 'Updating NIC firmware...', signal);
  await clock.sleep(PROFILE.nicFirmware * 1000, signal);
  if (card.fire('installer.nicFwFail')) card.log.append('MISC', 'ERR', 'NIC firmware update failed');
  else info(`NIC firmware update done: ${FIRMWARE}`);
  await hook('bfb_post_install');
  info('Installation finished');
  card.arm.percent = 90;
  card.installation.state = 'complete';
  card.save();
  card.journal({ event: 'flash-completed', bfbSha256: received.sha256, ...(marker && { marker }) });
  await clock.sleep(PROFILE.rebootNotice * 1000, signal, NOTICE_REAL_MS);
  info('Rebooting...');
  await clock.sleep(PROFILE.rebootNotice * 1000, signal, NOTICE_REAL_MS);
  card.arm.reset('installer-reboot');
}

/** Agents read the log by a real clock: what the installer leaves time for must be seen at any speed, the end of an installation twice, its failure surely. */
const NOTICE_REAL_MS = 250;
const FAILURE_NOTICE_REAL_MS = 1500;

export const FIRMWARE = '32.43.1014';

/** The OS that an image installs, as in its /etc/mlnx-release. */
const osVersion = ({ versions, sha256 }: Received) => (versions.doca ? `bf-bundle-${versions.doca}` : `bfb-${sha256.slice(0, 12)}`);

/** Empty when there is none, or when it is no valid bash: the installer goes on without it. */
async function acceptCfg(card: BootingCard, cfg: Buffer, signal: AbortSignal): Promise<Buffer> {
  if (cfg.length === 0) return cfg;
  card.log.append('MISC', 'INFO', 'Found bf.cfg');
  if (card.fire('installer.invalidCfg')) {
    card.log.append('MISC', 'INFO', 'Invalid bf.cfg');
    return Buffer.alloc(0);
  }
  const { code } = await runBash(card, { args: ['-n'], stdin: cfg, timeoutMs: 10_000 }, signal);
  return code === 0 ? cfg : Buffer.alloc(0);
}

/** The hooks that bf.cfg defines, and `ubuntu_PASSWORD` when it sets one. */
async function definedHooks(card: BootingCard, cfg: Buffer, signal: AbortSignal): Promise<Set<string>> {
  if (cfg.length === 0) return new Set();
  const probe = `eval "$(cat)" >/dev/null 2>&1
for hook in "$@"; do declare -F "$hook"; done
[ -n "\${ubuntu_PASSWORD-}" ] && echo ubuntu_PASSWORD`;
  const { stdout } = await runBash(card, { args: ['-c', probe, 'install.sh', ...HOOKS], stdin: cfg, timeoutMs: 30_000 }, signal);
  return new Set(stdout.split('\n').filter(Boolean));
}

async function runHook(card: BootingCard, cfg: Buffer, hook: Hook, signal: AbortSignal): Promise<void> {
  const script = 'eval "$(cat)"; "$1" </dev/null';
  const { code, stderr } = await runBash(card, { args: ['-c', script, 'install.sh', hook], stdin: cfg, timeoutMs: 60_000 }, signal);
  card.writeDisk(`var/log/dpf-sim/${hook}.log`, `exit ${code}\n${stderr}`);
}

/** The image takes its time; a tenth of it per step, so that progress is seen. */
async function writeOs(card: BootingCard, signal: AbortSignal): Promise<void> {
  for (let step = 0; step < 10; step++) {
    await card.world.clock.sleep(PROFILE.osImage * 100, signal);
    card.arm.percent = 10 + step * 7;
  }
  const { osVersion: version } = card.installation;
  card.writeDisk('etc/mlnx-release', `${version}\n`);
  card.writeDisk('etc/os-release', 'NAME="Ubuntu"\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.4 LTS"\n');
  card.writeDisk('etc/hosts', '127.0.0.1 localhost\n');
  card.writeDisk(
    'var/lib/cloud/seed/nocloud-net/user-data',
    '#cloud-config\nusers:\n  - name: ubuntu\n    passwd: $1$ubuntu\nruncmd:\n  - true\n',
  );
  card.writeDisk('etc/default/grub', 'GRUB_CMDLINE_LINUX=""\n');
  for (const pf of ['', '.1']) card.writeDisk(`dev/mst/mt41692_pciconf0${pf}`, '');
}

async function stage(card: BootingCard, name: string, signal: AbortSignal): Promise<void> {
  if ((card.peek('installer.hang')?.stage ?? 'Installing OS image') === name && card.fire('installer.hang')) return untilAborted(signal);
  card.log.append('MISC', 'INFO', name);
}

/** As install.sh's fail(): a reason, an error line, and a reboot without saying so. */
async function fail(card: BootingCard, signal: AbortSignal): Promise<void> {
  card.log.append('MISC', 'INFO', 'Failed to access target device: /dev/nvme0n1');
  card.log.append('MISC', 'ERR', 'Installation failed');
  await card.world.clock.sleep(PROFILE.rebootNotice * 1000, signal, FAILURE_NOTICE_REAL_MS);
  card.arm.reset('installer-failed');
}
