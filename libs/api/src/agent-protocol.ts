/**
 * What dms-agent and dpu-controller say to each other over HTTPS (architecture §5). JSON bodies; the agent authenticates with
 * `Authorization: Bearer <service-account token bound to its Pod>`. Errors are {@link AgentApiError} with the HTTP status in the table of each call:
 *
 * | call | 200 | else |
 * |---|---|---|
 * | `POST /v1/announce` {@link Announcement} | {@link AnnounceReply}: it stands on the Node | 403 not this node's agent, 409 an older announcement, or another number for a boot that is known ({@link LastAnnounced}) |
 * | `POST /v1/operations/<id>/claim` {@link ClaimRequest} | {@link OperationSpec}: granted (an install: recorded in `Dpu.status`) | 403, 409 stale: drop it |
 * | `POST /v1/operations/<id>/report` {@link Report} | {@link ReportReply}: it stands in `Dpu.status` (or on the Node, for a reset) | 403, 409 stale: drop it |
 *
 * 401, 429 and 5xx mean: keep it and try again.
 */

/** `preflight`, `install`, `hostNetwork`, `cleanup` concern one Dpu and one attempt; `reset` concerns a host and one of its boots. */
export type OperationKind = 'preflight' | 'install' | 'hostNetwork' | 'cleanup' | 'reset';
export type DpuOperationKind = Exclude<OperationKind, 'reset'>;

/** An operation id, taken apart. In text: `<kind>.<dpu uid>.<attempt>` or `reset.<node>.<boot>`. */
export type OperationRef = { kind: DpuOperationKind; uid: string; attempt: number } | { kind: 'reset'; node: string; boot: number };

/** op-has-uid: the id carries kind, uid and attempt, so that no two tries are ever taken for one another. */
export function operationId(ref: OperationRef): string {
  return ref.kind === 'reset' ? `reset.${ref.node}.${ref.boot}` : `${ref.kind}.${ref.uid}.${ref.attempt}`;
}

/** The inverse of {@link operationId}; undefined for anything that is no operation id (it may come from Redis, which is hostile). */
export function parseOperationId(id: string): OperationRef | undefined {
  const match = /^(preflight|install|hostNetwork|cleanup|reset)\.([a-z0-9][a-z0-9.-]{0,252})\.(\d{1,9})$/.exec(id);
  if (!match) return undefined;
  const [, kind, subject, number] = match as unknown as [string, OperationKind, string, string];
  return kind === 'reset' ? { kind, node: subject, boot: Number(number) } : { kind, uid: subject, attempt: Number(number) };
}

/** The text that bf.cfg's last step writes into the rshim log with `bfrshlog` once the DPU is configured (op-has-uid). */
export const installMarker = (uid: string, attempt: number): string => `DPF ${uid}/${attempt} configured`;

/** The text in the rshim log when a step of bf.cfg or of the first boot failed, at level ERR; the name of the step follows (op-has-uid). */
export const failureMarker = (uid: string, attempt: number): string => `DPF ${uid}/${attempt} failed:`;

/** A PCI address as the API writes it: `0000-4b-00` (domain-bus-device, no function). */
export type Pci = string;

export type Generation = 'BlueField-1' | 'BlueField-2' | 'BlueField-3' | 'Unknown';

/** A card as the agent found it. Absent fields could not be read. */
export interface Card {
  pci: Pci;
  index: number;
  serial?: string;
  psid?: string;
  partNumber?: string;
  generation: Generation;
  pf0Name?: string;
  /** `host`: /dev/rshim<N> is there and usable; `bmc`: drop mode, the BMC owns it; `absent`: no rshim node for this card. */
  rshim: 'host' | 'bmc' | 'absent';
  /** false while the card is away from the bus (it keeps its index, by serial). */
  present: boolean;
}

/** An entry of the agent's journal that is not undone yet. */
export interface JournalHead {
  pci: Pci;
  uid: string;
  attempt: number;
  kind: DpuOperationKind;
  state: 'running' | 'pushed' | 'succeeded' | 'failed';
}

