/** One simulated host: boots, PCI functions, VFs, network devices, power. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Card } from '../card/card.ts';
import { Errno } from '../errno.ts';
import type { FaultName, FaultParams } from '../faults.ts';
import type { HostReset } from '../journal.ts';
import { PROFILE } from '../profile.ts';
import type { HostSpec } from '../spec.ts';
import { StateFile } from '../state-file.ts';
import type { World } from '../world.ts';
import { NetDevices, type NetDevice } from './netdevs.ts';
import { vfAddress, vfName } from './pci.ts';

interface HostState {
  bootId: string;
  bootedAt: number;
  up: boolean;
  /** `<pci>.<pf>` → number of VFs. */
  vfs: Record<string, number>;
  netdevs: NetDevice[];
}
export type HostListener = (event: { event: 'host-down'; host: string } | { event: 'host-up'; host: string; bootId: string }) => void;

export class Host {
  readonly world: World;
  readonly name: string;
  readonly cards: Card[];
  readonly netdevs = new NetDevices();
  bootId: string = randomUUID();
  /** Real milliseconds since 1970: the agent's clock is real, so uptime is. */
  bootedAt = Date.now();
  up = true;
  /** The rshim driver has made its nodes. */
  rshimStarted = true;
  readonly vfs = new Map<string, number>();
  readonly #file: StateFile<HostState>;
  readonly #listener: HostListener;
  #booting = new AbortController();

  constructor(world: World, spec: HostSpec, listener: HostListener) {
    this.world = world;
    this.name = spec.name;
    this.#listener = listener;
    this.#file = new StateFile(join(world.stateDir, spec.name, 'host.json'));
    this.cards = spec.cards.map((card, index) => new Card(world, spec.name, card, index));
    const saved = this.#file.load();
    if (saved) {
      Object.assign(this, { bootId: saved.bootId, bootedAt: saved.bootedAt, up: saved.up });
      this.vfs = new Map(Object.entries(saved.vfs));
      this.netdevs.restore(saved.netdevs);
    } else {
      this.bootId = world.machineBootId ?? this.bootId;
      this.#addPfDevices();
    }
  }

  /** Real seconds since the host booted. */
  get uptime(): number {
    return (Date.now() - this.bootedAt) / 1000;
  }

  /** Directory of plain files of this host: etc, bin. */
  get dir(): string {
    return join(this.world.stateDir, this.name);
  }

  /** The simulator starts: cards go on; a host that was on its way up boots. */
  resume(): void {
    this.save();
    for (const card of this.cards) card.arm.resume();
    const { machineBootId = '' } = this.world;
    const machineBooted = machineBootId !== '' && machineBootId !== this.bootId;
    // The machine went down without having been asked to.
    if (machineBooted && this.up) this.power(false);
    if (!this.up && (machineBooted || machineBootId === '')) void this.#boot(0);
  }

  save(): void {
    const { bootId, bootedAt, up } = this;
    this.#file.save({ bootId, bootedAt, up, vfs: Object.fromEntries(this.vfs), netdevs: this.netdevs.list() });
  }

  fire(fault: FaultName): FaultParams | undefined {
    return this.world.faults.fire(fault, this.name);
  }

  /** A card by an address in any usual form: `0000:4b:00`, `4b:00.0`, `0000-4b-00`. Only cards on the bus. */
  card(address: string): Card | undefined {
    const pci = address.replaceAll('-', ':').replace(/\.\d$/, '');
    return this.cards.find((card) => card.present && (card.pci === pci || card.pci.slice(5) === pci));
  }

  /** Whether /dev/rshim<N> of this card is there. */
  hasRshim(card: Card): boolean {
    return this.up && this.rshimStarted && card.present && !card.holds('rshim.absent');
  }

  /** What runs on the host ends at once; it comes back with a new boot id. Cards restart with it and reload NVCONFIG. */
  reset(kind: HostReset): void {
    if (!this.up) return;
    this.world.journal.write({ event: 'reset', host: this.name, kind, bootId: this.bootId });
    this.#goDown();
    if (this.fire('host.rebootNeverReturns')) return;
    const late = this.fire('host.rebootLate');
    if (this.world.machineBootId === undefined) void this.#boot(PROFILE.hostReboot + (late ? Number(late.seconds ?? 900) : 0));
  }

  /** As a tool asks for it: the tool still ends, its host goes down a moment later. */
  resetSoon(kind: HostReset): void {
    setTimeout(() => this.reset(kind), 100);
  }

  /** mlx5_core is loaded anew for a card: its VFs are gone. */
  reloadDriver(card: Card): void {
    this.#removeFunctions(card);
    this.#addPfDevices();
    this.save();
  }

  /** The host is switched on or off by hand. */
  power(on: boolean): void {
    if (on && !this.up) void this.#boot(PROFILE.hostReboot);
    if (!on && this.up) {
      this.world.journal.write({ event: 'reset', host: this.name, kind: 'operator', bootId: this.bootId });
      this.#goDown();
    }
  }

