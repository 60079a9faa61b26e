/** The parameters of a granted operation, as the agent gets them. */
import {
  DPU_ANNOTATIONS,
  installMarker,
  operationId,
  type Dpu,
  type DPUFlavorSpec,
  type Node,
  type OperationRef,
  type OperationSpec,
} from '@dpf/api';
import { bfcfgFor, previewBfcfg, readValues } from './flavor-inputs.ts';
import { hostFacts } from './host/records.ts';
import { userOf } from './act.ts';
import { INSTALL_DEADLINES } from './lifecycle/deadlines.ts';
import { inputsNow, sameInputs } from './lifecycle/facts.ts';
import type { Observed } from './lifecycle/observed.ts';
import type { World } from './world.ts';

type DpuRef = Exclude<OperationRef, { kind: 'reset' }>;

/**
 * For an operation that is granted. bf.cfg with its token is made for an install only, here and nowhere else; it is secret.
 * @throws Error when a fact that the operation needs is gone: nothing is granted then
 */
export async function specOf(world: World, ref: DpuRef, observed: Observed, signal?: AbortSignal): Promise<OperationSpec> {
  const { dpu } = observed;
  const id = operationId(ref);
  const pci = dpu.spec.pciAddress;
  const { uid } = ref;
  switch (ref.kind) {
    case 'cleanup':
      return { kind: 'cleanup', id, pci, uid };
    case 'hostNetwork':
      return { kind: 'hostNetwork', id, pci, uid, ...hostNetworkOf(flavorOf(observed)) };
    case 'preflight': {
      const flavor = flavorOf(observed);
      const values = await readValues(world, dpu.metadata.namespace ?? '', flavor, signal);
      const preview = previewBfcfg(dpu, flavor, values, observed.now);
      if ('reason' in preview) throw new Error(preview.message);
      return { kind: 'preflight', id, pci, ...imageOf(observed), bfcfgBytes: preview.bytes };
    }
    case 'install': {
      const { attempt } = ref;
      const install = {
        kind: 'install',
        id,
        pci,
        uid,
        attempt,
        marker: installMarker(uid, attempt),
        deadlines: INSTALL_DEADLINES,
      } as const;
      const frozen = dpu.status?.attempt?.inputs;
      const inputs = inputsNow(observed);
      if (!inputs || !frozen || !sameInputs(inputs, frozen))
        // Claimed before, and what it was made of is gone: an agent that has pushed it goes on, one that has not has nothing to push.
        return { ...install, cancel: 'unlessEffective', bfbPath: '', bfbSha256: frozen?.bfbSha256 ?? '', bfbSize: 0, bfcfg: '' };
      const flavor = flavorOf(observed);
      const values = await readValues(world, dpu.metadata.namespace ?? '', flavor, signal);
      const join = dpu.spec.cluster && (await world.tenants.ensureJoin(dpu.spec.cluster, userOf(dpu), attempt, { signal }));
      return { ...install, ...imageOf(observed), bfcfg: bfcfgFor(dpu, attempt, flavor, values, join) };
    }
  }
}

function flavorOf({ flavor, dpu }: Observed): DPUFlavorSpec {
  if (typeof flavor !== 'string') return flavor.spec;
  throw new Error(`DPUFlavor ${dpu.metadata.namespace}/${dpu.spec.dpuFlavor} does not exist`);
}

/** The frozen image, once the Bfb shows that it is still the one. */
function imageOf({ bfb, dpu }: Observed): { bfbPath: string; bfbSha256: string; bfbSize: number } {
  const frozen = dpu.status?.attempt?.inputs?.bfbSha256;
  if (typeof bfb === 'string' || bfb.sha256 === undefined || bfb.sha256 !== frozen || bfb.size === undefined)
    throw new Error(`Bfb ${dpu.metadata.namespace}/${dpu.spec.bfb} does not hold the image that this attempt was begun with`);
  return { bfbPath: `${bfb.sha256}.bfb`, bfbSha256: bfb.sha256, bfbSize: bfb.size };
}

/** NUM_OF_VFS of nvconfig serves where hostNetwork says nothing; PF0VF0 is ovn-kubernetes', PF0VF1 the host-DPU channel. */
export function hostNetworkOf({ hostNetwork, nvconfig }: DPUFlavorSpec): { numberOfVfs: number; mtu: number; channelVf: number } {
  const parameter = nvconfig?.flatMap(({ parameters }) => parameters ?? []).find((text) => text.startsWith('NUM_OF_VFS='));
  const configured = Number(parameter?.slice('NUM_OF_VFS='.length));
  return {
    numberOfVfs: hostNetwork?.numberOfVfs ?? (Number.isInteger(configured) && configured > 0 ? configured : DEFAULT_VFS),
    mtu: hostNetwork?.mtu ?? 1_500,
    channelVf: hostNetwork?.channelVf ?? 1,
  };
}
const DEFAULT_VFS = 16;

/** The template or a user says that this card takes its new firmware only after a power cycle. */
export const needsPowerCycle = ({ metadata }: Dpu): boolean => metadata.annotations?.[DPU_ANNOTATIONS.hostPowerCycleRequired] === 'true';

/** One reset for all DPUs of the host that wait for one. A DPU that needs a power cycle makes it one. */
export function resetSpec(node: Node, boot: number, pcis: readonly string[], powerCycle: boolean): OperationSpec {
  const { powercycleCommand, rebootCommand, name } = hostFacts(node, () => true);
  const command = powerCycle ? (powercycleCommand ?? 'cycle') : (rebootCommand ?? 'reset');
  return {
    kind: 'reset',
    id: operationId({ kind: 'reset', node: name, boot }),
    boot,
    method: powerCycle ? 'powerCycle' : 'systemLevelReset',
    command: command === 'skip' ? 'reset' : command,
    pcis: [...pcis].sort(),
  };
}
