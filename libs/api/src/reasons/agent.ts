/** Reasons of dms-agent's: failures of operations on a host. */
import type { ReasonText } from '../reasons.ts';

export const AGENT_REASONS = {} as const satisfies Record<string, ReasonText>;
