/** /sys/class/net of a host. */
import { attribute, dir, link, text, type Dir, type TreeNode } from '../tree.ts';
import type { Host } from './host.ts';
import type { NetDevice } from './netdevs.ts';

export const netClass = (host: Host): Dir =>
  dir(() =>
    Object.fromEntries(
      host.netdevs
        .list()
        .filter(visible(host))
        .map((device) => [device.name, netDevice(host, device)]),
    ),
  );

/** The fault pf.netdevMissing hides the network device of PF0. */
const visible = (host: Host) => (device: NetDevice) =>
  !(device.bdf?.endsWith('.0') && device.kind === 'physical' && host.card(device.bdf)?.holds('pf.netdevMissing'));

function netDevice(host: Host, device: NetDevice): Dir {
  const carrier = () => device.up && (device.kind === 'bridge' ? host.netdevs.ports(device.name).length > 0 : true);
  return dir(() => ({
    address: text(() => `${device.mac}\n`),
    mtu: attribute(
      () => `${device.mtu}\n`,
      (value) => {
        device.mtu = Number(value);
        host.save();
      },
    ),
    operstate: text(() => (carrier() ? 'up\n' : 'down\n')),
    carrier: text(() => (carrier() ? '1\n' : '0\n')),
    ...(device.bdf && { device: link(`../../../bus/pci/devices/${device.bdf}`) }),
    ...(device.master && { master: link(`../${device.master}`), brport: dir(() => ({ bridge: link(`../../${device.master}`) })) }),
    ...(device.kind === 'bridge' && bridge(host, device)),
  }));
}

const bridge = (host: Host, device: NetDevice): Record<string, TreeNode> => ({
  bridge: dir(() => ({ stp_state: text(() => '0\n') })),
  brif: dir(() => Object.fromEntries(host.netdevs.ports(device.name).map((port) => [port.name, link(`../../${port.name}`)]))),
});
