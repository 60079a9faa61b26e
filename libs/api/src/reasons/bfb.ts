/** Reasons of bfb-downloader's: conditions and events of a Bfb. */
import type { ReasonText } from '../reasons.ts';

export const BFB_REASONS = {} as const satisfies Record<string, ReasonText>;
