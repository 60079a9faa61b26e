/** The Arm complex of a card: which stage it is in, and its resets. What it does in a stage stands in the files beside this one. */
import type { ArmReset } from '../journal.ts';
import type { ArmStage } from './boot.ts';
import { bootFromEmmc, runOs, type OsCard } from './emmc-boot.ts';
import { bootFromStream } from './stream-boot.ts';

/** The Arm's own card: its rshim device says where to boot from. */
type ArmCard = OsCard & { readonly device: { readonly bootMode: number } };

/** Aborts whatever runs on the Arm. */
class ArmWasReset extends Error {}

export class Arm {
  stage: ArmStage = 'off';
  /** Of the installation, 0..100. */
  percent = 0;
  readonly #card: ArmCard;
  #running = new AbortController();
  #resetAt: number;

  constructor(card: ArmCard) {
    this.#card = card;
    this.#resetAt = card.world.clock.now();
  }

  get osIsUp(): boolean {
    return this.stage === 'osReady';
  }

  /** Seconds since the last reset. */
  upTime(): number {
    return this.stage === 'off' ? 0 : Math.floor((this.#card.world.clock.now() - this.#resetAt) / 1000);
  }

  /** The simulator starts: a card whose installation is whole is found running, as if the simulator had never stopped. */
  resume(): void {
    const card = this.#card;
    this.#breakFlash();
    if (card.armOff || !card.present) return;
    if (card.installation.state !== 'complete' || !card.installation.firstBootDone) return this.reset('simulator-start');
    card.log.append('MISC', 'INFO', 'Linux up');
    card.log.append('MISC', 'INFO', 'DPU is ready');
    this.#run((signal) => runOs(card, signal));
  }

  /** Everything that ran on the Arm ends; it starts anew from what BOOT_MODE says. */
  reset(kind: ArmReset): void {
    const card = this.#card;
    card.journal({ event: 'arm-reset', kind });
    if (kind !== 'host-reset' && card.fire('reset.noEffect')) return;
    this.#stop();
    card.armOff = false;
    card.save();
    const fromStream = card.device.bootMode === 0;
    this.#run((signal) => (fromStream ? bootFromStream(card, signal) : bootFromEmmc(card, signal)));
  }

  /** Power or card gone, or the OS was shut down. */
  off(): void {
    this.#stop();
    this.stage = 'off';
  }

  /** The host asks the OS to shut down (mlxfwreset -l 1 -t 4); the caller does not wait. */
  shutDown(seconds: number): void {
    const card = this.#card;
    if (this.stage !== 'osReady' || card.fire('slr.noSystemOff')) return;
    this.#running.abort(new ArmWasReset());
    card.kubelet.stop();
    this.#run(async (signal) => {
      await card.world.clock.sleep(seconds * 1000, signal);
      card.log.append('BL31', 'INFO', 'System Off');
      this.stage = 'off';
      card.armOff = true;
      card.save();
      card.journal({ event: 'arm-off' });
    });
  }

  /** Ends the simulation of this card without a trace. */
  abandon(): void {
    this.#running.abort(new ArmWasReset());
    this.#card.kubelet.stop();
  }

  #stop(): void {
    const card = this.#card;
    this.#running.abort(new ArmWasReset());
    card.kubelet.stop();
    card.fifo.flush();
    if (!card.fire('log.kept')) card.log.clear();
    this.percent = 0;
    this.#resetAt = card.world.clock.now();
    this.#breakFlash();
  }

  #breakFlash(): void {
    const { installation } = this.#card;
    if (installation.state !== 'flashing') return;
    installation.state = 'broken';
    this.#card.save();
    this.#card.journal({
      event: 'flash-broken',
      bfbSha256: installation.bfbSha256,
      ...(installation.marker && { marker: installation.marker }),
    });
  }

  #run(script: (signal: AbortSignal) => Promise<void>): void {
    const running = new AbortController();
    this.#running = running;
    script(running.signal).catch((error: unknown) => {
      if (running.signal.aborted) return;
      this.stage = 'halted';
      process.stderr.write(`dpu-sim: ${this.#card.host} ${this.#card.pci}: ${(error as Error).stack ?? String(error)}\n`);
    });
  }
}
