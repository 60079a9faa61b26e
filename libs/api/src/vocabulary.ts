/** Names of the API group that users, agents and other tools meet: group, kinds, labels, annotations, finalizers. */

export const GROUP = 'provisioning.dpu.nvidia.com';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** What a client must know of a kind to address it. `plural` as in URLs. */
export interface KindInfo {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export const KINDS = {
  Bfb: { apiVersion: API_VERSION, kind: 'Bfb', plural: 'bfbs', namespaced: true },
  DPUFlavor: { apiVersion: API_VERSION, kind: 'DPUFlavor', plural: 'dpuflavors', namespaced: true },
  DpuSet: { apiVersion: API_VERSION, kind: 'DpuSet', plural: 'dpusets', namespaced: true },
  Dpu: { apiVersion: API_VERSION, kind: 'Dpu', plural: 'dpus', namespaced: true },
} as const satisfies Record<string, KindInfo>;

/** Finalizers: a Dpu is released by dpu-controller, a Bfb by bfb-downloader, a DpuSet by dpuset-controller. */
export const FINALIZERS = {
  dpu: `${GROUP}/dpu-protection`,
  bfb: `${GROUP}/bfb-protection`,
  dpuSet: `${GROUP}/dpuset-protection`,
} as const;

/** Labels of a Dpu (the peer's names). */
export const DPU_LABELS = {
  setName: `${GROUP}/dpuset-name`,
  setNamespace: `${GROUP}/dpuset-namespace`,
  pciAddress: `${GROUP}/dpu-pciAddress`,
  pfName: `${GROUP}/dpu-pf-name`,
  hostIp: `${GROUP}/dpu-host-ip`,
} as const;

/** Labels of a DPU's Node in its tenant cluster. Only Nodes that carry `dpuUid` are ever deleted by us. */
export const TENANT_NODE_LABELS = {
  host: `${GROUP}/host`,
  dpuUid: `${GROUP}/dpu-uid`,
  bfbVersion: `${GROUP}/DOCA-BFB-version`,
} as const;

/** Labels of a host Node that discovery (NFD or the agent) sets. `<i>` is the index of a DPU on its host. */
export const NODE_LABELS = {
  dpuEnabled: 'feature.node.kubernetes.io/dpu-enabled',
  pciAddress: (i: number): string => `feature.node.kubernetes.io/dpu-${i}-pci-address`,
  pfName: (i: number): string => `feature.node.kubernetes.io/dpu-${i}-pf0-name`,
  psid: (i: number): string => `feature.node.kubernetes.io/dpu-${i}-ps-id`,
} as const;

/**
 * Annotations that dpu-controller keeps on a host Node; it is their only writer, always by compare-and-swap.
 * `card(pci)` = {@link ClaimRecord}, `holders` = {@link HolderRecords}, `reset` = {@link ResetRecord}, `agent` = {@link AgentRecord}, each JSON.
 */
export const NODE_ANNOTATIONS = {
  card: (pci: string): string => `${GROUP}/card-${pci}`,
  holders: `${GROUP}/holders`,
  reset: `${GROUP}/reset`,
  agent: `${GROUP}/agent`,
  /** `cycle` | `reset` | `skip`, set by a user: how the host is power-cycled, or rebooted. */
  powercycleCommand: `${GROUP}/powercycle-command`,
  rebootCommand: `${GROUP}/reboot-command`,
} as const;

/** Annotations of a Dpu that users set. */
export const DPU_ANNOTATIONS = {
  retry: `${GROUP}/retry`,
  forceDelete: `${GROUP}/force-delete`,
  hostPowerCycleRequired: `${GROUP}/host-power-cycle-required`,
} as const;

/** The phases of a Dpu, in the order of its life. */
export const PHASES = [
  'Initializing',
  'Pending',
  'NodeEffect',
  'OSInstalling',
  'Rebooting',
  'HostNetworkConfiguration',
  'DPUClusterConfig',
  'Ready',
  'Error',
  'Deleting',
] as const;
export type Phase = (typeof PHASES)[number];

/** Condition types of a Dpu, in the order in which they become True; `Reconciling` and `Stalled` are abnormal-true (kstatus). */
export const DPU_CONDITIONS = [
  'Initialized',
  'BFBReady',
  'PreflightPassed',
  'NodeEffectReady',
  'OSInstalled',
  'Rebooted',
  'HostNetworkReady',
  'ClusterJoined',
  'Ready',
  'Reconciling',
  'Stalled',
] as const;
export type DpuConditionType = (typeof DPU_CONDITIONS)[number];
