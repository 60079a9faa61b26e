/** The control channel: JSON lines over a unix socket. Request `{id?, op, …}`, answer `{id?, ok: true, result}` or `{id?, ok: false, error}`; after `subscribe` also `{event, …}` lines. */
import type { ArmStage } from '../card/boot.ts';
import type { FaultName, FaultParams } from '../faults.ts';

export type CtlRequest = { id?: number } & (
  | { op: 'subscribe' }
  | { op: 'state' }
  | { op: 'fault'; arm: FaultName; host?: string; pci?: string; persistent?: boolean; params?: FaultParams }
  | { op: 'fault-clear'; name?: string; host?: string; pci?: string }
  | { op: 'faults' }
  | { op: 'reboot'; host: string; kind?: 'warm' | 'cycle' | 'reset' | 'operator' }
  | { op: 'power'; host: string; on: boolean }
  | { op: 'card'; host: string; pci: string; present: boolean }
  | { op: 'tool'; host: string; pci?: string; tool: string; argv: string[] }
);

/** Sent to subscribers. `host-down`: whatever runs on the host ends now. `host-up`: it booted, start what runs there. */
export type CtlEvent = { event: 'host-down'; host: string } | { event: 'host-up'; host: string; bootId: string };

export interface CardView {
  pci: string;
  serial: string;
  index: number;
  present: boolean;
  stage: ArmStage;
  /** Of the installation, 0..100. */
  percent: number;
  bootIsOpen: boolean;
  osVersion: string;
  bfbSha256: string;
  marker?: string;
  installation: 'flashing' | 'complete' | 'broken';
  joined: boolean;
  vfs: [number, number];
}
export interface HostView {
  name: string;
  up: boolean;
  bootId: string;
  uptimeSeconds: number;
  /** HOST_ROOT of its agent; absent without FUSE. */
  root?: string;
  /** HOST_SOCKET of its agent. */
  socket: string;
  /** TOOL_PATH of its agent. */
  toolPath: string;
  cards: CardView[];
}
