/** What the agent's journal holds: one record per host, keyed by card where it concerns one. */
import type { FailureClass, Generation, Pci, Report } from '@dpf/api';
import type { LogStory } from '../rshim/story.ts';

/** A card that was seen once keeps its index, by serial, also while it is away. */
export interface CardRecord {
  index: number;
  pci: Pci;
  serial?: string;
  psid?: string;
  partNumber?: string;
  generation: Generation;
  pf0Name?: string;
}

/** How an operation ended, as it is reported until it is answered. */
export interface Ending {
  state: 'succeeded' | 'failed' | 'cancelled';
  percent: number;
  message: string;
  reason?: string;
  class?: FailureClass;
  cutOff?: boolean;
  /** boot-of-report: the boot in which the operation ended. */
  boot: number;
  device?: Report['device'];
  firmware?: Report['firmware'];
}

/** Rule op-has-uid: an entry carries the uid of the Dpu and the attempt. */
export interface InstallRecord {
  id: string;
  uid: string;
  attempt: number;
  /** running: the boot file was (about to be) opened; pushed: every byte of image and bf.cfg was taken. */
  state: 'running' | 'pushed' | 'succeeded' | 'failed';
  /** Times of an entry are of the agent's clock, which begins anew when the host boots. */
  openedAt: number;
  pushedAt?: number;
  story: LogStory;
  /** Lines that stood in the log before, where the driver could not empty it. */
  oldLog?: string[];
  ending?: Ending;
  /** dpu-controller has the ending (200), or does not want it (403, 409). */
  answered?: boolean;
}

export interface HostNetworkRecord {
  uid: string;
  attempt: number;
  numberOfVfs: number;
  mtu: number;
  channelVf: number;
}

export interface ResetRecord {
  boot: number;
  /** Set before the command is issued: how long the host was up then, milliseconds. Not the time of day, which may be set meanwhile. */
  issuedAtUptime: number;
}

export interface JournalData {
  boot: number;
  bootId: string;
  sequence: number;
  cards: CardRecord[];
  installs: Record<Pci, InstallRecord>;
  hostNetworks: Record<Pci, HostNetworkRecord>;
  /** The bridge br-dpu was made by us. */
  bridgeIsOurs?: boolean;
  reset?: ResetRecord;
  /** Digests of images, by path; `stamp` is size, mtime and inode. */
  digests: Record<string, { stamp: string; sha256: string }>;
}
