/** The reset of the host: once for all its cards. */
import { isAnnounced } from './agent.ts';
import { Does, fromDpu, write } from './intents.ts';
import { Wrong, putDown, type Scene } from './scene.ts';
import { OnCard, ResetHand, isInProgress, isTainted, type HostState } from './state.ts';

export function agentResets(scene: Scene): void {
  const { state, rules, step } = scene;
  const { node, agent } = state;
  const jobEnds = (next: HostState): void => {
    next.agent.reset = ResetHand.Idle;
    if (!rules('job-forgotten')) next.resetJobKept = 1;
  };
  if (isAnnounced(state) && state.resetJob && agent.reset === ResetHand.Idle) {
    const present = state.resetJob === state.boot;
    step(
      () => `agent: reset/${state.resetJob} delivered${present ? ', asks' : ', refused'}`,
      (next) => {
        next.resetJob = 0;
        if (present) next.agent.reset = ResetHand.Asked;
      },
    );
  }
  if (agent.reset === ResetHand.Asked) {
    const wanted = state.dpus.some((_, card) =>
      fromDpu(scene, card).some((intent) => intent.kind === Does.Reset && write(state, rules, intent) !== undefined),
    );
    if (node.resetClaimed)
      step(
        () => 'agent: claim of the reset answered 200 once more',
        (next) => void (next.agent.reset = ResetHand.Granted),
      );
    else if (!wanted) step(() => 'agent: claim of the reset answered 409, dropped', jobEnds);
  }
  if (agent.reset === ResetHand.Granted) {
    const busy = agent.journal.some(isInProgress) || (rules('card-lock') && state.cards.some((card) => card.orphan));
    const mayStillLand = rules('reset-journaled') && agent.resetJournaled && state.resetLanding;
    if ((rules('reset-alone') && busy) || mayStillLand) step(() => 'agent: cannot reset now, dropped', jobEnds);
    else
      step(
        () => 'agent: journals the reset',
        (next) => void Object.assign(next.agent, { resetJournaled: 1, reset: ResetHand.Issuing }),
      );
  }
  if (agent.reset === ResetHand.Issuing) issues(scene);
}

function issues({ state, step }: Scene): void {
  step(
    () => 'agent: issues the reset',
    (next) => {
      if (state.resetLanding) next.wrong = Wrong.TwoResets;
      next.resetLanding = 1;
      next.agent.reset = ResetHand.Idle;
    },
  );
  step(
    () => 'agent: the reset command fails, reported',
    (next) => {
      next.agent.reset = ResetHand.Idle;
      next.agent.resetJournaled = 0;
      next.node.resetClaimed = 0;
    },
    'reset fails',
  );
}

export function resetLands({ state, step }: Scene): void {
  if (!state.resetLanding) return;
  step(
    () => 'the reset never lands',
    (next) => void (next.resetLanding = 0),
    'reset fails',
  );
  step(
    () => `the reset lands: boot ${state.boot + 1}`,
    (next) => {
      if (state.cards.some((card) => card.state === OnCard.Pushing || card.state === OnCard.Installing)) next.wrong = Wrong.ResetInInstall;
      else if (!isTainted(state)) next.wrong = Wrong.ResetWithoutEffect;
      hostBoots(next);
    },
  );
}

/** A push child that outlived its agent ends with the host; a reset under way dies with the boot that it was issued in. */
export function hostBoots(next: HostState): void {
  for (const card of next.cards) card.orphan = 0;
  agentDies(next);
  next.agent.resetJournaled = 0;
  next.resetLanding = 0;
  next.boot++;
}

export function agentDies(next: HostState): void {
  next.agent.up = 0;
  next.agent.reset = ResetHand.Idle;
  next.cards.forEach((card, i) => {
    putDown(next, i);
    if (card.state === OnCard.Pushing && !card.orphan) card.state = OnCard.Broken;
  });
}
