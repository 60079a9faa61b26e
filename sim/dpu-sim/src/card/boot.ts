/** What the programs on the Arm (firmware, installer, OS) are given of the card that they run on. */
import type { ArmReset } from '../journal.ts';
import type { Board } from './board.ts';

export type ArmStage = 'off' | 'rom' | 'bl2' | 'bl31' | 'uefi' | 'initramfs' | 'installer' | 'osBoot' | 'osReady' | 'halted';

/** They say how far they are, and may reset the Arm, which ends them. */
export type BootingCard = Board & {
  readonly arm: {
    stage: ArmStage;
    /** Of the installation, 0..100. */
    percent: number;
    reset(kind: ArmReset): void;
  };
};
