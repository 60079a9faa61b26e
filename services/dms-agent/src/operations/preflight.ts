/** Preflight: everything that can be known before the host is disturbed. Touches nothing. */
import type { OperationSpec } from '@dpf/api';
import type { OperationContext } from './context.ts';
import type { OperationControl } from './control.ts';
import { OperationFailure } from './failure.ts';
import { usableCard } from './rshim-of.ts';

/** What an installer takes: 128 KiB since DOCA 2.8 (the vendor's own limit). */
export const CONFIG_LIMIT_BYTES = 128 * 1024;

export async function preflight(
  spec: OperationSpec & { kind: 'preflight' },
  context: OperationContext,
  control: OperationControl,
): Promise<string> {
  control.progress(10, 'looks at the card and its rshim');
  const { card, device } = await usableCard(context, spec.pci);
  control.check();
  if (spec.bfcfgBytes > CONFIG_LIMIT_BYTES)
    throw new OperationFailure(
      'ConfigTooLarge',
      'neverSucceeds',
      `bf.cfg has ${spec.bfcfgBytes} bytes, a card takes ${CONFIG_LIMIT_BYTES}`,
    );
  control.progress(40, `reads image ${spec.bfbPath}`);
  const path = await context.images.check(spec);
  await context.images.checkGeneration(path, card.generation);
  return `card ${spec.pci} (${card.generation}) answers on /dev/${device.name}, the image is right`;
}
