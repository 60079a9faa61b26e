/** Reasons of the agents' endpoint: why it refuses a request. */
import type { ReasonText } from './text.ts';

export const GATEWAY_REASONS = {
  Unauthenticated: {
    meaning: 'The token of the agent is missing, expired, revoked, or made for another audience.',
    fix: 'Check the projected service-account token of the dms-agent DaemonSet and its audience.',
  },
  NotAnAgent: {
    meaning: 'The token is valid and does not belong to an agent on a node.',
    fix: 'Check AGENT_SERVICE_ACCOUNT of dpu-controller, and that the agent uses the token of its own Pod.',
  },
  TooManyRequests: { meaning: 'The agent calls too often and has to wait.', fix: 'See the log of the agent for what it repeats.' },
  BadRequest: {
    meaning: 'The request does not have the form that the protocol asks for.',
    fix: 'Check that agent and controller are of the same release.',
  },
  NotFound: {
    meaning: 'There is no such call.',
    fix: 'Check AGENT_API_URL of the agent, and that agent and controller are of the same release.',
  },
  Unavailable: {
    meaning: 'The request could not be served now; the agent keeps it and tries again.',
    fix: 'See the log of dpu-controller.',
  },
} as const satisfies Record<string, ReasonText>;
