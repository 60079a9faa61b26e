/** /sys/bus/pci/devices of a host: physical functions, the rshim function and virtual functions of its cards. */
import type { Card } from '../card/card.ts';
import { Errno } from '../errno.ts';
import { attribute, dir, link, text, type Dir, type TreeNode } from '../tree.ts';
import type { Host } from './host.ts';
import { DEVICE_IDS, vfAddress, vpd } from './pci.ts';

export const pciDevices = (host: Host): Dir =>
  dir(() => Object.fromEntries(host.cards.filter((card) => card.present).flatMap((card) => functionsOf(host, card))));

function functionsOf(host: Host, card: Card): [string, TreeNode][] {
  const ids = DEVICE_IDS[card.spec.generation];
  const functions: [string, TreeNode][] = [[`${card.pci}.2`, dir(() => identity(card, `${card.pci}.2`, ids.rshim, '0x080100'))]];
  for (const pf of [0, 1]) {
    functions.push([`${card.pci}.${pf}`, physical(host, card, pf)]);
    for (let vf = 0; vf < host.numVfs(card, pf); vf++) functions.push([vfAddress(card.pci, pf, vf), virtual(host, card, pf, vf)]);
  }
  return functions;
}

const identity = (card: Card, bdf: string, device: string, klass: string): Record<string, TreeNode> => ({
  vendor: text(() => '0x15b3\n'),
  device: text(() => `0x${device}\n`),
  class: text(() => `${klass}\n`),
  revision: text(() => '0x01\n'),
  subsystem_vendor: text(() => '0x15b3\n'),
  subsystem_device: text(() => '0x0009\n'),
  numa_node: text(() => '0\n'),
  uevent: text(() => `DRIVER=mlx5_core\nPCI_CLASS=${klass.slice(2)}\nPCI_ID=15B3:${device.toUpperCase()}\nPCI_SLOT_NAME=${bdf}\n`),
  vpd: text(() => {
    if (card.fire('vpd.unreadable')) throw new Errno('EIO', 'the vital product data cannot be read');
    return vpd(card.spec);
  }),
});

function physical(host: Host, card: Card, pf: number): Dir {
  const bdf = `${card.pci}.${pf}`;
  return dir(() => {
    const total = host.totalVfs(card, pf);
    const sriov: Record<string, TreeNode> = {
      sriov_totalvfs: text(() => `${total}\n`),
      sriov_numvfs: attribute(
        () => `${host.numVfs(card, pf)}\n`,
        (value) => host.setNumVfs(card, pf, value),
      ),
      sriov_offset: text(() => `${3 + pf * 125}\n`),
      sriov_stride: text(() => '1\n'),
      sriov_vf_device: text(() => '101e\n'),
      sriov_drivers_autoprobe: text(() => '1\n'),
    };
    const virtfns = Array.from({ length: host.numVfs(card, pf) }, (_, vf) => [`virtfn${vf}`, link(`../${vfAddress(card.pci, pf, vf)}`)]);
    return {
      ...identity(card, bdf, DEVICE_IDS[card.spec.generation].net, '0x020000'),
      driver: link('../../drivers/mlx5_core'),
      ...(pf === 0 && card.holds('pf.netdevMissing') ? {} : { net: netOf(host, bdf) }),
      ...(total !== undefined && sriov),
      ...Object.fromEntries(virtfns),
    };
  });
}

function virtual(host: Host, card: Card, pf: number, vf: number): Dir {
  const bdf = vfAddress(card.pci, pf, vf);
  return dir(() => ({
    ...identity(card, bdf, '101e', '0x020000'),
    driver: link('../../drivers/mlx5_core'),
    physfn: link(`../${card.pci}.${pf}`),
    ...(host.netdevs.of(bdf) && { net: netOf(host, bdf) }),
  }));
}

/** `net/<name>` leads to the network device. */
const netOf = (host: Host, bdf: string): Dir =>
  dir(() => {
    const device = host.netdevs.of(bdf);
    return device ? { [device.name]: link(`../../../../../class/net/${device.name}`) } : {};
  });
