/** HostNetworkConfiguration: VFs, bridge and MTU, observed on the host by the agent. */
import { idOf, operationOf, pciOf } from '../facts.ts';
import { failed } from './endings.ts';
import { labelling } from './tenant-node.ts';
import type { Observed } from '../observed.ts';
import type { Outcome, Stay } from '../outcome.ts';

export function hostNetwork(o: Observed): Outcome {
  const operation = operationOf(o, 'hostNetwork');
  if (operation?.state === 'Succeeded')
    return { kind: 'advance', to: 'DPUClusterConfig', reason: 'HostNetworkConfigured', message: `on host ${o.dpu.spec.nodeName}` };
  if (operation?.state === 'Failed') return failed(o, 'HostNetworkFailed');
  if (o.flavor === 'absent')
    return { kind: 'stay', reason: 'FlavorNotFound', message: `DPUFlavor ${o.dpu.metadata.namespace}/${o.dpu.spec.dpuFlavor} to exist` };
  const wait: Stay = {
    kind: 'stay',
    reason: 'ConfiguringHostNetwork',
    message: `the agent of host ${o.dpu.spec.nodeName} to configure the host network of card ${pciOf(o)}`,
    // Its new software may have joined already.
    effects: [{ do: 'submit', id: idOf(o, 'hostNetwork') }, ...labelling(o)],
  };
  return operation ? wait : { ...wait, operation: { open: 'hostNetwork' } };
}
