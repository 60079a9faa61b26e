/** Everything a decision about one Dpu may rest on, read before and gathered in one plain value. Produced by observe.ts only. */
import type {
  AgentRecord,
  BfbPhase,
  ClaimRecord,
  ClusterRef,
  Dpu,
  DPUFlavorSpec,
  HolderRecords,
  OperationKind,
  Phase,
  Pci,
  Report,
  ResetRecord,
  Taint,
} from '@dpf/api';

/** `unread`: the phase does not need it and it was not asked for; `absent`: asked for, and it does not exist. */
export type Seen<T> = T | 'absent' | 'unread';

export type ClusterName = Pick<ClusterRef, 'name' | 'namespace'>;

export interface Observed {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** 0 ≤ chance < 1: the jitter of this decision. */
  readonly chance: number;
  /** Milliseconds that an operation may wait for the agent of its host before that one is told to be silent. */
  readonly agentSilentMs: number;
  readonly dpu: Dpu;
  /** `absent`: no Node of that name. */
  readonly host: HostFacts | 'absent';
  /** The other Dpus that name this host. */
  readonly siblings: readonly Sibling[];
  readonly flavor: Seen<FlavorFacts>;
  readonly bfb: Seen<BfbFacts>;
  /** bf.cfg as it would be rendered now: its size, or what stands in the way. */
  readonly bfcfg: Seen<BfcfgFacts>;
  /** `absent`: spec.cluster is. */
  readonly tenant: Seen<TenantFacts>;
  /** The other clusters that may have a Node of this Dpu: those that it left, or is about to leave. Absent: not asked for. */
  readonly former?: readonly FormerCluster[];
  readonly caps: Caps;
  /** What an API server answered to the effect of a decision on these facts: it refuses it, now and until somebody changes something. */
  readonly refused?: string;
  /** What the agent says right now about the operation of this Dpu (absent in a reconcile). */
  readonly report?: Report;
}

/** A host Node with our records in its annotations, parsed. */
export interface HostFacts {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly claims: Readonly<Record<Pci, ClaimRecord>>;
  readonly holders: HolderRecords;
  readonly reset?: ResetRecord;
  readonly agent?: AgentRecord;
  /** The user's annotations powercycle-command and reboot-command, when they are one of the three words. */
  readonly powercycleCommand?: PowerCommand;
  readonly rebootCommand?: PowerCommand;
  /** uids of our records that no Dpu in the store bears: candidates of a sweep. */
  readonly strangers: readonly string[];
}
export type PowerCommand = 'cycle' | 'reset' | 'skip';

/** Another Dpu of the same host, as far as the host's reset depends on it. */
export interface Sibling {
  readonly uid: string;
  readonly name: string;
  readonly pci: Pci;
  readonly phase: Phase;
  readonly operation?: { readonly kind: OperationKind; readonly state: string };
  readonly deleting: boolean;
  readonly paused?: boolean;
  /** It lacks nothing but a place under maxParallelInstalls. */
  readonly inLine?: boolean;
  /** Milliseconds; the reset of the host is not tried again before. */
  readonly nextRetryAt?: number;
}

export interface FlavorFacts {
  /** Over the spec and what it refers to; absent while something of that is missing, or when the phase does not ask. */
  readonly hash?: string;
  readonly spec: DPUFlavorSpec;
}

export interface BfbFacts {
  readonly phase: BfbPhase;
  readonly sha256?: string;
  readonly size?: number;
  /** For people: the versions of the image. */
  readonly version?: string;
  readonly message?: string;
}

export type BfcfgFacts =
  { readonly bytes: number } | { readonly reason: 'FlavorInputMissing' | 'FlavorInvalid' | 'ConfigTooLarge'; readonly message: string };

/** What the tenant cluster shows. A sentence says why it cannot be used. */
export type TenantFacts =
  | { readonly state: 'ClusterNotGranted' | 'ClusterNotFound' | 'ClusterInvalid' | 'ClusterUnreachable'; readonly message: string }
  | {
      readonly state: 'Reachable';
      /** uid of the tenant's kube-system Namespace. */
      readonly clusterUid: string;
      /** The Node that bears the Dpu's name. */
      readonly node?: TenantNode;
    };

export interface FormerCluster {
  readonly cluster: ClusterName;
  readonly facts: TenantFacts;
}

export interface TenantNode {
  readonly uid: string;
  readonly ready: boolean;
  readonly cordoned: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Value of the label `dpu-uid`. */
  readonly dpuUid?: string;
}

/** Controller-wide limits and how far they are used up, this Dpu not counted. Absent: no limit. */
export interface Caps {
  readonly installs?: { readonly limit: number; readonly ahead: number };
  readonly nodes?: { readonly limit: number; readonly ahead: number };
  /** It waited for something else and was not in the line, so that nobody counted it: it has to be seen there before it goes on. */
  readonly joins?: boolean;
}