  /** The card leaves the bus, or comes back and starts. */
  setPresent(card: Card, present: boolean): void {
    if (card.present === present) return;
    card.present = present;
    card.save();
    card.journal({ event: present ? 'card-inserted' : 'card-removed' });
    if (present) {
      this.#addPfDevices();
      card.arm.reset('inserted');
    } else {
      card.device.lose();
      card.arm.off();
      this.#removeFunctions(card);
    }
    this.save();
  }

  /** sriov_totalvfs: what NVCONFIG has in force; undefined without SR-IOV. */
  totalVfs(card: Card, pf: number): number | undefined {
    return card.nvconfig.current('SRIOV_EN', pf) ? card.nvconfig.current('NUM_OF_VFS', pf) : undefined;
  }

  numVfs(card: Card, pf: number): number {
    return this.vfs.get(`${card.pci}.${pf}`) ?? 0;
  }

  /** A write to sriov_numvfs; returns when the functions exist. @throws Errno as the kernel */
  async setNumVfs(card: Card, pf: number, text: string): Promise<void> {
    const before = this.numVfs(card, pf);
    const wanted = /^\d+\s*$/.test(text) ? Number(text) : NaN;
    if (Number.isNaN(wanted)) throw new Errno('EINVAL', 'no number');
    if (card.fire('vf.enoent')) throw new Errno('ENOENT', 'mlx5_core is in error state');
    if (wanted > (this.totalVfs(card, pf) ?? 0)) throw new Errno('ERANGE', 'more than sriov_totalvfs');
    if (wanted === before) return;
    if ((before !== 0 && wanted !== 0) || card.fire('vf.ebusy')) throw new Errno('EBUSY', 'write 0 first');
    const count = wanted > 1 && card.fire('vf.partial') ? Math.floor(wanted / 2) : wanted;
    await this.world.clock.sleep(Math.max(1, count) * PROFILE.vfCreation * 1000);
    this.vfs.set(`${card.pci}.${pf}`, count);
    card.journal({ event: 'vfs', pf: `${card.pci}.${pf}`, before, after: count });
    const devices = () => {
      for (let vf = 0; vf < Math.max(before, count); vf++) {
        const name = vfName(card.spec.pfNames[pf] as string, vf);
        if (vf < this.numVfs(card, pf)) this.netdevs.add(name, 'virtual', vfAddress(card.pci, pf, vf));
        else this.netdevs.remove(name);
      }
      this.save();
    };
    const late = count > 0 ? card.fire('vf.netdevLate') : undefined;
    if (late) void this.world.clock.sleep(Number(late.seconds ?? 30) * 1000, this.#booting.signal).then(devices, () => undefined);
    else devices();
    this.save();
  }

  /** Ends the simulation of this host. */
  abandon(): void {
    this.#booting.abort(new Error('the simulator ends'));
    for (const card of this.cards) {
      card.device.lose();
      card.arm.abandon();
    }
  }

  #goDown(): void {
    this.up = false;
    this.rshimStarted = false;
    this.#booting.abort(new Error('the host went down'));
    this.#booting = new AbortController();
    for (const card of this.cards) {
      card.device.lose();
      card.arm.off();
      this.#removeFunctions(card);
    }
    for (const device of this.netdevs.list()) this.netdevs.remove(device.name);
    this.save();
    this.#listener({ event: 'host-down', host: this.name });
  }

  async #boot(seconds: number): Promise<void> {
    const { signal } = this.#booting;
    try {
      const indexes = this.cards.map((card) => card.index);
      if (this.cards.length > 1 && this.fire('rshim.indexSwap'))
        this.cards.forEach((card, i) => (card.index = indexes.at(i - 1) as number));
      for (const card of this.cards) {
        card.reloadNvconfig();
        if (card.present) card.arm.reset('host-reset');
      }
      await this.world.clock.sleep(seconds * 1000, signal);
      const bootIdBefore = this.bootId;
      this.bootId = this.world.machineBootId ?? randomUUID();
      this.bootedAt = Date.now();
      this.up = true;
      this.#addPfDevices();
      this.save();
      this.world.journal.write({ event: 'boot', host: this.name, bootIdBefore, bootId: this.bootId });
      this.#listener({ event: 'host-up', host: this.name, bootId: this.bootId });
      await this.world.clock.sleep(PROFILE.rshimStart * 1000, signal);
      this.rshimStarted = true;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #addPfDevices(): void {
    for (const card of this.cards.filter((c) => c.present)) {
      card.spec.pfNames.forEach((name, pf) => this.netdevs.get(name) ?? this.netdevs.add(name, 'physical', `${card.pci}.${pf}`));
    }
  }

  #removeFunctions(card: Card): void {
    for (const device of this.netdevs.list()) if (device.bdf?.startsWith(card.pci.slice(0, -2))) this.netdevs.remove(device.name);
    for (const pf of [0, 1]) this.vfs.delete(`${card.pci}.${pf}`);
  }
}
