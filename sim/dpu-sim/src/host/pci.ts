import type { Generation } from '@dpf/api';
import type { CardSpec } from '../spec.ts';

/** PCI device ids by generation: network function and SoC management interface (rshim). Virtual functions: 101e. */
export const DEVICE_IDS: Record<Generation, { net: string; rshim: string }> = {
  'BlueField-1': { net: 'a2d2', rshim: 'c2d2' },
  'BlueField-2': { net: 'a2d6', rshim: 'c2d3' },
  'BlueField-3': { net: 'a2dc', rshim: 'c2d5' },
  Unknown: { net: 'a2dc', rshim: 'c2d5' },
};

/** Address of virtual function `vf` of physical function `pf`: they follow function 2, those of PF1 half a bus later. */
export function vfAddress(pci: string, pf: number, vf: number): string {
  const devfn = 3 + pf * 126 + vf;
  return `${pci.slice(0, -2)}${(devfn >> 3).toString(16).padStart(2, '0')}.${devfn & 7}`;
}

/** Name that udev gives the network device of a VF: `ens1f0np0` → `ens1f0v3`. */
export const vfName = (pfName: string, vf: number): string => `${pfName.replace(/np\d+$/, '')}v${vf}`;

/** Vital product data as the card's `vpd` file holds it: product name, then keyed fields. */
export function vpd(spec: CardSpec): Buffer {
  const name = Buffer.from(spec.productName);
  const field = (key: string, value: string) => Buffer.concat([Buffer.from(key), Buffer.from([value.length]), Buffer.from(value)]);
  const fields = [
    field('PN', spec.partNumber),
    field('EC', 'A1'),
    field('V2', spec.partNumber),
    field('SN', spec.serial),
    field('V0', 'PCIeGen5 x16'),
  ];
  const before = Buffer.concat(fields);
  const large = (tag: number, length: number) => Buffer.from([tag, length & 0xff, length >> 8]);
  const head = Buffer.concat([large(0x82, name.length), name, large(0x90, before.length + 4), before, Buffer.from('RV'), Buffer.from([1])]);
  const sum = head.reduce((total, byte) => (total + byte) & 0xff, 0);
  return Buffer.concat([head, Buffer.from([(256 - sum) & 0xff, 0x78])]);
}
