/** The one catalogue of reasons: every reason in a condition, an event, an error or a log is here, with its meaning and what to do. */
import { AGENT_REASONS } from './reasons/agent.ts';
import { BFB_REASONS } from './reasons/bfb.ts';
import { DPU_REASONS } from './reasons/dpu.ts';
import { DPUSET_REASONS } from './reasons/dpuset.ts';
import { GATEWAY_REASONS } from './reasons/gateway.ts';

import type { ReasonText } from './reasons/text.ts';

export type { ReasonText } from './reasons/text.ts';

export const REASONS = {
  ...BFB_REASONS,
  ...DPU_REASONS,
  ...DPUSET_REASONS,
  ...AGENT_REASONS,
  ...GATEWAY_REASONS,
} as const satisfies Record<string, ReasonText>;
export type Reason = keyof typeof REASONS;
