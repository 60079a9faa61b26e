/** The board of a card: what it is, its disk and its registers, apart from the parts that act on them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultName, FaultParams } from '../faults.ts';
import type { CardEvent, Marker } from '../journal.ts';
import { BootFifo } from '../rshim/fifo.ts';
import { RshimLog } from '../rshim/log.ts';
import type { CardSpec } from '../spec.ts';
import { StateFile } from '../state-file.ts';
import type { World } from '../world.ts';
import { NvConfig, type NvState } from './nvconfig.ts';

/** What is on the eMMC. */
export interface Installation {
  bfbSha256: string;
  osVersion: string;
  marker?: Marker;
  /** `flashing`: the installer is at it; `broken`: it was cut off, the card does not boot. */
  state: 'flashing' | 'complete' | 'broken';
  /** dpf-first-boot.service succeeded: it runs once for an installation. */
  firstBootDone: boolean;
}

interface BoardState {
  index: number;
  present: boolean;
  armOff: boolean;
  installation: Installation;
  nvconfig: NvState;
}

export class Board {
  readonly world: World;
  readonly host: string;
  readonly spec: CardSpec;
  /** `0000:4b:00` */
  readonly pci: string;
  readonly log = new RshimLog();
  readonly fifo: BootFifo;
  readonly nvconfig: NvConfig;
  /** /dev/rshim<index>. */
  index: number;
  /** false while the card is away from the bus. */
  present: boolean;
  armOff: boolean;
  installation: Installation;
  readonly #file: StateFile<BoardState>;
  readonly #dir: string;

  constructor(world: World, host: string, spec: CardSpec, index: number) {
    this.world = world;
    this.host = host;
    this.spec = spec;
    this.pci = spec.pci;
    this.#dir = join(world.stateDir, host, spec.pci);
    this.#file = new StateFile(join(this.#dir, 'card.json'));
    const saved = this.#file.load();
    this.index = saved?.index ?? index;
    this.present = saved?.present ?? true;
    this.armOff = saved?.armOff ?? false;
    this.installation = saved?.installation ?? { bfbSha256: '', osVersion: 'factory', state: 'complete', firstBootDone: true };
    this.nvconfig = new NvConfig(saved?.nvconfig);
    this.fifo = new BootFifo(world.clock);
    mkdirSync(this.emmc, { recursive: true, mode: 0o700 });
    if (!saved) this.save();
  }

  /** The card's disk as a directory: DPF_ROOT of what runs on it. */
  get emmc(): string {
    return join(this.#dir, 'emmc');
  }

  save(): void {
    const { index, present, armOff, installation } = this;
    this.#file.save({ index, present, armOff, installation, nvconfig: this.nvconfig.state });
  }

  journal(event: CardEvent): void {
    this.world.journal.write({ ...event, host: this.host, pci: this.pci });
  }

  fire(fault: FaultName): FaultParams | undefined {
    return this.world.faults.fire(fault, this.host, this.pci);
  }

  holds(fault: FaultName): boolean {
    return this.world.faults.holds(fault, this.host, this.pci);
  }

  peek(fault: FaultName): FaultParams | undefined {
    return this.world.faults.peek(fault, this.host, this.pci);
  }

  /** A reset of the card that reloads NVCONFIG: power cycle, SLR, mlxfwreset -l 3. */
  reloadNvconfig(): void {
    if (!this.fire('mlxconfig.noChangeAfterReset')) this.nvconfig.reload();
    this.save();
  }

  /** `bfrshlog TEXT` run on the card. */
  bfrshlog(text: string): void {
    if (this.fire('log.overflow')) {
      // Room stays for the two short lines of a boot, none for a marker.
      while (this.log.free > 9) this.log.append('MISC', 'ERR', 'BMC busy');
      return;
    }
    this.log.bfrshlog(text);
  }

  /** Writes a file on the card's disk. */
  writeDisk(path: string, content: string, mode = 0o644): void {
    const file = join(this.emmc, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content, { mode });
  }
}
