/** The cards of the host: what is on the bus now, under the indexes of the journal. */
import type { Card, Pci } from '@dpf/api';
import type { HostPort } from '../host/port.ts';
import type { Journal } from '../journal/journal.ts';
import type { CardRecord } from '../journal/records.ts';
import type { Rshim } from '../rshim/rshim.ts';
import type { Tools } from '../tools.ts';
import { parseFlint, type FlintReport } from './flint.ts';
import { assignIndexes } from './indexes.ts';
import { writeFeatures } from './nfd.ts';
import { busAddress, findCards } from './pci.ts';

export class Cards {
  readonly #host: HostPort;
  readonly #rshim: Rshim;
  readonly #tools: Tools;
  readonly #journal: Journal;
  #current: Card[] = [];
  #looking: Promise<unknown> = Promise.resolve();

  constructor(parts: { host: HostPort; rshim: Rshim; tools: Tools; journal: Journal }) {
    this.#host = parts.host;
    this.#rshim = parts.rshim;
    this.#tools = parts.tools;
    this.#journal = parts.journal;
  }

  /** As of the last {@link refresh}. */
  get current(): readonly Card[] {
    return this.#current;
  }

  get(pci: Pci): Card | undefined {
    return this.#current.find((card) => card.pci === pci);
  }

  /** Looks again, and keeps journal and feature file up to date. */
  refresh(): Promise<void> {
    // One at a time: every preflight looks, and two that write the feature file or the records together would undo one another's.
    const turn = this.#looking.then(() => this.#refresh());
    this.#looking = turn.catch(() => undefined);
    return turn;
  }

  async #refresh(): Promise<void> {
    const found = await findCards(this.#host);
    const records = assignIndexes(this.#journal.data.cards, found);
    for (const record of records)
      if (!record.psid && found.some((card) => card.pci === record.pci)) Object.assign(record, await this.#psid(record.pci));
    if (JSON.stringify(records) !== JSON.stringify(this.#journal.data.cards)) await this.#journal.update((data) => (data.cards = records));
    await writeFeatures(this.#host, records);
    const devices = await this.#rshim.devices();
    this.#current = records.map((record): Card => {
      const device = devices.find((candidate) => candidate.pci === busAddress(record.pci));
      const rshim = !device ? 'absent' : device.dropMode ? 'bmc' : 'host';
      return { ...record, rshim, present: found.some((card) => card.pci === record.pci) };
    });
  }

  /** Firmware and PSID by flint (or mstflint); nothing where neither is installed. */
  async firmware(pci: Pci): Promise<FlintReport> {
    for (const tool of ['flint', 'mstflint']) {
      const result = await this.#tools.run(tool, ['-d', `${busAddress(pci)}.0`, 'q'], { device: pci, timeoutMs: 30_000 });
      if (result.ok) return parseFlint(result.stdout);
    }
    return {};
  }

  async #psid(pci: Pci): Promise<Pick<CardRecord, 'psid'>> {
    const { psid } = await this.firmware(pci);
    return psid ? { psid } : {};
  }
}