/** Sent at start, after every host boot, and when cards change. `boot` counts the boots of the host in the agent's journal: greater is later. */
export interface Announcement {
  node: string;
  /** Random id of the agent process. */
  instance: string;
  boot: number;
  /** /proc/sys/kernel/random/boot_id. */
  bootId: string;
  /** Counts announcements within `boot` and across agent restarts, so that an older one is recognised. */
  sequence: number;
  agentVersion: string;
  cards: Card[];
  journal: JournalHead[];
  /** Dpu uids that the agent is at work for, has asked to work for, or whose host network or push child is still on this host. */
  holds: string[];
}

/** The Dpus of this host that exist now; whatever else the agent holds, it stops and undoes, then announces again. */
export interface AnnounceReply {
  dpus: { uid: string; namespace: string; name: string; pci: Pci }[];
}

export interface ClaimRequest {
  instance: string;
  boot: number;
  /** Of the last announcement that was sent before: once an install is granted, those up to it are older ones, however long they are on their way. */
  sequence: number;
}

/**
 * The parameters of a granted operation. `bfcfg` is secret: it goes to the push child's standard input and nowhere else.
 * `cancel`: the operation is to be cancelled (it stands as Cancelling). The claim is answered 200 all the same, for only the agent's word ends a claimed
 * operation: an agent that has not begun it confirms with a `cancelled` report, one that has goes on or stops as {@link ReportReply} says.
 */
export type OperationSpec = { cancel?: ReportReply['cancel'] } & OperationParameters;
export type OperationParameters =
  | { kind: 'preflight'; id: string; pci: Pci; bfbPath: string; bfbSha256: string; bfbSize: number; bfcfgBytes: number }
  | {
      kind: 'install';
      id: string;
      pci: Pci;
      uid: string;
      attempt: number;
      /** Path of the image relative to the BFB volume, its digest and size. */
      bfbPath: string;
      bfbSha256: string;
      bfbSize: number;
      bfcfg: string;
      /** The line to wait for: {@link installMarker}. */
      marker: string;
      deadlines: { noByteSeconds: number; noLogSeconds: number; totalSeconds: number };
    }
  | { kind: 'hostNetwork'; id: string; pci: Pci; uid: string; numberOfVfs: number; mtu: number; channelVf: number }
  | { kind: 'cleanup'; id: string; pci: Pci; uid: string }
  | { kind: 'reset'; id: string; boot: number; method: 'systemLevelReset' | 'powerCycle'; command: 'cycle' | 'reset'; pcis: Pci[] };

/** How a failed operation is to be treated: `transient` is tried again, the others are not without a change. */
export type FailureClass = 'transient' | 'needsReset' | 'needsHuman' | 'neverSucceeds';

/** What the agent says about an operation. Reported until answered with 200 or 409. `running` at least every 10 s: the answer may ask for a cancel. */
export interface Report {
  instance: string;
  /** Boot in which this is reported; at `succeeded` of an install it is the boot to be left (boot-of-report). */
  boot: number;
  state: 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** 0..100. */
  percent: number;
  /** One sentence for people, no secrets. */
  message: string;
  /** A reason of the catalogue and its class; for `failed`. */
  reason?: string;
  class?: FailureClass;
  /** The push was cut off by the agent's own end: the retry costs no try. */
  cutOff?: boolean;
  /** What was learned of the card. */
  device?: { serial?: string; psid?: string; partNumber?: string; generation?: Generation };
  firmware?: { nic?: string; uefi?: string; bmc?: string };
}

export interface ReportReply {
  /** The agent must stop this operation and report `cancelled`; with `unlessEffective`, only if it has not begun or can no longer end (a deletion never cuts an install off). */
  cancel?: 'now' | 'unlessEffective';
}

export interface AgentApiError {
  reason: string;
  message: string;
  /** With `AnnouncementStale`. */
  announced?: LastAnnounced;
}

/** What dpu-controller heard last of a host. An agent whose journal was lost goes on from there: a boot that is known by its id keeps its number. */
export interface LastAnnounced {
  boot: number;
  bootId: string;
  sequence: number;
  /** A reset of that boot is claimed: it may have been issued. */
  reset?: true;
}
