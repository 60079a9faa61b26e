/** What a decision may be: three outcomes and a closed list of effects. */
import type { AttemptInputs, DpuConditionType, DpuOperationKind, DpuStatus, FailureClass, Phase, Reason } from '@dpf/api';
import type { ClusterName } from './observed.ts';

export type Outcome = Stay | Advance | Fail;

/** Nothing more can be concluded from these facts: wait. */
export interface Stay {
  readonly kind: 'stay';
  readonly reason: Reason;
  /** What is awaited, on which object, and what to do if that takes a person. No changing numbers: each change is a write. */
  readonly message: string;
  /** The condition that is not met yet; absent: the one of the phase. */
  readonly condition?: DpuConditionType;
  /** Nobody can tell, or nobody looked, whether the condition is met: what it waited so far counts for no deadline. */
  readonly unknown?: boolean;
  /** Look again after so many milliseconds at the latest; absent: 15 s, doubling up to 5 min. */
  readonly recheckMs?: number;
  readonly effects?: readonly Effect[];
  readonly operation?: OperationChange;
  /** Freezes the inputs of the attempt. */
  readonly inputs?: AttemptInputs;
  /** Facts for status. */
  readonly record?: Recorded;
  /** The wait is longer than it should be, or a person has to act. */
  readonly stalled?: boolean;
  /** Over as soon as the effect is seen: not worth a status write. */
  readonly quiet?: boolean;
  /** Nothing but the reset of the host and its next boot is waited for: its deadline runs. */
  readonly resetDue?: boolean;
  /** The condition is met: nothing is awaited (phase Ready). */
  readonly met?: boolean;
}

/** The phase's work is observed done. */
export interface Advance {
  readonly kind: 'advance';
  readonly to: Phase;
  readonly reason: Reason;
  readonly message: string;
  readonly effects?: readonly Effect[];
  readonly record?: Recorded;
  /** Starts the next attempt (only ever to Initializing, or to repeat a step that flashes nothing). */
  readonly attempt?: NextAttempt;
}

/** The attempt failed. What follows is the business of the class: see attempt.ts. */
export interface Fail {
  readonly kind: 'fail';
  readonly reason: Reason;
  readonly message: string;
  readonly class: FailureClass;
  /** The push was cut off by the agent's own end: costs no try. */
  readonly cutOff?: boolean;
}

/** `retries`: of the next attempt. `result`: how the ended one goes into the history. */
export interface NextAttempt {
  readonly retries: number;
  readonly result: 'Failed' | 'Superseded' | 'Succeeded';
}

export type OperationChange = { readonly open: DpuOperationKind } | 'cancel';

export type Recorded = Partial<
  Pick<
    DpuStatus,
    'tenantNodeUid' | 'tenantCluster' | 'formerClusters' | 'provisioned' | 'outdated' | 'bfbVersion' | 'pciDevice' | 'device' | 'firmware'
  >
>;

/** Things done to the world after the status stands. Each may be done twice. */
export type Effect =
  | { readonly do: 'addFinalizer' }
  | { readonly do: 'removeFinalizer' }
  /** On the host Node, by compare-and-swap; those of one decision are one patch. */
  | { readonly do: 'claimCard' }
  /** `again`: it stood before, and is gone; put back only if the Dpu is still as it was decided on. */
  | { readonly do: 'hold'; readonly attempt: number; readonly again?: true }
  | { readonly do: 'unhold'; readonly attempt: number }
  | { readonly do: 'release' }
  | { readonly do: 'releaseByForce' }
  | { readonly do: 'sweep'; readonly uids: readonly string[] }
  /** On the agent's queue. */
  | { readonly do: 'submit'; readonly id: string }
  | { readonly do: 'withdraw'; readonly id: string }
  | { readonly do: 'submitReset'; readonly boot: number }
  /** In the tenant cluster of the spec, or in the one that is named. */
  | { readonly do: 'deleteTenantNode'; readonly uid: string; readonly cluster?: ClusterName }
  | {
      readonly do: 'labelTenantNode';
      readonly uid: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly cluster?: ClusterName;
    }
  | { readonly do: 'extendToken'; readonly attempt: number }
  | { readonly do: 'deleteToken'; readonly cluster?: ClusterName };
