/** All hosts of one simulator, apart from how they are reached. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Card } from './card/card.ts';
import { SimClock } from './clock.ts';
import type { CtlEvent, HostView } from './ctl/protocol.ts';
import { Faults } from './faults.ts';
import { Host } from './host/host.ts';
import { hostTree } from './host/host-tree.ts';
import { Journal, readJournal } from './journal.ts';
import { Heartbeats } from './kubelet/heartbeats.ts';
import type { HostSpec } from './spec.ts';
import { writeCardTools, writeClient, writeHostTools } from './tools/scripts.ts';
import { dir, type Dir } from './tree.ts';
import type { World } from './world.ts';

export interface SimulationOptions {
  stateDir: string;
  ctlPath: string;
  speed: number;
  hosts: HostSpec[];
  machineBootId?: string;
  onEvent: (event: CtlEvent) => void;
}

export class Simulation {
  readonly faults: Faults;
  readonly journal: Journal;
  readonly hosts: Host[];
  readonly clock: SimClock;

  constructor({ stateDir, ctlPath, speed, hosts, machineBootId, onEvent }: SimulationOptions) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const file = join(stateDir, 'journal.jsonl');
    this.clock = new SimClock(speed, readJournal(file).at(-1)?.time ?? 0);
    this.journal = new Journal(file, this.clock);
    this.faults = new Faults(this.journal);
    const { clock, journal, faults } = this;
    const heartbeats = new Heartbeats(clock);
    const world: World = { clock, journal, faults, heartbeats, stateDir, ctlPath, ...(machineBootId !== undefined && { machineBootId }) };
    this.hosts = hosts.map((spec) => new Host(world, spec, onEvent));
    const client = writeClient(stateDir);
    writeCardTools({ dir: join(stateDir, 'dpu-tools'), client });
    for (const host of this.hosts) {
      writeHostTools({ dir: join(host.dir, 'bin'), client }, ctlPath, host.name);
      mkdirSync(join(host.dir, 'etc/kubernetes/node-feature-discovery/features.d'), { recursive: true });
    }
  }

  /** Hardware starts where the state on disk says. */
  start(): void {
    for (const host of this.hosts) host.resume();
  }

  stop(): void {
    for (const host of this.hosts) host.abandon();
  }

  /** @throws Error when there is no such host */
  host(name: string): Host {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (!host) throw new Error(`no host is called ${name}`);
    return host;
  }

  /** @throws Error when the host has no such card (one that was removed counts) */
  card(host: string, pci: string): Card {
    const card = this.host(host).cards.find((candidate) => candidate.pci === pci.replaceAll('-', ':'));
    if (!card) throw new Error(`${host} has no card ${pci}`);
    return card;
  }

  /** One directory per host. */
  tree(): Dir {
    return dir(() => Object.fromEntries(this.hosts.map((host) => [host.name, hostTree(host)])));
  }

  /** What a person would see; without the paths by which agents reach the hosts. */
  state(): Omit<HostView, 'root' | 'socket'>[] {
    return this.hosts.map((host) => ({
      name: host.name,
      up: host.up,
      bootId: host.bootId,
      uptimeSeconds: host.uptime,
      toolPath: join(host.dir, 'bin'),
      cards: host.cards.map((card) => ({
        pci: card.pci,
        serial: card.spec.serial,
        index: card.index,
        present: card.present,
        stage: card.arm.stage,
        percent: card.arm.percent,
        bootIsOpen: card.device.bootIsOpen,
        osVersion: card.installation.osVersion,
        bfbSha256: card.installation.bfbSha256,
        ...(card.installation.marker && { marker: card.installation.marker }),
        installation: card.installation.state,
        joined: card.kubelet.hasCredential(),
        vfs: [host.numVfs(card, 0), host.numVfs(card, 1)],
      })),
    }));
  }
}
