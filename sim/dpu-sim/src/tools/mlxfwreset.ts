/** mlxfwreset and mstfwreset. */
import type { Host } from '../host/host.ts';
import { PROFILE } from '../profile.ts';
import { mlxFailed, printed, type ToolResult } from './result.ts';

const QUERY = `Reset-levels:
0: Driver, PCI link, network link will remain up ("live-Patch")              -Not Supported
1: Only ARM side will not remain up ("Immediate reset").                     -Supported
3: Driver restart and PCI reset                                              -Supported     (default)
4: Warm Reboot                                                               -Supported

Reset-types (relevant only for reset-levels 1,3,4):
0: Full chip reset                                                           -Supported     (default)
1: Phy-less reset (keep network port active during reset)                    -Not Supported
2: NIC only reset (for SoC devices)                                          -Not Supported
3: ARM only reset                                                            -Supported
4: ARM OS shut down                                                          -Supported

Reset-sync (relevant only for reset-level 3):
0: Tool is the owner                                                         -Supported     (default)
1: Driver is the owner                                                       -Supported
`;

export function mlxfwreset(argv: readonly string[], host: Host): ToolResult {
  const option = (...names: string[]) => {
    const at = argv.findIndex((word) => names.includes(word));
    return at < 0 ? undefined : argv[at + 1];
  };
  const device = option('-d', '--device') ?? '';
  const card = host.card(device);
  if (!card) return mlxFailed(`Failed to open device: ${device}. No such device`);
  if (argv.some((word) => word === 'q' || word === 'query')) return printed(QUERY);
  if (card.fire('mlxfwreset.fail')) return mlxFailed('Failed to send reset command: the device is busy');
  const level = Number(option('-l', '--level') ?? 3);
  const head = `The reset level for device, ${device} is:\n\n${level}: ${LEVELS[level] ?? ''}\nContinue with reset?[y/N] y\n-I- Sending Reset Command To Fw             -Done\n`;
  if (level === 1) {
    if (Number(option('-t', '--type') ?? 0) === 4) {
      // From the host the tool complains although the shutdown was asked for: upstream ignores it.
      card.arm.shutDown(PROFILE.armOff);
      return mlxFailed('Failed to send Register MRSI', head);
    }
    card.arm.reset('mlxfwreset');
    return printed(`${head}Embedded CPU reset/shutdown operation completed\n`);
  }
  if (level === 3) {
    card.reloadNvconfig();
    host.reloadDriver(card);
    card.arm.reset('mlxfwreset');
    const steps = ['Stopping Driver', 'Resetting PCI', 'Starting Driver', 'Restarting MST'];
    return printed(`${head}${steps.map((step) => `-I- ${step.padEnd(40)}-Done\n`).join('')}-I- FW was loaded successfully.\n`);
  }
  if (level === 4) {
    host.resetSoon('warm');
    return printed(`${head}-I- Sending reboot command to machine       -Done\n`);
  }
  return mlxFailed(`Reset level ${level} is not supported`);
}

const LEVELS: Record<number, string> = { 1: 'Only ARM side will not remain up', 3: 'Driver restart and PCI reset', 4: 'Warm Reboot' };
