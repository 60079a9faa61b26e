/** A running simulator: hosts, the ways to reach them, the control channel. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CtlEvent, HostView } from './ctl/protocol.ts';
import { CtlServer } from './ctl/server.ts';
import type { Fault, FaultName } from './faults.ts';
import { hostTree } from './host/host-tree.ts';
import { readJournal, type JournalEntry } from './journal.ts';
import { FuseMount } from './ports/fuse.ts';
import { HostSocket } from './ports/socket.ts';
import { Simulation } from './simulation.ts';
import { defaultHosts, type HostSpec } from './spec.ts';

export interface DpuSimOptions {
  /** Directory of everything that survives the simulator. */
  stateDir: string;
  /** Where the file tree is mounted; absent: sockets only. */
  mount?: string;
  /** Control socket; default `<stateDir>/ctl.sock`. A path of at most 100 characters. */
  ctl?: string;
  /** Simulated seconds per real one; default 60. */
  speed?: number;
  /** Default: 4 hosts, the first with two cards. */
  hosts?: HostSpec[] | number;
}

export interface DpuSim {
  readonly ctl: string;
  readonly stateDir: string;
  readonly journalFile: string;
  /** Why there is no mount although one was asked for. */
  readonly mountProblem: string | undefined;
  hosts(): HostView[];
  journal(): JournalEntry[];
  /** The first entry, now or later, that fits. Rejects after real milliseconds. */
  journaled(fits: (entry: JournalEntry) => boolean, timeoutMs?: number): Promise<JournalEntry>;
  arm(fault: Fault): void;
  clear(scope?: { name?: FaultName; host?: string; pci?: string }): void;
  reboot(host: string): void;
  power(host: string, on: boolean): void;
  setPresent(host: string, pci: string, present: boolean): void;
  /** Host events, as subscribers of the control channel get them. Returns how to stop. */
  onEvent(listener: (event: CtlEvent) => void): () => void;
  close(): void;
}

/** Starts a simulator in this process. With a mount, this process must not use synchronous file calls below it (they would wait for themselves). */
export async function startDpuSim(options: DpuSimOptions): Promise<DpuSim> {
  const stateDir = resolve(options.stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const ctlPath = resolve(options.ctl ?? join(stateDir, 'ctl.sock'));
  const listeners = new Set<(event: CtlEvent) => void>();
  const hosts = typeof options.hosts === 'object' ? options.hosts : defaultHosts(options.hosts ?? 4);
  const simulation = new Simulation({
    stateDir,
    ctlPath,
    speed: options.speed ?? 60,
    hosts,
    onEvent: (event) => {
      for (const listener of listeners) listener(event);
    },
  });
  const { mount, mountProblem } = mountTree(options.mount, simulation);
  const socketOf = (host: string) => join(stateDir, host, 'host.sock');
  const view = (): HostView[] =>
    simulation.state().map((host) => ({
      ...host,
      socket: socketOf(host.name),
      ...(mount && { root: join(resolve(options.mount as string), host.name) }),
    }));
  const ctl = new CtlServer(simulation, view);
  listeners.add((event) => ctl.publish(event));
  await ctl.listen(ctlPath);
  const sockets = await Promise.all(
    simulation.hosts.map(async (host) => {
      const socket = new HostSocket(hostTree(host));
      await socket.listen(socketOf(host.name));
      return socket;
    }),
  );
  simulation.start();

  return {
    ctl: ctlPath,
    stateDir,
    journalFile: simulation.journal.file,
    mountProblem,
    hosts: view,
    journal: () => readJournal(simulation.journal.file),
    journaled: (fits, timeoutMs = 30_000) => journaled(simulation, fits, timeoutMs),
    arm: (fault) => simulation.faults.arm(fault),
    clear: (scope) => simulation.faults.clear(scope),
    reboot: (host) => simulation.host(host).reset('operator'),
    power: (host, on) => simulation.host(host).power(on),
    setPresent: (host, pci, present) => simulation.host(host).setPresent(simulation.card(host, pci), present),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      simulation.stop();
      ctl.close();
      for (const socket of sockets) socket.close();
      mount?.close();
    },
  };
}

/** FUSE where it can be had; else the reason why not. */
function mountTree(path: string | undefined, simulation: Simulation): { mount?: FuseMount; mountProblem: string | undefined } {
  if (path === undefined) return { mountProblem: undefined };
  try {
    return { mount: new FuseMount(resolve(path), simulation.tree()), mountProblem: undefined };
  } catch (error) {
    const { message, cause } = error as Error;
    return { mountProblem: cause instanceof Error ? `${message}: ${cause.message}` : message };
  }
}

function journaled(simulation: Simulation, fits: (entry: JournalEntry) => boolean, timeoutMs: number): Promise<JournalEntry> {
  const before = readJournal(simulation.journal.file).find(fits);
  if (before) return Promise.resolve(before);
  return new Promise((done, fail) => {
    const timer = setTimeout(() => {
      stop();
      const last = readJournal(simulation.journal.file).slice(-5);
      fail(new Error(`not in the journal within ${timeoutMs} ms; its last entries: ${JSON.stringify(last)}`));
    }, timeoutMs);
    const stop = simulation.journal.onEntry((entry) => {
      if (!fits(entry)) return;
      clearTimeout(timer);
      stop();
      done(entry);
    });
  });
}
