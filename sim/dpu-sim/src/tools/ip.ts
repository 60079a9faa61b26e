/** `ip link` of a host: as much as a host agent needs to configure a bridge and its ports. */
import type { Host } from '../host/host.ts';
import type { NetDevice } from '../host/netdevs.ts';
import { failed, printed, type ToolResult } from './result.ts';

export function ip(argv: readonly string[], host: Host): ToolResult {
  const words = argv.filter((word) => !word.startsWith('-'));
  const json = argv.some((word) => /^-(j|json|j.*)$/.test(word));
  const [object, verb = 'show', ...rest] = words;
  if (object !== 'link' && object !== 'l') return failed(`Object "${object ?? ''}" is unknown, try "ip help".`);
  if (verb === 'add') return add(host, rest);
  if (verb === 'del' || verb === 'delete') return del(host, rest);
  if (verb === 'set') return set(host, rest);
  if (verb === 'show' || verb === 'list' || verb === 'ls') return show(host, rest, json);
  return failed(`Command "${verb}" is unknown, try "ip link help".`);
}

const noDevice = (name: string | undefined) => failed(`Cannot find device "${name ?? ''}"`);
const after = (words: readonly string[], word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
const nameOf = (words: readonly string[]) => after(words, 'dev') ?? after(words, 'name') ?? words[0];

function add(host: Host, words: readonly string[]): ToolResult {
  const name = nameOf(words) ?? '';
  if (after(words, 'type') !== 'bridge') return failed('RTNETLINK answers: Operation not supported', 2);
  if (host.fire('bridge.absent')) return failed('RTNETLINK answers: Operation not permitted', 2);
  if (host.netdevs.get(name)) return failed('RTNETLINK answers: File exists', 2);
  host.netdevs.add(name, 'bridge');
  host.world.journal.write({ event: 'bridge', host: host.name, change: `add ${name}` });
  host.save();
  return printed('');
}

function del(host: Host, words: readonly string[]): ToolResult {
  const name = nameOf(words);
  const device = host.netdevs.get(name ?? '');
  if (!device) return noDevice(name);
  if (device.kind !== 'bridge') return failed('RTNETLINK answers: Operation not supported', 2);
  host.netdevs.remove(device.name);
  host.world.journal.write({ event: 'bridge', host: host.name, change: `del ${device.name}` });
  host.save();
  return printed('');
}

function set(host: Host, words: readonly string[]): ToolResult {
  const name = nameOf(words);
  const device = host.netdevs.get(name ?? '');
  if (!device) return noDevice(name);
  const master = after(words, 'master');
  if (master !== undefined && host.netdevs.get(master)?.kind !== 'bridge') return failed(`Device "${master}" does not exist.`);
  const mtu = after(words, 'mtu');
  if (mtu !== undefined && !(Number(mtu) >= 68 && Number(mtu) <= 9978)) return failed('Error: mtu greater than device maximum.', 2);
  if (master !== undefined && device.master !== master) {
    device.master = master;
    host.world.journal.write({ event: 'bridge', host: host.name, change: `${device.name} master ${master}` });
  }
  if (words.includes('nomaster')) delete device.master;
  if (mtu !== undefined) device.mtu = Number(mtu);
  if (words.includes('up')) device.up = true;
  if (words.includes('down')) device.up = false;
  host.save();
  return printed('');
}

function show(host: Host, words: readonly string[], json: boolean): ToolResult {
  const options = ['dev', 'master', 'type', 'up'];
  const name = after(words, 'dev') ?? words.find((word, i) => !options.includes(word) && !options.includes(words[i - 1] ?? ''));
  const [master, type] = [after(words, 'master'), after(words, 'type')];
  if (name !== undefined && !host.netdevs.get(name)) return failed(`Device "${name}" does not exist.`);
  const chosen = host.netdevs
    .list()
    .filter(
      (device) =>
        (name ?? device.name) === device.name && (master ?? device.master) === device.master && (type ?? device.kind) === device.kind,
    );
  if (json) return printed(`${JSON.stringify(chosen.map((device, i) => jsonOf(device, i)))}\n`);
  return printed(chosen.map((device, i) => textOf(device, i)).join(''));
}

const flags = (device: NetDevice) => ['BROADCAST', 'MULTICAST', ...(device.up ? ['UP', 'LOWER_UP'] : [])];

const jsonOf = (device: NetDevice, index: number) => ({
  ifindex: index + 2,
  ifname: device.name,
  flags: flags(device),
  mtu: device.mtu,
  qdisc: device.kind === 'bridge' ? 'noqueue' : 'mq',
  ...(device.master && { master: device.master }),
  operstate: device.up ? 'UP' : 'DOWN',
  linkmode: 'DEFAULT',
  group: 'default',
  txqlen: 1000,
  link_type: 'ether',
  address: device.mac,
  broadcast: 'ff:ff:ff:ff:ff:ff',
  ...(device.kind === 'bridge' && { linkinfo: { info_kind: 'bridge' } }),
});

const textOf = (device: NetDevice, index: number) =>
  `${index + 2}: ${device.name}: <${flags(device).join(',')}> mtu ${device.mtu} qdisc mq ${device.master ? `master ${device.master} ` : ''}state ${device.up ? 'UP' : 'DOWN'} mode DEFAULT group default qlen 1000\n    link/ether ${device.mac} brd ff:ff:ff:ff:ff:ff\n`;
