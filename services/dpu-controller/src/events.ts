/** Events and log of a Dpu: what was concluded, once it stands in its status. */
import { REASONS, type Dpu } from '@dpf/api';
import type { Decision } from './lifecycle/decide.ts';
import type { World } from './world.ts';

export function recordEvents({ events, log }: World, dpu: Dpu, { outcomes }: Decision): void {
  const name = `${dpu.metadata.namespace}/${dpu.metadata.name}`;
  for (const { phase, outcome } of outcomes) {
    if (outcome.kind === 'advance') {
      log.info({ dpu: name, from: phase, to: outcome.to, reason: outcome.reason }, outcome.message);
      events.record(dpu, { type: 'Normal', reason: outcome.reason, message: `${phase} → ${outcome.to}: ${outcome.message}` });
    } else if (outcome.kind === 'fail')
      events.record(dpu, {
        type: 'Warning',
        reason: outcome.reason,
        message: `${phase}: ${outcome.message}. ${REASONS[outcome.reason].fix}`,
      });
    else if (outcome.stalled)
      events.record(dpu, {
        type: 'Warning',
        reason: outcome.reason,
        message: `${phase}: waiting for ${outcome.message}. ${REASONS[outcome.reason].fix}`,
      });
  }
}
