/** Reasons of dpuset-controller's: conditions of a DpuSet. */
import type { ReasonText } from '../reasons.ts';

export const DPUSET_REASONS = {} as const satisfies Record<string, ReasonText>;
