/** The four kinds. Fields are documented in crds/*.yaml. */
import type { Condition, KubeObject, Taint } from './objects.ts';
import type { Phase } from './vocabulary.ts';
import type { DpuOperationKind, Generation } from './agent-protocol.ts';

export interface BfbSpec {
  url: string;
  fileName?: string;
  sha256?: string;
  caBundleRef?: { name: string };
  secretRef?: { name: string };
}
export type BfbPhase = 'Initializing' | 'Downloading' | 'Ready' | 'Error' | 'Deleting';
export interface BfbStatus {
  observedGeneration?: number;
  phase?: BfbPhase;
  fileName?: string;
  sha256?: string;
  size?: number;
  versions?: { bsp?: string; doca?: string; uefi?: string; atf?: string };
  progress?: { bytes: number; total?: number; percent?: number };
  attempts?: number;
  nextRetryTime?: string;
  lastError?: { reason: string; message: string };
  conditions?: Condition[];
}
export interface Bfb extends KubeObject {
  spec: BfbSpec;
  status?: BfbStatus;
}

export interface KeyRef {
  name: string;
  key: string;
}
export interface ConfigFile {
  path: string;
  operation: 'override' | 'append';
  raw?: string;
  secretRef?: KeyRef;
  configMapRef?: KeyRef;
  permissions?: string;
}
export interface DPUFlavorSpec {
  grub?: { kernelParameters?: string[] };
  sysctl?: { parameters?: string[] };
  nvconfig?: { device?: string; parameters?: string[] }[];
  ovs?: { rawConfigScript?: string };
  bfcfgParameters?: string[];
  configFiles?: ConfigFile[];
  containerdConfig?: { registryEndpoint?: string };
  passwordSecretRef?: KeyRef;
  hostNetwork?: { numberOfVfs?: number; mtu?: number; channelVf?: number };
}
export interface DPUFlavor extends KubeObject {
  spec: DPUFlavorSpec;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
}
export interface NodeEffect {
  taint?: Taint;
  customLabel?: Record<string, string>;
  noEffect?: boolean;
}
export interface ClusterRef {
  name: string;
  namespace: string;
  nodeLabels?: Record<string, string>;
}
export interface DpuTemplateSpec {
  dpuFlavor: string;
  BFB: { bfb: string };
  nodeEffect?: NodeEffect;
  automaticNodeReboot?: boolean;
  cluster?: ClusterRef;
}
export interface DpuSetSpec {
  nodeSelector: LabelSelector;
  dpuSelector?: Record<string, string>;
  strategy?: { type?: 'RollingUpdate' | 'OnDelete' | 'Recreate'; rollingUpdate?: { maxUnavailable?: number | string } };
  paused?: boolean;
  dpuTemplate: { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec: DpuTemplateSpec };
}
export interface Grant {
  host: string;
  number: number;
  uids: string[];
}
export interface DpuSetStatus {
  observedGeneration?: number;
  desired?: number;
  current?: number;
  updated?: number;
  ready?: number;
  unavailable?: number;
  failed?: number;
  dpuStatistics?: Partial<Record<Phase, number>>;
  rollout?: { revision?: string; granted?: Grant[]; startedAt?: string; lastNumber?: number };
  conditions?: Condition[];
}
export interface DpuSet extends KubeObject {
  spec: DpuSetSpec;
  status?: DpuSetStatus;
}

export interface DpuSpec {
  nodeName: string;
  pciAddress: string;
  grant?: number;
  bfb: string;
  dpuFlavor: string;
  nodeEffect?: NodeEffect;
  cluster?: ClusterRef;
  automaticNodeReboot?: boolean;
  paused?: boolean;
}
export type OperationState = 'Open' | 'Claimed' | 'Cancelling' | 'Succeeded' | 'Failed';
export interface DpuOperation {
  id: string;
  kind: DpuOperationKind;
  state: OperationState;
  percent?: number;
  message?: string;
  /** The boot (number of the announcement) that the host has to leave; set by the report that ends an install. */
  bootToLeave?: number;
  openedAt?: string;
  reportedAt?: string;
}
export interface AttemptInputs {
  bfb: string;
  bfbSha256: string;
  dpuFlavor: string;
  flavorHash: string;
  clusterUid?: string;
}
export interface DpuAttempt {
  number: number;
  retries: number;
  startedAt: string;
  nextRetryTime?: string;
  inputs?: AttemptInputs;
  grant?: number;
  /** spec generation that this attempt works on. */
  generation?: number;
}
export interface DpuStatus {
  observedGeneration?: number;
  phase?: Phase;
  phaseSince?: string;
  conditions?: Condition[];
  waitingFor?: string;
  progress?: { percent: number; message: string };
  attempt?: DpuAttempt;
  operation?: DpuOperation;
  lastError?: { reason: string; message: string; at: string };
  bfbVersion?: string;
  pciDevice?: string;
  device?: { serial?: string; psid?: string; partNumber?: string; generation?: Generation };
  firmware?: { nic?: string; uefi?: string; bmc?: string };
  provisioned?: { bfbSha256: string; flavorHash: string; at: string };
  outdated?: { reason: string; message: string };
  history?: { attempt: number; result: string; reason?: string; seconds?: Record<string, number> }[];
  /** The value of the retry annotation that was handled last. */
  handledRetry?: string;
  /** uid of the tenant Node that the present software registered as. */
  tenantNodeUid?: string;
}
export interface Dpu extends KubeObject {
  spec: DpuSpec;
  status?: DpuStatus;
}
