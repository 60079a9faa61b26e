/** A running simulator: hosts, the ways to reach them, the control channel. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CtlEvent, HostView } from './ctl/protocol.ts';
import { CtlServer } from './ctl/server.ts';
import type { Fault, FaultName } from './faults.ts';
import { hostTree } from './host/host-tree.ts';
import { journaled, readJournal, type JournalEntry, type WaitOptions } from './journal.ts';
import { FuseMount } from './ports/fuse.ts';
import { HostSocket } from './ports/socket.ts';
import { Simulation } from './simulation.ts';
import type { ToolResult } from './tools/result.ts';
import { runCardTool, runHostTool } from './tools/run-tool.ts';
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
  /** Boot id of this machine: a host that was reset stays down until a simulator on its state is started with another one. Absent: hosts boot by themselves. */
  machineBootId?: string;
}

export interface DpuSim {
  readonly ctl: string;
  readonly stateDir: string;
  readonly journalFile: string;
  /** Why there is no mount although one was asked for. */
  readonly mountProblem: string | undefined;
  hosts(): HostView[];
  journal(): JournalEntry[];
  /** As the function of that name, on this simulator's journal. */
  journaled(fits: (entry: JournalEntry) => boolean, options?: WaitOptions): Promise<JournalEntry>;
  arm(fault: Fault): void;
  clear(scope?: { name?: FaultName; host?: string; pci?: string }): void;
  reboot(host: string): void;
  power(host: string, on: boolean): void;
  setPresent(host: string, pci: string, present: boolean): void;
  /** Runs a command of the host, as its file on TOOL_PATH does. */
  tool(host: string, tool: string, argv: readonly string[]): ToolResult;
  /** Runs a command of the card (`0000-4b-00`), as its software does. */
  cardTool(host: string, pci: string, tool: string, argv: readonly string[]): Promise<ToolResult>;
  /** Host events, as subscribers of the control channel get them. Returns how to stop. */
  onEvent(listener: (event: CtlEvent) => void): () => void;
  close(): Promise<void>;
}

/**
 * Starts a simulator in this process. With a mount, this process must make no file calls below it, by no thread: while it waits for itself it
 * could not even be killed. Whoever wants to be a client of the mount starts `main.ts` as a process.
 */
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
    ...(options.machineBootId !== undefined && { machineBootId: options.machineBootId }),
    onEvent: (event) => {
      for (const listener of listeners) listener(event);
    },
  });
  const { mount, mountProblem } = await mountTree(options.mount, simulation);
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
    journaled: (fits, options) => journaled(simulation.journal.file, fits, options),
    arm: (fault) => simulation.faults.arm(fault),
    clear: (scope) => simulation.faults.clear(scope),
    reboot: (host) => simulation.host(host).reset('operator'),
    power: (host, on) => simulation.host(host).power(on),
    setPresent: (host, pci, present) => simulation.host(host).setPresent(simulation.card(host, pci), present),
    tool: (host, tool, argv) => runHostTool(simulation.host(host), tool, argv),
    cardTool: (host, pci, tool, argv) => runCardTool(simulation.card(host, pci), tool, argv),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      simulation.stop();
      ctl.close();
      for (const socket of sockets) socket.close();
      await mount?.close();
    },
  };
}

/** FUSE where it can be had; else the reason why not. */
async function mountTree(
  path: string | undefined,
  simulation: Simulation,
): Promise<{ mount?: FuseMount; mountProblem: string | undefined }> {
  if (path === undefined) return { mountProblem: undefined };
  try {
    return { mount: await FuseMount.open(resolve(path), simulation.tree()), mountProblem: undefined };
  } catch (error) {
    const { message, cause } = error as Error;
    return { mountProblem: cause instanceof Error ? `${message}: ${cause.message}` : message };
  }
}
