/** The simulator as a process of its own, as fleets run it: only so may a test be a client of the mount. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { generateBfb, type GeneratedBfb } from '../images/generate.ts';
import type { CtlRequest, HostView } from '../ctl/protocol.ts';
import { journaled, readJournal, type JournalEntry } from '../journal.ts';
import { unmount } from '../ports/fuse.ts';
import { cardSpec, type HostSpec } from '../spec.ts';
import type { HostClient } from './host-client.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** One host `h` with a BlueField-3 at 0000:4b:00 and a BlueField-2 at 0000:b1:00. */
export const TWO_CARDS: HostSpec[] = [{ name: 'h', cards: [cardSpec(0, 1), cardSpec(1, 2, { generation: 'BlueField-2' })] }];
export const BF3 = '0000:4b:00';
export const BF2 = '0000:b1:00';
export const IMAGE = generateBfb({ bytes: 256 * 1024, version: '2.7.0' });

interface Started {
  ctl: string;
  journal: string;
  mountProblem?: string;
  hosts: HostView[];
}

export class SimProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'dpu-sim-'));
  #child: ChildProcess | undefined;
  #started: Started | undefined;

  /** @param speed simulated seconds per second */
  async start({ mount = false, hosts = TWO_CARDS, speed = 600 } = {}): Promise<this> {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'hosts.json'), JSON.stringify(hosts));
    const args = ['--state', join(this.folder, 's'), '--hosts', join(this.folder, 'hosts.json'), '--speed', String(speed)];
    this.#child = spawn(process.execPath, [MAIN, ...args, ...(mount ? ['--mount', join(this.folder, 'm')] : [])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: this.#child.stdout as NonNullable<ChildProcess['stdout']> }), 'line')) as [string];
    this.#started = JSON.parse(line) as Started;
    return this;
  }

  get mountProblem(): string | undefined {
    return this.#started?.mountProblem;
  }

  get host(): HostView {
    return this.#started?.hosts[0] as HostView;
  }

  journal(): JournalEntry[] {
    return readJournal(this.#started?.journal as string);
  }

  /** The next entry of that kind; what is in the journal now does not count. */
  next<E extends JournalEntry['event']>(event: E, fits: (entry: JournalEntry) => boolean = () => true) {
    const options = { after: this.journal().length, timeoutMs: 15_000 };
    const found = journaled(this.#started?.journal as string, (entry) => entry.event === event && fits(entry), options);
    return found as Promise<Extract<JournalEntry, { event: E }>>;
  }

  /** One request on the control channel. */
  async ctl<T = unknown>(request: CtlRequest): Promise<T> {
    const socket = createConnection(this.#started?.ctl as string);
    socket.write(`${JSON.stringify(request)}\n`);
    const [line] = (await once(createInterface({ input: socket }), 'line')) as [string];
    socket.destroy();
    const answer = JSON.parse(line) as { ok: true; result: T } | { ok: false; error: string };
    if (!answer.ok) throw new Error(answer.error);
    return answer.result;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exit;
  }

  async remove(): Promise<void> {
    await this.end();
    await unmount(join(this.folder, 'm'));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Pushes image and bf.cfg in one sequence, as an agent does. */
export async function push(host: HostClient, cfg: string, image: Buffer | GeneratedBfb = IMAGE, device = 'rshim0'): Promise<void> {
  const boot = await host.openBoot(`/dev/${device}/boot`);
  try {
    await boot.write(Buffer.concat([Buffer.isBuffer(image) ? image : image.bytes(), Buffer.from(cfg)]));
  } finally {
    await boot.close();
  }
}

/** Until it works, or fails with another errno; at most 5 s. The kernel does not wait for close(2) of a boot file. */
export async function retried<T>(attempt: () => Promise<T>, errno = 'EBUSY'): Promise<T> {
  const until = Date.now() + 5000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if ((error as { code?: string }).code !== errno || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
