/** Which hosts and cards there are. */
import type { Generation } from '@dpf/api';

export interface CardSpec {
  /** Domain, bus and device without function: `0000:4b:00`. */
  pci: string;
  generation: Generation;
  serial: string;
  psid: string;
  partNumber: string;
  productName: string;
  /** Network devices of the physical functions. */
  pfNames: [string, string];
  /** rshim before 2.8.2: a blocked write cannot be interrupted. */
  oldDriver?: boolean;
}
export interface HostSpec {
  name: string;
  cards: CardSpec[];
}

const SLOTS = ['0000:4b:00', '0000:b1:00', '0000:17:00', '0000:ca:00'];

/** A card with the values of a real one; `slot` counts the cards of the host, `unit` all cards. */
export function cardSpec(slot: number, unit: number, changes: Partial<CardSpec> = {}): CardSpec {
  const bf2 = changes.generation === 'BlueField-2';
  return {
    pci: SLOTS[slot] ?? `0000:${(0xd0 + slot).toString(16)}:00`,
    generation: 'BlueField-3',
    serial: `MT2321XZ${unit.toString(36).toUpperCase().padStart(4, '0')}`,
    psid: bf2 ? 'MT_0000000375' : 'MT_0000000884',
    partNumber: bf2 ? 'MBF2H516A-CEEOT' : '900-9D3B6-00CV-AA0',
    productName: bf2
      ? 'BlueField-2 DPU 100GbE Dual-Port QSFP56, integrated BMC'
      : 'BlueField-3 B3220 P-Series FHHL DPU, 200GbE/NDR200, dual-port, integrated BMC',
    pfNames: [`ens${slot + 1}f0np0`, `ens${slot + 1}f1np1`],
    ...changes,
  };
}

/** `count` hosts `worker-1`..: the first has two cards, the others one. */
export function defaultHosts(count: number): HostSpec[] {
  let unit = 0;
  return Array.from({ length: count }, (_, i) => ({
    name: `worker-${i + 1}`,
    cards: Array.from({ length: i === 0 ? 2 : 1 }, (_card, slot) => cardSpec(slot, ++unit)),
  }));
}

/** Reads a host specification: `[{"name":"worker-1","cards":[{"pci":"0000:4b:00", …}]}]`, absent fields by {@link cardSpec}. @throws Error saying what is wrong */
export function parseHosts(json: string): HostSpec[] {
  const hosts = JSON.parse(json) as { name: string; cards?: Partial<CardSpec>[] }[];
  if (!Array.isArray(hosts)) throw new Error('the host specification is no JSON list');
  let unit = 0;
  return hosts.map(({ name, cards = [{}] }) => {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name ?? '')) throw new Error(`${JSON.stringify(name)} is no name of a host`);
    return { name, cards: cards.map((card, slot) => cardSpec(slot, ++unit, card)) };
  });
}
