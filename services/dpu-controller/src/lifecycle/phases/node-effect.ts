/** NodeEffect: taint, label, or just the holder's record; done when observed on the Node. */
import { attemptOf, isHeld } from '../facts.ts';
import type { Observed } from '../observed.ts';
import type { Outcome } from '../outcome.ts';

export function nodeEffect(o: Observed): Outcome {
  if (o.host !== 'absent' && isHeld(o, o.host))
    return {
      kind: 'advance',
      to: 'OSInstalling',
      reason: 'NodeEffectApplied',
      message: `put on Node ${o.host.name} until the DPU is Ready`,
    };
  return {
    kind: 'stay',
    reason: 'ApplyingNodeEffect',
    message: `the node effect to show on Node ${o.dpu.spec.nodeName}`,
    effects: [{ do: 'hold', attempt: attemptOf(o).number }],
    quiet: true,
  };
}
