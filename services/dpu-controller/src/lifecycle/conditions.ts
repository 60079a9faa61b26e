/** Conditions of a Dpu: which one stands for which phase, and how one is changed. */
import type { Condition, DpuConditionType, Phase, Reason } from '@dpf/api';

/** The condition that becomes True when the phase is left. */
export const CONDITION_OF = {
  Initializing: 'Initialized',
  Pending: 'PreflightPassed',
  NodeEffect: 'NodeEffectReady',
  OSInstalling: 'OSInstalled',
  Rebooting: 'Rebooted',
  HostNetworkConfiguration: 'HostNetworkReady',
  DPUClusterConfig: 'ClusterJoined',
  Ready: 'Ready',
  Error: 'Ready',
  Deleting: 'Ready',
} as const satisfies Record<Phase, DpuConditionType>;

/** The conditions of the road to Ready, in order, each with the reason it has once it is met. */
export const ROAD = [
  ['Initialized', 'Resolved'],
  ['BFBReady', 'ImageReady'],
  ['PreflightPassed', 'PreflightPassed'],
  ['NodeEffectReady', 'NodeEffectApplied'],
  ['OSInstalled', 'Installed'],
  ['Rebooted', 'Rebooted'],
  ['HostNetworkReady', 'HostNetworkConfigured'],
  ['ClusterJoined', 'ClusterJoined'],
] as const satisfies readonly (readonly [DpuConditionType, Reason])[];

export type ConditionChange = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;
const LONGEST = 1_024;

/** Sets one condition; lastTransitionTime moves only when the status does. Returns the same list when nothing changes. */
export function withCondition(conditions: readonly Condition[], change: ConditionChange, now: string): readonly Condition[] {
  const old = conditions.find(({ type }) => type === change.type);
  const message = change.message.slice(0, LONGEST);
  if (old && old.status === change.status && old.reason === change.reason && old.message === message) return conditions;
  const next: Condition = {
    ...change,
    message,
    lastTransitionTime: old && old.status === change.status ? old.lastTransitionTime : now,
  };
  return old ? conditions.map((condition) => (condition === old ? next : condition)) : [...conditions, next];
}
