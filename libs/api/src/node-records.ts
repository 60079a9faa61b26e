/** What stands (as JSON) in our annotations of a host Node. Written by dpu-controller only, by compare-and-swap on the Node. */
import type { Announcement, Pci } from './agent-protocol.ts';
import type { Taint } from './objects.ts';

/** Who owns a card. namespace and name are there so that a sweep can read that Dpu live with one GET. */
export interface ClaimRecord {
  uid: string;
  namespace: string;
  name: string;
  /** force-leaves-claim: the Dpu was deleted by force; the record goes once the agent says that it holds nothing of this uid. */
  forced?: true;
}

/** holder-has-attempt: Dpu uid → the attempt for which it holds the node effect, and the effect that it put there. */
export type HolderRecords = Record<string, HolderRecord>;
export interface HolderRecord {
  attempt: number;
  namespace: string;
  name: string;
  pci: Pci;
  taint?: Taint;
  labels?: Record<string, string>;
  /** Which parts of the effect were on the Node before any of us: they are never removed. */
  foreign?: { taint?: true; labels?: string[] };
}

/** reset-on-node: the one reset of this boot. It goes when a greater boot is announced or the agent gives the reset up. */
export interface ResetRecord {
  boot: number;
  uid: string;
  attempt: number;
  requestedAt: string;
}

/** The last announcement, as recorded, with the time at which it was. */
export type AgentRecord = Omit<Announcement, 'node'> & { at: string };
