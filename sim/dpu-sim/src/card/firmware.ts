/** What the boot firmware writes into the rshim log, by generation. */
import type { Board } from './board.ts';

type Line = [module: 'PSC' | 'BL1' | 'BL2' | 'BL31' | 'UEFI', text: string];

const bf3 = (card: Board) => card.spec.generation === 'BlueField-3';
const write = (card: Board, lines: (Line | false)[]) => {
  for (const line of lines) if (line) card.log.append(line[0], 'INFO', line[1]);
};

export const bl2Lines = (card: Board, mode: 'rshim' | 'emmc') =>
  write(card, [
    bf3(card) && ['PSC', 'PSC BL1 START'],
    ['BL2', 'start'],
    ['BL2', `boot mode (${mode})`],
    bf3(card) && ['BL2', 'VDDQ: 1120 mV'],
  ]);

export const ddrLines = (card: Board) =>
  write(card, [
    ['BL2', 'DDR POST passed'],
    ['BL2', 'UEFI loaded'],
  ]);

export const bl31Lines = (card: Board) =>
  write(card, [
    ['BL31', 'start'],
    ['BL31', bf3(card) ? 'lifecycle GA Secured' : 'lifecycle GA Non-Secured'],
    bf3(card) && ['BL31', 'VDD: 850 mV'],
    ['BL31', 'runtime'],
    bf3(card) && ['BL31', 'MB ping success'],
  ]);

export const uefiLines = (card: Board) =>
  write(card, [
    ['UEFI', 'eMMC init'],
    ['UEFI', 'eMMC probed'],
    ['UEFI', 'UPVS valid'],
    ['UEFI', 'PCIe enum start'],
    ['UEFI', 'PCIe enum end'],
    ['UEFI', 'UEFI Secure Boot (disabled)'],
    bf3(card) && ['UEFI', 'Redfish enabled'],
  ]);

export const exitBootLine = (card: Board) => write(card, [['UEFI', 'exit Boot Service']]);

/** `panic` fault: a crash record; true when the firmware is dead. */
export function panics(card: Board, stage: 'BL2' | 'BL31' | 'UEFI'): boolean {
  if ((card.peek('panic')?.stage ?? 'BL31') !== stage || !card.fire('panic')) return false;
  card.log.crash(`PANIC(${stage}): PC = 0x4290f4`, { elr_el3: '0x4290f4', esr_el3: '0xbe000011' });
  return true;
}
