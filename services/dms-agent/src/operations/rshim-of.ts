/** The rshim device of a card, ready to be used by the host. */
import type { Card, Pci } from '@dpf/api';
import { busAddress } from '../detect/pci.ts';
import type { RshimDevice } from '../rshim/rshim.ts';
import type { OperationContext } from './context.ts';
import { AgentStopping, OperationFailure } from './failure.ts';

/** @throws OperationFailure CardNotFound, RshimMissing, RshimOwnedByBmc, RshimLocked */
export async function usableCard(context: OperationContext, pci: Pci): Promise<{ card: Card; device: RshimDevice }> {
  await context.cards.refresh();
  const card = context.cards.get(pci);
  if (!card?.present) throw new OperationFailure('CardNotFound', 'needsHuman', `there is no card at ${pci} on the PCI bus of this host`);
  const device = await deviceOf(context, pci);
  if (!device) throw new OperationFailure('RshimMissing', 'transient', `there is no /dev/rshim device for card ${pci}`);
  if (device.dropMode)
    throw new OperationFailure('RshimOwnedByBmc', 'needsHuman', `/dev/${device.name} of card ${pci} is in drop mode: its BMC owns it`);
  const { fields } = await context.rshim.read(device.name);
  if (fields['SECURE_NIC_MODE']?.startsWith('1'))
    throw new OperationFailure('RshimLocked', 'needsHuman', `/dev/${device.name} of card ${pci} is in secure NIC mode`);
  return { card, device };
}

/** After a boot of the host its rshim driver starts together with the agent: a device that is missing then may yet come. */
async function deviceOf(context: OperationContext, pci: Pci): Promise<RshimDevice | undefined> {
  for (;;) {
    const device = await context.rshim.find(busAddress(pci));
    if (device || context.clock.now() >= context.startedAt + context.timing.rshimStartMs) return device;
    await context.clock.sleep(POLL_MS, context.stopping);
    if (context.stopping.aborted) throw new AgentStopping('the agent is being stopped');
  }
}

const POLL_MS = 250;
