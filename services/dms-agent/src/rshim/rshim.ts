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
    const names = (await namesIn(this.#host, '/dev')).filter((name) => /^rshim\d{1,2}$/.test(name));
    const found: RshimDevice[] = [];
    for (const name of names) {
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

  /** Shows the log from now on, to one follower per device. */
  async follow(device: string, follower: (log: readonly string[]) => void): Promise<void> {
    this.#followers.set(device, follower);
    await this.command(device, 'DISPLAY_LEVEL', 2);
  }

  async unfollow(device: string): Promise<void> {
    this.#followers.delete(device);
    await this.command(device, 'DISPLAY_LEVEL', 0).catch(() => undefined);
  }

  /** Empties the log (its last lines go to the follower); false when the driver cannot (before 2.0.2x it does not know CLEAR_ON_READ). */
  empty(device: string): Promise<boolean> {
    return this.#inTurn(device, () => this.#emptyNow(device));
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
    if (report.log) this.#followers.get(device)?.(report.log);
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
