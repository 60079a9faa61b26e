/** The simulator's memory of what happened to the hardware: append-only JSON lines, for tests to judge. Holds no secret. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { realSleep, type SimClock } from './clock.ts';

/** `<uid>/<attempt>` as found in the bf.cfg that was installed. */
export type Marker = string;

/** What happened on a card. */
export type CardEvent =
  | { event: 'boot-open' | 'boot-close' | 'first-byte'; bytes?: number }
  | { event: 'boot-open-refused'; errno: string }
  | { event: 'stream-complete'; bfbSha256: string; bfbBytes: number; cfgSha256?: string; cfgBytes: number }
  | { event: 'stream-refused'; why: string }
  | { event: 'flash-started' | 'flash-completed' | 'flash-broken'; bfbSha256: string; marker?: Marker }
  | { event: 'first-boot'; exitCode: number; marker?: Marker }
  | { event: 'arm-reset'; kind: ArmReset }
  | { event: 'arm-off' | 'os-ready'; osVersion?: string }
  | { event: 'certificate'; node: string }
  | { event: 'join'; node: string; uid: string; created: boolean }
  | { event: 'join-refused'; node: string; why: string }
  | { event: 'vfs'; pf: string; before: number; after: number }
  | { event: 'card-removed' | 'card-inserted' };
/** Why the Arm cores started anew. */
export type ArmReset =
  'boot-open' | 'SW_RESET' | 'installer-reboot' | 'installer-failed' | 'host-reset' | 'mlxfwreset' | 'simulator-start' | 'inserted';

/** What happened on a host. `reset` stands when the host goes down, with the boot id that it leaves. */
export type HostEvent =
  | { event: 'reset'; kind: HostReset; bootId: string }
  | { event: 'boot'; bootIdBefore: string; bootId: string }
  | { event: 'bridge'; change: string };
/** Who reset the host: `warm` is mlxfwreset -l 4 or reboot, `cycle` and `reset` are ipmitool's, `operator` came over ctl. */
export type HostReset = 'warm' | 'cycle' | 'reset' | 'operator';

export type FaultEvent = { event: 'fault-armed' | 'fault-fired' | 'fault-cleared'; fault: string };
export type SimEvent =
  (CardEvent & { host: string; pci: string }) | (HostEvent & { host: string }) | (FaultEvent & { host?: string; pci?: string });

/** `time`: simulated milliseconds since the state directory was new; `at`: real time, ISO 8601. */
export type JournalEntry = { time: number; at: string } & SimEvent;

export class Journal {
  readonly file: string;
  readonly #clock: SimClock;

  constructor(file: string, clock: SimClock) {
    this.file = file;
    this.#clock = clock;
  }

  /** Written before the call returns: a kill of the simulator loses nothing. */
  write(event: SimEvent): void {
    const entry: JournalEntry = { time: Math.round(this.#clock.now()), at: new Date().toISOString(), ...event };
    appendFileSync(this.file, `${JSON.stringify(entry)}\n`);
  }
}

/** Entries of a journal file, oldest first; [] when there is none. A last line cut off by a kill is left out. */
export function readJournal(file: string): JournalEntry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as JournalEntry);
}

export interface WaitOptions {
  /** The oldest so many entries do not count. */
  after?: number;
  /** Real milliseconds; default 30 s. */
  timeoutMs?: number;
}

/** The first entry of a journal file, there already or to come, that fits. @throws Error with the last entries when none comes in time */
export async function journaled(
  file: string,
  fits: (entry: JournalEntry) => boolean,
  { after = 0, timeoutMs = 30_000 }: WaitOptions = {},
): Promise<JournalEntry> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const entries = readJournal(file);
    const found = entries.slice(after).find(fits);
    if (found) return found;
    if (performance.now() > until)
      throw new Error(`not in the journal within ${timeoutMs} ms; its last entries: ${JSON.stringify(entries.slice(-5))}`);
    await realSleep(20);
  }
}
