/** Objects for tests: a DpuSet, Nodes with DPUs, Dpus in a given state. */
import { NODE_LABELS, type Dpu, type DpuSet, type DpuSetSpec, type Node } from '@dpf/api';

export const NOW = new Date('2026-01-01T00:00:00Z');

/** A set of all DPUs, at most one unavailable. */
export function aSet(spec: Partial<DpuSetSpec> & { bfb?: string; maxUnavailable?: number | string } = {}, name = 'fleet'): DpuSet {
  const { bfb = 'bfb-a', maxUnavailable = 1, ...rest } = spec;
  return {
    apiVersion: 'provisioning.dpu.nvidia.com/v1alpha1',
    kind: 'DpuSet',
    metadata: { name, namespace: 'dpf', uid: `uid-of-${name}`, generation: 1, resourceVersion: '1' },
    spec: {
      nodeSelector: { matchLabels: { [NODE_LABELS.dpuEnabled]: 'true' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } },
      dpuTemplate: { spec: { dpuFlavor: 'hbn', BFB: { bfb }, cluster: { name: 'tenant', namespace: 'tenant-ns' } } },
      ...rest,
    },
  };
}

/** A host with so many DPUs: cards 0000-4b-00, 0000-4c-00, … */
export function aNode(name: string, dpus = 1, labels: Record<string, string> = {}): Node {
  const cards = Array.from({ length: dpus }, (_, i) => [NODE_LABELS.pciAddress(i), pciOf(i)]);
  return {
    metadata: {
      name,
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      labels: { [NODE_LABELS.dpuEnabled]: 'true', ...Object.fromEntries(cards), ...labels },
    },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
  };
}
export const pciOf = (index: number): string => `0000-${(0x4b + index).toString(16)}-00`;

/** The Dpu as dpu-controller reports it once it is Ready at its own generation. */
export function madeReady(dpu: Dpu): Dpu {
  const { grant } = dpu.spec;
  const inputs = {
    bfb: dpu.spec.bfb,
    bfbSha256: `sha-${dpu.spec.bfb}`,
    dpuFlavor: dpu.spec.dpuFlavor,
    flavorHash: `hash-${dpu.spec.dpuFlavor}`,
  };
  return {
    ...dpu,
    status: {
      phase: 'Ready',
      ...(dpu.metadata.generation === undefined ? {} : { observedGeneration: dpu.metadata.generation }),
      conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: NOW.toISOString() }],
      attempt: { number: 1, retries: 0, startedAt: NOW.toISOString(), inputs, ...(grant === undefined ? {} : { grant }) },
      provisioned: { bfbSha256: inputs.bfbSha256, flavorHash: inputs.flavorHash, at: NOW.toISOString() },
    },
  };
}

/** The same Dpu in another phase and not Ready; what is on its card stays known. */
export const inPhase = (dpu: Dpu, phase: NonNullable<Dpu['status']>['phase'], more: Partial<Dpu['status']> = {}): Dpu => ({
  ...dpu,
  status: {
    ...dpu.status,
    ...(phase === undefined ? {} : { phase }),
    conditions: [{ type: 'Ready', status: 'False', reason: phase ?? '', message: '', lastTransitionTime: NOW.toISOString() }],
    ...more,
  },
});

/** The same Dpu as dpu-controller leaves it where its first installation would reset a host in service. */
export const waitingForGrant = (dpu: Dpu): Dpu => ({
  ...dpu,
  status: {
    phase: 'Pending',
    conditions: [
      { type: 'PreflightPassed', status: 'False', reason: 'WaitingForGrant', message: '', lastTransitionTime: NOW.toISOString() },
    ],
  },
});
