/** The simulated hosts: one process of sim/dpu-sim, and its control channel. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { readJournal, type CtlEvent, type CtlRequest, type HostView, type JournalEntry } from '@dpf/dpu-sim';
import { ManagedProcess } from './processes.ts';
import { WORKSPACE } from './workspace.ts';

/** Longest wait for the simulator to be there, in milliseconds. */
const START_MS = 60_000;

export interface HardwareOptions {
  folder: string;
  hosts: number;
  /** How much faster than real hardware the simulated one is. */
  speed: number;
}

export class Hardware {
  readonly process: ManagedProcess;
  readonly ctl: string;
  readonly #journal: string;
  #events: Socket | undefined;

  constructor({ folder, hosts, speed }: HardwareOptions) {
    const state = join(folder, 'hardware');
    this.ctl = join(folder, 'ctl.sock');
    this.#journal = join(state, 'journal.jsonl');
    this.process = new ManagedProcess({
      name: 'dpu-sim',
      argv: [
        'sim/dpu-sim/src/main.ts',
        '--state',
        state,
        '--mount',
        join(folder, 'hosts'),
        '--ctl',
        this.ctl,
        '--hosts',
        String(hosts),
        '--speed',
        String(speed),
      ],
      cwd: WORKSPACE,
      env: {},
      log: join(folder, 'logs', 'dpu-sim.log'),
    });
  }

  /** @param onEvent told when a host goes down or comes up */
  async start(onEvent: (event: CtlEvent) => void): Promise<void> {
    this.process.start();
    const until = Date.now() + START_MS;
    while (!(await this.#answers())) {
      if (Date.now() > until) throw new Error(`the simulator of the hosts did not start; see ${this.process.spec.log}`);
      await delay(50);
    }
    this.#events = createConnection(this.ctl);
    this.#events.on('error', () => undefined);
    const lines = createInterface({ input: this.#events });
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      const message = JSON.parse(line) as Partial<CtlEvent>;
      if (message.event) onEvent(message as CtlEvent);
    });
    this.#events.write('{"op":"subscribe"}\n');
  }

  #answers(): Promise<boolean> {
    return this.views().then(
      () => true,
      () => false,
    );
  }

  /** One request on the control channel (sim/dpu-sim/src/ctl). @throws Error with the simulator's words */
  async request<T = unknown>(message: CtlRequest): Promise<T> {
    const socket = createConnection(this.ctl);
    try {
      await once(socket, 'connect');
      socket.write(`${JSON.stringify(message)}\n`);
      for await (const line of createInterface({ input: socket })) {
        const answer = JSON.parse(line) as { ok: true; result: T } | { ok: false; error: string };
        if (!answer.ok) throw new Error(`the simulator refused ${JSON.stringify(message)}: ${answer.error}`);
        return answer.result;
      }
      throw new Error('the simulator closed the control channel');
    } finally {
      socket.destroy();
    }
  }

  /** Hosts and cards as they are now. */
  views(): Promise<HostView[]> {
    return this.request<HostView[]>({ op: 'state' });
  }

  journal(): JournalEntry[] {
    return readJournal(this.#journal);
  }

  async stop(): Promise<void> {
    this.#events?.destroy();
    await this.process.stop();
  }
}
