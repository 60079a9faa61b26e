/** Stops what an install left going on in a card. */
import type { Pci } from '@dpf/api';
import { busAddress } from '../detect/pci.ts';
import { hasEnded, type LogStory } from '../rshim/story.ts';
import type { OperationContext } from './context.ts';

/**
 * An install that is given up goes on in the card by itself: it is reset, and boots what its disk holds. After that nothing writes to it any more, so that
 * a reset of the host for another card does it no harm. A card that has ended the installation itself is left alone. Needs the lock of the card.
 */
export async function stopCard(context: OperationContext, pci: Pci, story: LogStory | undefined): Promise<void> {
  if (story && hasEnded(story)) return;
  try {
    const device = await context.rshim.find(busAddress(pci));
    if (device && !device.dropMode) await context.rshim.command(device.name, 'SW_RESET', 1);
  } catch (error) {
    context.warn('a card whose install was given up cannot be stopped', { pci, err: error });
  }
}
