/** Boot from eMMC: firmware, OS, dpf-first-boot.service once for an installation, then dpf-join.service until it succeeds. */
import { untilAborted } from '../clock.ts';
import type { Kubelet } from '../kubelet/kubelet.ts';
import { PROFILE } from '../profile.ts';
import { runBash } from './bash.ts';
import type { Board } from './board.ts';
import type { BootingCard } from './boot.ts';
import { execStartOf } from './units.ts';
import { bl2Lines, bl31Lines, ddrLines, exitBootLine, panics, uefiLines } from './firmware.ts';

const FIRST_BOOT = 'dpf-first-boot.service';
const JOIN = 'dpf-join.service';
/** Real milliseconds between two tries to join, at least: a fleet that waits must not load the machine. */
const JOIN_RETRY_REAL_MS = 1000;

/** A card with the kubelet of its OS. */
export type OsCard = BootingCard & { readonly kubelet: Kubelet };

/** Never ends by itself but by a reset. */
export async function bootFromEmmc(card: OsCard, signal: AbortSignal): Promise<void> {
  const { clock } = card.world;
  card.arm.stage = 'bl2';
  bl2Lines(card, 'emmc');
  if (panics(card, 'BL2')) return halt(card, signal);
  await clock.sleep(PROFILE.firmwareBoot * 500, signal);
  ddrLines(card);
  card.arm.stage = 'bl31';
  bl31Lines(card);
  if (panics(card, 'BL31')) return halt(card, signal);
  card.arm.stage = 'uefi';
  await clock.sleep(PROFILE.firmwareBoot * 500, signal);
  uefiLines(card);
  if (card.installation.state !== 'complete') return halt(card, signal);
  exitBootLine(card);
  card.arm.stage = 'osBoot';
  await clock.sleep(PROFILE.osBoot * 1000, signal);
  if (card.fire('reboot.noReady')) return halt(card, signal);
  await firstBoot(card, signal);
  card.log.append('MISC', 'INFO', 'Linux up');
  card.log.append('MISC', 'INFO', 'DPU is ready');
  card.journal({ event: 'os-ready', osVersion: card.installation.osVersion });
  await runOs(card, signal);
}

/** The OS is up: joins if it was told to, and runs until it is reset or shut down. */
export async function runOs(card: OsCard, signal: AbortSignal): Promise<void> {
  card.arm.stage = 'osReady';
  card.arm.percent = 100;
  if (card.kubelet.hasCredential()) void card.kubelet.start();
  else await joinUntilDone(card, signal);
  return untilAborted(signal);
}

async function firstBoot(card: Board, signal: AbortSignal): Promise<void> {
  const { installation } = card;
  if (installation.firstBootDone) return;
  const script = execStartOf(card.emmc, FIRST_BOOT);
  if (script) {
    const { code, stderr } = await runBash(card, { args: [script], timeoutMs: 60_000 }, signal);
    card.writeDisk('var/log/dpf-sim/first-boot.log', `exit ${code}\n${stderr}`);
    card.journal({ event: 'first-boot', exitCode: code, ...(installation.marker && { marker: installation.marker }) });
    if (code !== 0) return;
    card.writeDisk('var/lib/dpf/configured', '');
  }
  installation.firstBootDone = true;
  card.save();
}

/** dpf-join.service: started again until it succeeds. */
async function joinUntilDone(card: Board, signal: AbortSignal): Promise<void> {
  for (let script = execStartOf(card.emmc, JOIN); script; script = execStartOf(card.emmc, JOIN)) {
    const { code, stderr } = await runBash(card, { args: [script], timeoutMs: 24 * 3600_000 }, signal);
    card.writeDisk('var/log/dpf-sim/join.log', `exit ${code}\n${stderr}`);
    if (code === 0) return;
    await card.world.clock.sleep(PROFILE.joinRetry * 1000, signal, JOIN_RETRY_REAL_MS);
  }
}

function halt(card: BootingCard, signal: AbortSignal): Promise<never> {
  card.arm.stage = 'halted';
  return untilAborted(signal);
}
