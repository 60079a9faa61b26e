/** BlueField cards on the PCI bus of a host (hardware facts of the PCI ids: vendor 15b3). */
import type { Generation, Pci } from '@dpf/api';
import { namesIn, readLine, type HostPort } from '../host/port.ts';
import { parseVpd } from './vpd.ts';

/** A card as it is on the bus now. */
export interface FoundCard {
  pci: Pci;
  generation: Generation;
  serial?: string;
  partNumber?: string;
  pf0Name?: string;
}

/** Network functions, and the card in flash recovery (livefish: the NIC is broken, rshim still works). */
const GENERATIONS: Record<string, Generation> = {
  '0xa2d2': 'BlueField-1',
  '0xa2d6': 'BlueField-2',
  '0xa2dc': 'BlueField-3',
  '0xa2df': 'Unknown',
  '0x0211': 'BlueField-1',
  '0x0214': 'BlueField-2',
  '0x021c': 'BlueField-3',
};
const VENDOR = '0x15b3';
export const PCI_DEVICES = '/sys/bus/pci/devices';

/** `0000-4b-00` as in the API → `0000:4b:00` as on the bus, and back. */
export const busAddress = (pci: Pci): string => pci.replaceAll('-', ':');
export const apiAddress = (bus: string): Pci => bus.replaceAll(':', '-');

/** Every card, by address. A device that cannot be read is left out and hides no other. */
export async function findCards(host: HostPort): Promise<FoundCard[]> {
  const cards = new Map<string, FoundCard>();
  for (const name of await namesIn(host, PCI_DEVICES)) {
    const match = /^([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2})\.[0-7]$/.exec(name);
    if (!match || cards.has(match[1] as string)) continue;
    const folder = `${PCI_DEVICES}/${name}`;
    if ((await readLine(host, `${folder}/vendor`)) !== VENDOR) continue;
    const generation = GENERATIONS[(await readLine(host, `${folder}/device`)) ?? ''];
    if (!generation || (await host.stat(`${folder}/physfn`).catch(() => undefined))) continue;
    const base = match[1] as string;
    cards.set(base, { pci: apiAddress(base), generation, ...(await vpdOf(host, folder)), ...(await pf0Of(host, base)) });
  }
  return [...cards.values()];
}

/** The network interface of a function; undefined while the driver has none. */
export async function netdevOf(host: HostPort, bdf: string): Promise<string | undefined> {
  return (await namesIn(host, `${PCI_DEVICES}/${bdf}/net`))[0];
}

async function pf0Of(host: HostPort, base: string): Promise<Pick<FoundCard, 'pf0Name'>> {
  const pf0Name = await netdevOf(host, `${base}.0`);
  return pf0Name ? { pf0Name } : {};
}

/** VPD is slow, readable for root only, and fails with EIO while the card is in reset: then it is simply not known. */
async function vpdOf(host: HostPort, folder: string): Promise<Pick<FoundCard, 'serial' | 'partNumber'>> {
  try {
    const vpd = parseVpd(await host.read(`${folder}/vpd`));
    return { ...(vpd['SN'] && { serial: vpd['SN'] }), ...(vpd['PN'] && { partNumber: vpd['PN'] }) };
  } catch {
    return {};
  }
}
