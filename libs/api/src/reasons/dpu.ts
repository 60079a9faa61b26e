/** Reasons of dpu-controller's: conditions, waiting and errors of a Dpu. */
import type { ReasonText } from '../reasons.ts';

export const DPU_REASONS = {} as const satisfies Record<string, ReasonText>;
