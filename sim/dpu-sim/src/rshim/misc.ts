/** The text of /dev/rshim<N>/misc, byte for byte as rshim 2.8.2 prints it. */
import type { Generation } from '@dpf/api';

export interface MiscValues {
  generation: Generation;
  displayLevel: number;
  bootMode: number;
  bootTimeout: number;
  usbTimeout: number;
  dropMode: number;
  devName: string;
  opn: string;
  /** Seconds since the last reset of the Arm. */
  upTime: number;
  secureNicMode: number;
  bootResetSkip: number;
  peerMac: string;
  pxeId: number;
  vlanId: string;
  clearOnRead: number;
  log: string;
}

const REVISION: Record<Generation, string> = { 'BlueField-1': '0', 'BlueField-2': '1', 'BlueField-3': '1', Unknown: '0' };
const line = (key: string, value: string | number) => `${key.padEnd(16)}${value}\n`;
const RULE = `${'-'.repeat(39)}\n`;

/** Renders a report at its display level. */
export function renderMisc(v: MiscValues): string {
  const bf3 = v.generation === 'BlueField-3';
  const basic = [
    line('DISPLAY_LEVEL', `${v.displayLevel} (0:basic, 1:advanced, 2:log)`),
    bf3 && line('BF_MODE', 'DPU mode'),
    line('BOOT_MODE', `${v.dropMode ? 0 : v.bootMode} (0:rshim, 1:emmc, 2:emmc-boot-swap)`),
    line('BOOT_TIMEOUT', `${v.bootTimeout} (seconds)`),
    line('USB_TIMEOUT', `${v.usbTimeout} (seconds)`),
    line('DROP_MODE', `${v.dropMode} (0:normal, 1:drop)`),
    line('SW_RESET', '0 (1: reset)'),
    line('DEV_NAME', v.devName),
    line('DEV_INFO', `${v.generation}(Rev ${REVISION[v.generation]})`),
    v.generation !== 'BlueField-1' && line('OPN_STR', v.opn),
    bf3 && line('UP_TIME', `${v.upTime}(s)`),
    bf3 && line('SECURE_NIC_MODE', `${v.secureNicMode} (0:no, 1:yes)`),
    line('FORCE_CMD', '0 (1: send Force command)'),
  ];
  const advanced = [
    line('BOOT_RESET_SKIP', `${v.bootResetSkip} (1: skip)`),
    line('PEER_MAC', `${v.peerMac} (rw)`),
    line('PXE_ID', `0x${v.pxeId.toString(16).padStart(8, '0')} (rw)`),
    line('VLAN_ID', `${v.vlanId} (rw)`),
    line('CLEAR_ON_READ', `${v.clearOnRead} (0:no, 1:yes)`),
  ];
  const log = [RULE, `             Log Messages\n`, RULE, v.log];
  const parts = [...basic, ...(v.displayLevel === 1 ? advanced : []), ...(v.displayLevel === 2 ? log : [])];
  return parts.filter((part) => part !== false).join('');
}

/** Takes a command apart: only the first key of a write counts. Undefined: EINVAL. */
export function parseMiscCommand(text: string): { key: string; value: string } | undefined {
  const match = /^([A-Z_]+)\s+(\S.*?)\s*(?:\n|$)/.exec(text);
  return match ? { key: match[1] as string, value: match[2] as string } : undefined;
}
