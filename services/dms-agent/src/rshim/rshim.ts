/**
 * The rshim devices of a host. All readings of `misc` go through here, one at a time per device: with CLEAR_ON_READ a reading takes the log lines away,
 * so whoever follows a log gets the lines of everybody's readings.
 */
import { errnoOf, namesIn, type HostPort } from '../host/port.ts';
import { inDropMode, parseMisc, pciOfDevName, type MiscReport } from './misc.ts';

export interface RshimDevice {
  /** `rshim0` */
  name: string;
  /** `0000:4b:00` */
  pci: string;
  dropMode: boolean;
}

export class Rshim {
  readonly #host: HostPort;
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #followers = new Map<string, (log: readonly string[]) => void>();

  constructor(host: HostPort) {
    this.#host = host;
  }

  /** Every device that answers and has a PCI address. Which number a card has may change whenever the driver starts. */
  async devices(): Promise<RshimDevice[]> {
    const found: RshimDevice[] = [];
    for (const name of await this.#names()) {
      const report = await this.read(name).catch(() => undefined);
      const pci = report && pciOfDevName(report.fields['DEV_NAME'] ?? '');
      if (pci) found.push({ name, pci, dropMode: inDropMode(report) });
    }
    return found;
  }

  /** The device of a card (`0000:4b:00`). */
  async find(pci: string): Promise<RshimDevice | undefined> {
    return (await this.devices()).find((device) => device.pci === pci);
  }

  read(device: string): Promise<MiscReport> {
    return this.#inTurn(device, () => this.#readNow(device));
  }

  /** One command per write(2). EINVAL: the driver does not know it, or not in this state. */
  command(device: string, key: string, value: string | number): Promise<void> {
    return this.#inTurn(device, () => this.#commandNow(device, key, value));
  }

  /** Gives the log lines of every reading of this card (`0000:4b:00`), whatever its device is called, to one follower. */
  follow(pci: string, follower: (log: readonly string[]) => void): void {
    this.#followers.set(pci, follower);
  }

  unfollow(pci: string): void {
    this.#followers.delete(pci);
  }

  /** From now on readings show the log, and leave it where it is. */
  showLog(device: string): Promise<void> {
    return this.#inTurn(device, async () => {
      await this.#commandNow(device, 'CLEAR_ON_READ', 0).catch(() => undefined);
      await this.#commandNow(device, 'DISPLAY_LEVEL', 2);
    });
  }

  async hideLog(device: string): Promise<void> {
    await this.command(device, 'DISPLAY_LEVEL', 0).catch(() => undefined);
  }

  /** For an agent that left an install unfinished: its predecessor may have ended while it emptied a log, and any reading would go on with that. */
  async hideLogs(): Promise<void> {
    for (const name of await this.#names()) await this.hideLog(name);
  }

  /** Empties the log (its last lines go to the follower); false when the driver cannot (before 2.0.2x it does not know CLEAR_ON_READ). */
  empty(device: string): Promise<boolean> {
    return this.#inTurn(device, () => this.#emptyNow(device));
  }

  async #names(): Promise<string[]> {
    return (await namesIn(this.#host, '/dev')).filter((name) => /^rshim\d{1,2}$/.test(name));
  }

  async #emptyNow(device: string): Promise<boolean> {
    await this.#commandNow(device, 'DISPLAY_LEVEL', 2);
    try {
      await this.#commandNow(device, 'CLEAR_ON_READ', 1);
    } catch (error) {
      if (errnoOf(error) === 'EINVAL') return false;
      throw error;
    }
    await this.#readNow(device);
    await this.#commandNow(device, 'CLEAR_ON_READ', 0);
    return true;
  }

  async #readNow(device: string): Promise<MiscReport> {
    const report = parseMisc((await this.#host.read(`/dev/${device}/misc`)).toString('latin1'));
    if (report.log) this.#followers.get(pciOfDevName(report.fields['DEV_NAME'] ?? '') ?? '')?.(report.log);
    return report;
  }

  #commandNow(device: string, key: string, value: string | number): Promise<void> {
    return this.#host.write(`/dev/${device}/misc`, `${key} ${value}\n`);
  }

  #inTurn<T>(device: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(device) ?? Promise.resolve()).then(work, work);
    this.#last.set(device, turn);
    return turn;
  }
}
