/** Dpus, hosts and facts for tests, each with what a story does not care about filled in. */
import {
  FINALIZERS,
  NODE_ANNOTATIONS,
  NODE_LABELS,
  operationId,
  type AgentRecord,
  type Dpu,
  type DpuOperation,
  type Node,
  type Phase,
} from '@dpf/api';
import { hostFacts } from '../host/records.ts';
import type { Observed } from '../lifecycle/observed.ts';

export const NOW = Date.parse('2026-03-01T12:00:00.000Z');
export const SECONDS = 1_000;
export const MINUTES = 60_000;
export const ago = (ms: number): string => new Date(NOW - ms).toISOString();
export const PCI = '0000-4b-00';
export const UID = 'uid-1';
export const SHA = 'a'.repeat(64);
export const HASH = 'f'.repeat(64);
export const INPUTS = { bfb: 'doca', bfbSha256: SHA, dpuFlavor: 'hbn', flavorHash: HASH, clusterUid: 'cluster-1' };

/** A Dpu of host worker-1 in namespace dpf that joins tenant/t. */
export class DpuBuilder {
  readonly object: Dpu = {
    apiVersion: 'provisioning.dpu.nvidia.com/v1alpha1',
    kind: 'Dpu',
    metadata: {
      name: 'worker-1-0000-4b-00',
      namespace: 'dpf',
      uid: UID,
      generation: 1,
      resourceVersion: '10',
      finalizers: [FINALIZERS.dpu],
      ownerReferences: [
        { apiVersion: 'provisioning.dpu.nvidia.com/v1alpha1', kind: 'DpuSet', name: 'set', uid: 'set-1', controller: true },
      ],
    },
    spec: {
      nodeName: 'worker-1',
      pciAddress: PCI,
      bfb: 'doca',
      dpuFlavor: 'hbn',
      nodeEffect: { taint: { key: 'dpu', value: 'provisioning', effect: 'NoSchedule' } },
      cluster: { name: 't', namespace: 'tenant', nodeLabels: { role: 'dpu' } },
      automaticNodeReboot: true,
    },
  };

  spec(change: Partial<Dpu['spec']>): this {
    Object.assign(this.object.spec, change);
    return this;
  }
  meta(change: Partial<Dpu['metadata']>): this {
    Object.assign(this.object.metadata, change);
    return this;
  }
  status(change: Partial<NonNullable<Dpu['status']>>): this {
    this.object.status = { ...this.object.status, ...change };
    return this;
  }
  /** In a phase since so many milliseconds, in attempt 1 with its inputs frozen. */
  inPhase(phase: Phase, sinceMs = 0): this {
    return this.status({
      phase,
      phaseSince: ago(sinceMs),
      attempt: { number: 1, retries: 0, startedAt: ago(sinceMs), generation: 1, ...(phase === 'Initializing' ? {} : { inputs: INPUTS }) },
    });
  }
  operation(kind: DpuOperation['kind'], state: DpuOperation['state'], more: Partial<DpuOperation> = {}): this {
    const attempt = this.object.status?.attempt?.number ?? 1;
    return this.status({
      operation: { id: operationId({ kind, uid: this.object.metadata.uid ?? '', attempt }), kind, state, openedAt: ago(0), ...more },
    });
  }
  deleted(): this {
    return this.meta({ deletionTimestamp: ago(0) });
  }
  annotated(annotations: Record<string, string>): this {
    return this.meta({ annotations: { ...this.object.metadata.annotations, ...annotations } });
  }
}
export const dpu = (): DpuBuilder => new DpuBuilder();

/** Host worker-1 whose discovery labels and agent (boot 1) show the card. */
export class NodeBuilder {
  readonly object: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'worker-1',
      uid: 'node-1',
      resourceVersion: '20',
      labels: { [NODE_LABELS.dpuEnabled]: 'true', [NODE_LABELS.pciAddress(0)]: PCI },
      annotations: {},
    },
    spec: { taints: [] },
  };

  record(name: string, record: object | string): this {
    this.object.metadata.annotations = {
      ...this.object.metadata.annotations,
      [name]: typeof record === 'string' ? record : JSON.stringify(record),
    };
    return this;
  }
  agent(change: Partial<AgentRecord> = {}): this {
    const record: AgentRecord = {
      instance: 'agent-1',
      boot: 1,
      bootId: 'boot-1',
      sequence: 1,
      agentVersion: '0.1.0',
      cards: [{ pci: PCI, index: 0, generation: 'BlueField-3', rshim: 'host', present: true }],
      journal: [],
      holds: [],
      at: ago(MINUTES),
      ...change,
    };
    return this.record(NODE_ANNOTATIONS.agent, record);
  }
  claimed(uid = UID, more: object = {}): this {
    return this.record(NODE_ANNOTATIONS.card(PCI), { uid, namespace: 'dpf', name: 'worker-1-0000-4b-00', ...more });
  }
  /** With the taint of the Dpu builder's node effect. */
  held(attempt = 1, uid = UID): this {
    const taint = { key: 'dpu', value: 'provisioning', effect: 'NoSchedule' as const };
    this.object.spec = { taints: [taint] };
    return this.record(NODE_ANNOTATIONS.holders, { [uid]: { attempt, namespace: 'dpf', name: 'worker-1-0000-4b-00', pci: PCI, taint } });
  }
  reset(boot = 1, requestedMsAgo = 0): this {
    return this.record(NODE_ANNOTATIONS.reset, { boot, uid: UID, attempt: 1, requestedAt: ago(requestedMsAgo) });
  }
}
export const node = (): NodeBuilder => new NodeBuilder();

/** Everything is there: what a test changes is what it is about. */
export function observed(of: DpuBuilder, change: Partial<Omit<Observed, 'host'>> & { host?: NodeBuilder | 'absent' } = {}): Observed {
  const { host = node().agent().claimed().held(), ...rest } = change;
  return {
    now: NOW,
    chance: 0.5,
    agentSilentMs: 2 * MINUTES,
    dpu: of.object,
    host: host === 'absent' ? 'absent' : hostFacts(host.object, (uid) => uid === of.object.metadata.uid),
    siblings: [],
    flavor: { hash: HASH, spec: {} },
    bfb: { phase: 'Ready', sha256: SHA, size: 1_000, version: '2.7.0' },
    bfcfg: { bytes: 1_000 },
    tenant: { state: 'Reachable', clusterUid: 'cluster-1' },
    caps: {},
    ...rest,
  };
}
