/** The four kinds, generated from crds/*.yaml (`pnpm generate`), and names for the parts of them that code speaks of. */
import type { BfbStatus } from './generated/bfb.ts';
import type { DpuStatus } from './generated/dpu.ts';
import type { DPUFlavorSpec } from './generated/dpuflavor.ts';
import type { DpuSetSpec, DpuSetStatus } from './generated/dpuset.ts';

export type { Bfb, BfbSpec, BfbStatus } from './generated/bfb.ts';
export type { DPUFlavor, DPUFlavorSpec } from './generated/dpuflavor.ts';
export type { DpuSet, DpuSetSpec, DpuSetStatus } from './generated/dpuset.ts';
export type { Dpu, DpuSpec, DpuStatus } from './generated/dpu.ts';

export type BfbPhase = NonNullable<BfbStatus['phase']>;

export type ConfigFile = NonNullable<DPUFlavorSpec['configFiles']>[number];
export type KeyRef = NonNullable<DPUFlavorSpec['passwordSecretRef']>;

export type LabelSelector = DpuSetSpec['nodeSelector'];
export type DpuTemplateSpec = DpuSetSpec['dpuTemplate']['spec'];
export type NodeEffect = NonNullable<DpuTemplateSpec['nodeEffect']>;
export type ClusterRef = NonNullable<DpuTemplateSpec['cluster']>;
export type Grant = NonNullable<NonNullable<DpuSetStatus['rollout']>['granted']>[number];

export type DpuAttempt = NonNullable<DpuStatus['attempt']>;
export type AttemptInputs = NonNullable<DpuAttempt['inputs']>;
export type DpuOperation = NonNullable<DpuStatus['operation']>;
export type OperationState = DpuOperation['state'];
