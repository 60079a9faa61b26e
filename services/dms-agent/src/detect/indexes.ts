/** Which index a card has: sticky by serial, also while the card is away, so that `dpu-1` never becomes another card. Pure. */
import type { CardRecord } from '../journal/records.ts';
import type { FoundCard } from './pci.ts';

/** The records after a look at the bus: known cards keep their index, a card in the slot of one that is gone takes its index over, others get the next free one. */
export function assignIndexes(known: readonly CardRecord[], found: readonly FoundCard[]): CardRecord[] {
  const recordOf = new Map<FoundCard, CardRecord>();
  const taken = new Set<CardRecord>();
  const match = (same: (record: CardRecord, card: FoundCard) => boolean) => {
    for (const card of found) {
      const record = recordOf.has(card) ? undefined : known.find((r) => !taken.has(r) && same(r, card));
      if (!record) continue;
      recordOf.set(card, record);
      taken.add(record);
    }
  };
  match((record, card) => card.serial !== undefined && record.serial === card.serial);
  // Its serial cannot be read just now, or could not before: the slot decides. A readable other serial is a replacement: it takes the place.
  match((record, card) => record.pci === card.pci);
  const away = known.filter((record) => !taken.has(record) && !found.some((card) => card.pci === record.pci));
  const used = new Set([...taken, ...away].map((record) => record.index));
  const nextFree = () => {
    for (let index = 0; ; index++) if (!used.has(index)) return used.add(index) && index;
  };
  const present = found.map((card): CardRecord => {
    const before = recordOf.get(card);
    if (!before) return { index: nextFree(), ...card };
    const replaced = card.serial !== undefined && before.serial !== undefined && card.serial !== before.serial;
    return replaced ? { index: before.index, ...card } : { ...before, ...card };
  });
  return [...present, ...away].sort((a, b) => a.index - b.index);
}
