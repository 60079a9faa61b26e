/** Every command of a host or card, by name. */
import { FIRMWARE } from '../card/installer.ts';
import type { Card } from '../card/card.ts';
import type { Host } from '../host/host.ts';
import { DEVICE_IDS } from '../host/pci.ts';
import { ip } from './ip.ts';
import { mlxconfig } from './mlxconfig.ts';
import { mlxfwreset } from './mlxfwreset.ts';
import { failed, mlxFailed, printed, type ToolResult } from './result.ts';

/** A command run on the host. */
export function runHostTool(host: Host, tool: string, argv: readonly string[]): ToolResult {
  if (!host.up) return failed(`${tool}: the host is down`);
  switch (tool) {
    case 'mlxconfig':
    case 'mstconfig':
      return mlxconfig(argv, (device) => {
        const card = host.card(device);
        return card && { card, pf: device.endsWith('.1') ? 1 : 0 };
      });
    case 'mlxfwreset':
    case 'mstfwreset':
      return mlxfwreset(argv, host);
    case 'flint':
    case 'mstflint':
      return flint(host, argv);
    case 'ipmitool':
      return ipmitool(host, argv);
    case 'ip':
      return ip(argv, host);
    case 'lspci':
      return printed(lspci(host));
    case 'devlink':
      return devlink(host, argv);
    case 'reboot':
      host.resetSoon('warm');
      return printed('');
    case 'systemctl':
      return printed(argv[0] === 'is-active' ? 'active\n' : '');
    default:
      return failed(`${tool}: command not found`, 127);
  }
}

/** A command run on the card. */
export async function runCardTool(card: Card, tool: string, argv: readonly string[]): Promise<ToolResult> {
  switch (tool) {
    case 'bfrshlog':
      card.bfrshlog(argv.join(' '));
      return printed('');
    case 'mlxconfig':
    case 'mstconfig':
      // On the card its functions are /dev/mst/mt41692_pciconf0 and …0.1, or 03:00.0 and 03:00.1.
      return mlxconfig(argv, (device) => ({ card, pf: /\.1$/.test(device) ? 1 : 0 }));
    case 'kubeadm':
      return argv[0] === 'reset' ? printed('') : card.kubelet.join(argv);
    default:
      return failed(`${tool}: command not found`, 127);
  }
}

function ipmitool(host: Host, argv: readonly string[]): ToolResult {
  const [chassis, power, command] = argv.filter((word) => !word.startsWith('-'));
  if (chassis !== 'chassis' || power !== 'power') return failed('Invalid command');
  if (command === 'status') return printed('Chassis Power is on\n');
  if (host.fire('ipmitool.fail'))
    return failed('Could not open device at /dev/ipmi0 or /dev/ipmi/0 or /dev/ipmidev/0: No such file or directory');
  if (command !== 'cycle' && command !== 'reset') return failed(`Invalid chassis power command: ${command ?? ''}`);
  host.resetSoon(command);
  return printed(`Chassis Power Control: ${command === 'cycle' ? 'Cycle' : 'Reset'}\n`);
}

function flint(host: Host, argv: readonly string[]): ToolResult {
  const device = argv[argv.indexOf('-d') + 1] ?? '';
  const card = host.card(device);
  if (!card) return mlxFailed(`Cannot open Device: ${device}. No such file or directory`);
  const line = (key: string, value: string) => `${key.padEnd(23)}${value}\n`;
  return printed(
    [
      line('Image type:', 'FS4'),
      line('FW Version:', FIRMWARE),
      line('FW Release Date:', '5.11.2024'),
      line('Product Version:', FIRMWARE),
      ...(argv.includes('full') ? [line('Part Number:', card.spec.partNumber)] : []),
      line('PSID:', card.spec.psid),
      line('Security Attributes:', 'secure-fw'),
    ].join(''),
  );
}

function lspci(host: Host): string {
  return host.cards
    .filter((card) => card.present)
    .flatMap((card) => {
      const ids = DEVICE_IDS[card.spec.generation];
      const name = `Mellanox Technologies ${card.spec.generation} integrated network controller`;
      return [
        ...[0, 1].map((pf) => `${card.pci}.${pf} Ethernet controller [0200]: ${name} [15b3:${ids.net}] (rev 01)`),
        `${card.pci}.2 DMA controller [0801]: Mellanox Technologies ${card.spec.generation} SoC Management Interface [15b3:${ids.rshim}] (rev 01)`,
      ];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function devlink(host: Host, argv: readonly string[]): ToolResult {
  const bdf = argv.find((word) => word.startsWith('pci/'))?.slice(4);
  if (bdf !== undefined && !host.card(bdf)) return failed('devlink answers: No such device');
  return printed('');
}
