/**
 * The agent's journal: one JSON file in the state folder, replaced as a whole (written aside, synced, renamed), so that it is never torn.
 * A change is durable when `update` resolves.
 */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parseOperationId, type JournalHead, type LastAnnounced, type Pci } from '@dpf/api';
import { errnoOf } from '../host/port.ts';
import type { Ending, InstallRecord, JournalData } from './records.ts';

export class Journal {
  readonly #folder: string;
  #data: JournalData;
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  private constructor(folder: string, data: JournalData) {
    this.#folder = folder;
    this.#data = data;
  }

  /**
   * Opens the journal and counts the boot.
   * By boots-are-ordered the number goes up whenever the boot id is another one than before. An empty journal starts from the minutes since 1970 at
   * which the host booted, so that an agent whose disk was wiped counts on from above, and does not take the present boot for a new one.
   */
  static async open(folder: string, host: { bootId: string; bootedAt: number }): Promise<Journal> {
    mkdirSync(folder, { recursive: true });
    const data = load(folder);
    if (data.bootId !== host.bootId) {
      data.boot = data.boot === 0 ? Math.max(1, Math.floor(host.bootedAt / 60_000)) : data.boot + 1;
      data.bootId = host.bootId;
      data.sequence = 0;
      delete data.reset;
    }
    const journal = new Journal(folder, data);
    await journal.update(() => undefined);
    return journal;
  }

  get data(): Readonly<JournalData> {
    return this.#data;
  }

  /** Applies a change and waits until it is on disk. Changes that come while one is being written are written together. */
  update(change: (data: JournalData) => void): Promise<void> {
    change(this.#data);
    this.#queued ??= this.#writing.then(() => {
      this.#queued = undefined;
      const write = replaceDurably(this.#folder, JOURNAL_FILE, JSON.stringify(this.#data));
      this.#writing = write.catch(() => undefined);
      return write;
    });
    return this.#queued;
  }

  /**
   * By boots-are-ordered the count goes on from what dpu-controller knows, where this journal was lost: a boot that is known keeps its number, another one
   * gets a greater number. A reset that was claimed in this boot may have been issued. False when all that is no news.
   * @param uptime of the host, milliseconds
   */
  async goOnFrom(last: LastAnnounced, uptime: number): Promise<boolean> {
    const { boot, bootId, sequence } = this.#data;
    const known = last.bootId === bootId;
    const next = known
      ? { boot: last.boot, sequence: Math.max(sequence, last.sequence) }
      : { boot: Math.max(boot, last.boot + 1), sequence };
    if (next.boot === boot && next.sequence === sequence) return false;
    await this.update((data) => {
      Object.assign(data, next);
      if (known && last.reset) data.reset ??= { boot: next.boot, issuedAtUptime: uptime };
    });
    return true;
  }

  install(pci: Pci): InstallRecord | undefined {
    return this.#data.installs[pci];
  }

  updateInstall(pci: Pci, change: Partial<InstallRecord>): Promise<void> {
    return this.update((data) => {
      const entry = data.installs[pci];
      if (entry) Object.assign(entry, change);
    });
  }

  /** Journals how an install ended. */
  endInstall(pci: Pci, ending: Ending): Promise<void> {
    return this.updateInstall(pci, { state: ending.state === 'succeeded' ? 'succeeded' : 'failed', ending, answered: false });
  }

  /** The install of a uid on this host, whichever card. */
  installOf(uid: string): { pci: Pci; entry: InstallRecord } | undefined {
    const found = Object.entries(this.#data.installs).find(([, entry]) => entry.uid === uid);
    return found && { pci: found[0], entry: found[1] };
  }

  /** Installs whose boot file was opened and whose end is not known. */
  unfinished(): { pci: Pci; entry: InstallRecord }[] {
    return unfinishedIn(this.#data);
  }

  heads(): JournalHead[] {
    const installs = Object.entries(this.#data.installs).map(([pci, { uid, attempt, state }]) => ({
      pci,
      uid,
      attempt,
      kind: 'install' as const,
      state,
    }));
    const networks = Object.entries(this.#data.hostNetworks).map(([pci, { uid, attempt }]) => ({
      pci,
      uid,
      attempt,
      kind: 'hostNetwork' as const,
      state: 'succeeded' as const,
    }));
    return [...installs, ...networks];
  }

  /** Dpu uids of which something is still on this host: an unfinished install, or its host network. */
  holds(): string[] {
    const uids = [...this.unfinished().map(({ entry }) => entry.uid), ...Object.values(this.#data.hostNetworks).map(({ uid }) => uid)];
    return [...new Set(uids)].sort();
  }

  /** Forgets what was journaled of a uid: everything of it is undone. */
  forget(uid: string): Promise<void> {
    return this.update((data) => {
      for (const records of [data.installs, data.hostNetworks])
        for (const [pci, record] of Object.entries(records)) if (record.uid === uid) delete records[pci];
    });
  }
}

/** As {@link Journal.unfinished}, of a journal that is only read. */
export const unfinishedIn = ({ installs }: Pick<JournalData, 'installs'>): { pci: Pci; entry: InstallRecord }[] =>
  Object.entries(installs)
    .filter(([, entry]) => isUnfinished(entry))
    .map(([pci, entry]) => ({ pci, entry }));

export const isUnfinished = (entry: InstallRecord): boolean => entry.state === 'running' || entry.state === 'pushed';

/** True for an id that is older than what the journal says of the same uid. */
export function isOlder(journal: Journal, id: string): boolean {
  const ref = parseOperationId(id);
  if (!ref || ref.kind === 'reset') return false;
  const known = journal.installOf(ref.uid)?.entry.attempt ?? 0;
  return ref.attempt < known;
}

export const JOURNAL_FILE = 'journal.json';
const EMPTY: JournalData = { boot: 0, bootId: '', sequence: 0, cards: [], installs: {}, hostNetworks: {}, digests: {} };

function load(folder: string): JournalData {
  const path = join(folder, JOURNAL_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return structuredClone(EMPTY);
    throw error;
  }
  try {
    return { ...structuredClone(EMPTY), ...(JSON.parse(text) as JournalData) };
  } catch {
    // A disk that lost what it had acknowledged: kept for a person to look at, and begun anew.
    renameSync(path, `${path}.unreadable`);
    return structuredClone(EMPTY);
  }
}

/** Puts a file in place so that a reader, or a power loss, finds the old or the new one, whole. */
export async function replaceDurably(folder: string, name: string, text: string): Promise<void> {
  const aside = join(folder, `${name}.new`);
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, join(folder, name));
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
