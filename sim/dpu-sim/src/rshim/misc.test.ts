import { describe, expect, test } from '@jest/globals';
import { parseMiscCommand, renderMisc, type MiscValues } from './misc.ts';

const VALUES: MiscValues = {
  generation: 'BlueField-3',
  displayLevel: 0,
  bootMode: 1,
  bootTimeout: 300,
  usbTimeout: 40,
  dropMode: 0,
  devName: 'pcie-0000:53:00.2',
  opn: 'N/A',
  upTime: 9628,
  secureNicMode: 0,
  bootResetSkip: 0,
  peerMac: '00:1a:ca:ff:ff:01',
  pxeId: 0,
  vlanId: '0 0',
  clearOnRead: 0,
  log: ' INFO[BL2]: start\n',
};

const BASIC_3 = `DISPLAY_LEVEL   0 (0:basic, 1:advanced, 2:log)
BF_MODE         DPU mode
BOOT_MODE       1 (0:rshim, 1:emmc, 2:emmc-boot-swap)
BOOT_TIMEOUT    300 (seconds)
USB_TIMEOUT     40 (seconds)
DROP_MODE       0 (0:normal, 1:drop)
SW_RESET        0 (1: reset)
DEV_NAME        pcie-0000:53:00.2
DEV_INFO        BlueField-3(Rev 1)
OPN_STR         N/A
UP_TIME         9628(s)
SECURE_NIC_MODE 0 (0:no, 1:yes)
FORCE_CMD       0 (1: send Force command)
`;
const BASIC_2 = `DISPLAY_LEVEL   0 (0:basic, 1:advanced, 2:log)
BOOT_MODE       1 (0:rshim, 1:emmc, 2:emmc-boot-swap)
BOOT_TIMEOUT    300 (seconds)
USB_TIMEOUT     40 (seconds)
DROP_MODE       0 (0:normal, 1:drop)
SW_RESET        0 (1: reset)
DEV_NAME        pcie-0000:53:00.2
DEV_INFO        BlueField-2(Rev 1)
OPN_STR         N/A
FORCE_CMD       0 (1: send Force command)
`;
const at = (level: number, text: string) => text.replace('DISPLAY_LEVEL   0', `DISPLAY_LEVEL   ${level}`);
const ADVANCED = `BOOT_RESET_SKIP 0 (1: skip)
PEER_MAC        00:1a:ca:ff:ff:01 (rw)
PXE_ID          0x00000000 (rw)
VLAN_ID         0 0 (rw)
CLEAR_ON_READ   0 (0:no, 1:yes)
`;
const LOG = `---------------------------------------
             Log Messages
---------------------------------------
 INFO[BL2]: start
`;

describe('the text of misc', () => {
  test.each([
    ['BlueField-3', 0, BASIC_3],
    ['BlueField-3', 1, at(1, BASIC_3) + ADVANCED],
    ['BlueField-3', 2, at(2, BASIC_3) + LOG],
    ['BlueField-2', 0, BASIC_2],
    ['BlueField-2', 1, at(1, BASIC_2) + ADVANCED],
    ['BlueField-2', 2, at(2, BASIC_2) + LOG],
  ] as const)('of a %s at level %d is byte for byte that of the driver', (generation, displayLevel, text) => {
    expect(renderMisc({ ...VALUES, generation, displayLevel })).toBe(text);
  });

  test.each([
    ['DISPLAY_LEVEL 2\n', { key: 'DISPLAY_LEVEL', value: '2' }],
    ['VLAN_ID 5 6\n', { key: 'VLAN_ID', value: '5 6' }],
    ['SW_RESET 1\nBOOT_MODE 0\n', { key: 'SW_RESET', value: '1' }],
    ['DISPLAY_LEVEL\n', undefined],
    ['', undefined],
  ])('takes %j as its first command', (text, command) => {
    expect(parseMiscCommand(text)).toEqual(command);
  });
});
