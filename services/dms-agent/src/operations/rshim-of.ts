/** The rshim device of a card, ready to be used by the host. */
import type { Card, Pci } from '@dpf/api';
import { busAddress } from '../detect/pci.ts';
import type { RshimDevice } from '../rshim/rshim.ts';
import type { OperationContext } from './context.ts';
import { OperationFailure } from './failure.ts';

/** @throws OperationFailure CardNotFound, RshimMissing, RshimOwnedByBmc, RshimLocked */
export async function usableCard(context: OperationContext, pci: Pci): Promise<{ card: Card; device: RshimDevice }> {
  await context.cards.refresh();
  const card = context.cards.get(pci);
  if (!card?.present) throw new OperationFailure('CardNotFound', 'needsHuman', `there is no card at ${pci} on the PCI bus of this host`);
  const device = await context.rshim.find(busAddress(pci));
  if (!device) throw new OperationFailure('RshimMissing', 'needsHuman', `there is no /dev/rshim device for card ${pci}`);
  if (device.dropMode)
    throw new OperationFailure('RshimOwnedByBmc', 'needsHuman', `/dev/${device.name} of card ${pci} is in drop mode: its BMC owns it`);
  const { fields } = await context.rshim.read(device.name);
  if (fields['SECURE_NIC_MODE']?.startsWith('1'))
    throw new OperationFailure('RshimLocked', 'needsHuman', `/dev/${device.name} of card ${pci} is in secure NIC mode`);
  return { card, device };
}
