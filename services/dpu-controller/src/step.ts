/** One reconcile: observe → decide → status → act. */
import { wakeUpKey, type Dpu, type Report } from '@dpf/api';
import { isConflict, isForbidden, isInvalid } from '@dpf/kube';
import { act } from './act.ts';
import { recordEvents } from './events.ts';
import { decide, type Decision } from './lifecycle/decide.ts';
import { observe, type ObserveOptions } from './observe.ts';
import { writeStatus } from './status-patch.ts';
import type { World } from './world.ts';

/** How often a step is begun again with fresh reads because what was read moved on, before the queue's backoff takes over. */
const TRIES = 4;

/** Runs once more, reading live, when a compare-and-swap says that something moved on. */
export async function untilNoConflict<T>(run: (fresh: boolean) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run(tries > 1);
    } catch (error) {
      if (!isConflict(error) || tries === TRIES) throw error;
    }
  }
}

export interface Step {
  decision: Decision;
  /** As it stands after the status was written. */
  dpu: Dpu;
}

/**
 * observe → decide → status → effects. The status is written first, by compare-and-swap: a decision on an old version does nothing at all.
 * With a report, what could not be done is left to the wake-up that the written status causes.
 */
export async function step(world: World, read: Dpu, options: ObserveOptions & { report?: Report }): Promise<Step> {
  const { signal } = options;
  const { observed, node } = await observe(world, read, options);
  const decision = decide(observed);
  const dpu = await writeStatus(world, read, decision.status, signal);
  if (dpu !== read) recordEvents(world, dpu, decision);
  try {
    await act(world, dpu, node, decision.effects, signal);
  } catch (error) {
    if (isForbidden(error) || isInvalid(error))
      await writeStatus(world, dpu, decide({ ...observed, dpu, report: undefined, refused: (error as Error).message }).status, signal);
    if (!options.report) throw error;
    await world.wake(wakeUpKey('dpu', read.metadata.namespace ?? '', read.metadata.name));
  }
  return { decision, dpu };
}
