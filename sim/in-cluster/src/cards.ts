import { createHash } from 'node:crypto';
import { cardSpec, type CardSpec } from '@dpf/dpu-sim';

/** The cards of a node. Their serial numbers follow from its name: they are the same after every start, and nobody else's. */
export function cardsOf(node: string, count: number): CardSpec[] {
  const unit = createHash('sha256').update(node).digest('hex').slice(0, 6).toUpperCase();
  return Array.from({ length: count }, (_, slot) => cardSpec(slot, slot + 1, { serial: `MT23${unit}${slot}` }));
}
