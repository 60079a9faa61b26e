/** The agent, and what dpu-controller's HTTPS endpoint answers it. */
import { Wrong, journalEnd, looksSame, putDown, type Scene } from './scene.ts';
import {
  Hand,
  Job,
  Journal,
  OnCard,
  Op,
  Phase,
  hasEnded,
  isClaimed,
  isInProgress,
  isSameAttempt,
  isStuck,
  type Attempt,
  type HostState,
} from './state.ts';

/** The agent is up, and dpu-controller knows its boot. */
export const isAnnounced = (state: HostState): boolean => state.agent.up === 1 && state.node.boot === state.boot;

export function agentAtCard(scene: Scene, card: number): void {
  const { state } = scene;
  const agent = (what: string, attempt: Attempt = state.agent.hands[card]!) => {
    const { uid, attempt: number } = attempt;
    return () => `agent, card ${card}, u${uid}/${number}: ${what}`;
  };
  // Rule card-lock
  const unlocked = !state.cards[card]!.orphan || !scene.rules('card-lock');
  claimAnswered(scene, card, agent);
  if (unlocked) toldToStop(scene, card, agent);
  reports(scene, card, agent);
  jobDelivered(scene, card, agent);
  if (unlocked) worksOnGrant(scene, card, agent);
  followsInstall(scene, card, agent);
}

type Label = (what: string, attempt?: Attempt) => () => string;

const jobEnds = ({ rules }: Scene, next: HostState, card: number): void => {
  next.jobs[card] = rules('job-forgotten') ? Job.None : Job.EndedButKept;
};

function claimAnswered(scene: Scene, card: number, agent: Label): void {
  const { state, rules, step } = scene;
  const dpu = state.dpus[card]!;
  const hand = state.agent.hands[card]!;
  const entry = state.agent.journal[card]!;
  if (hand.state !== Hand.Asked) return;
  // A deletion's cancel stops only what has not begun or can no longer end.
  const goesOn =
    dpu.operation === Op.Cancelling && dpu.deleted && isSameAttempt(entry, dpu) && isInProgress(entry) && !isStuck(state.cards[card]!);
  const claimable = dpu.operation === Op.Claimed || (dpu.operation === Op.Open && !dpu.deleted) || goesOn;
  if (dpu.phase === Phase.OSInstalling && looksSame(rules, hand, dpu) && claimable)
    step(agent('claim answered 200'), (next) => {
      if (rules('claim-recorded') && dpu.operation === Op.Open) next.dpus[card]!.operation = Op.Claimed;
      next.agent.hands[card]!.state = Hand.Granted;
      if (state.lateAnnouncement) next.lateOutdated = 1;
    });
  else if (!(dpu.operation === Op.Cancelling && looksSame(rules, hand, dpu)))
    step(agent('claim answered 409, dropped'), (next) => {
      putDown(next, card);
      jobEnds(scene, next, card);
    });
}

function toldToStop({ state, step }: Scene, card: number, agent: Label): void {
  const dpu = state.dpus[card]!;
  const onCard = state.cards[card]!;
  const hand = state.agent.hands[card]!;
  const entry = state.agent.journal[card]!;
  const stop = (label: string, attempt: Attempt) =>
    step(agent(label, attempt), (next) => {
      const running = (onCard.state === OnCard.Pushing && !onCard.orphan) || onCard.state === OnCard.Installing;
      if (isSameAttempt(onCard, attempt) && running) {
        next.cards[card]!.state = OnCard.Broken;
        if (dpu.deleted && isSameAttempt(attempt, dpu)) next.wrong = Wrong.CutOff;
      }
      Object.assign(next.agent.journal[card]!, { uid: attempt.uid, attempt: attempt.attempt });
      journalEnd(next, card, Journal.Failed);
    });
  const inJournal = isSameAttempt(entry, dpu);
  const effective = dpu.deleted && inJournal && isInProgress(entry) && !isStuck(onCard);
  if (
    state.agent.up &&
    hand.state !== Hand.Idle &&
    isSameAttempt(hand, dpu) &&
    dpu.operation === Op.Cancelling &&
    !(inJournal && hasEnded(entry)) &&
    !effective
  )
    stop('told to cancel, stops, journals it', hand);
  const held = hand.state >= Hand.Granted ? hand : isInProgress(entry) ? entry : undefined;
  if (isAnnounced(state) && held && (dpu.phase === Phase.Gone || dpu.uid !== held.uid))
    stop('told that the Dpu is gone, stops, journals it', held);
}

function reports({ state, rules, step }: Scene, card: number, agent: Label): void {
  const dpu = state.dpus[card]!;
  const entry = state.agent.journal[card]!;
  const open = dpu.operation === Op.Open && !rules('claim-recorded');
  if (open && state.agent.hands[card]!.state >= Hand.Pushing && dpu.phase === Phase.OSInstalling && isSameAttempt(entry, dpu))
    step(agent('progress report persisted', entry), (next) => void (next.dpus[card]!.operation = Op.Claimed));
  if (!isAnnounced(state) || !hasEnded(entry) || dpu.phase !== Phase.OSInstalling || !looksSame(rules, entry, dpu)) return;
  if (!isClaimed(dpu) && !open) return;
  step(agent(`reports ${entry.state === Journal.Succeeded ? 'success: Rebooting' : 'failure'}, persisted`, entry), (next) => {
    next.agent.journal[card]!.boot = 0;
    const after = next.dpus[card]!;
    if (entry.state === Journal.Failed) after.operation = Op.Failed;
    else
      Object.assign(after, {
        phase: Phase.Rebooting,
        operation: Op.None,
        bootToLeave: rules('boot-of-report') ? entry.boot : dpu.bootToLeave,
      });
  });
}

function jobDelivered(scene: Scene, card: number, agent: Label): void {
  const { state, rules, step } = scene;
  const dpu = state.dpus[card]!;
  const entry = state.agent.journal[card]!;
  if (!isAnnounced(state) || state.jobs[card] !== Job.Waiting || state.agent.hands[card]!.state !== Hand.Idle) return;
  if (dpu.phase !== Phase.OSInstalling) return;
  if (looksSame(rules, entry, dpu) && hasEnded(entry))
    step(agent('job delivered, answered from the journal', dpu), (next) => jobEnds(scene, next, card));
  else if (entry.attempt > dpu.attempt && (entry.uid === dpu.uid || !rules('op-has-uid')))
    step(agent('job delivered, refused: older than the journal', dpu), (next) => jobEnds(scene, next, card));
  else
    step(agent('job delivered, asks', dpu), (next) => {
      next.jobs[card] = Job.None;
      next.agent.hands[card] = { uid: dpu.uid, attempt: dpu.attempt, state: Hand.Asked };
    });
}

function worksOnGrant({ state, rules, step }: Scene, card: number, agent: Label): void {
  const onCard = state.cards[card]!;
  const hand = state.agent.hands[card]!;
  const entry = state.agent.journal[card]!;
  if (hand.state !== Hand.Granted) return;
  const known = looksSame(rules, entry, hand);
  if (known && hasEnded(entry)) step(agent('has finished it, says the journal'), (next) => putDown(next, card));
  else if (known && entry.state === Journal.Pushed)
    step(agent('goes on from the log'), (next) => void (next.agent.hands[card]!.state = Hand.Watching));
  else if (known && entry.state === Journal.Pushing && rules('push-once'))
    step(agent(`push was cut off: ${onCard.log ? 'but the log says installed' : 'attempt failed'}`), (next) => {
      if (onCard.log) journalEnd(next, card, Journal.Succeeded, state.boot);
      else {
        journalEnd(next, card, Journal.Failed);
        next.cards[card]!.state = OnCard.Broken;
      }
    });
  // While one pushes, rshim answers EBUSY.
  else if (onCard.state !== OnCard.Pushing && !(state.agent.resetJournaled && rules('reset-alone')))
    step(agent('opens the boot file, first byte'), (next) => {
      if (onCard.state === OnCard.Installed && isSameAttempt(onCard, hand)) next.wrong = Wrong.FlashRepeated;
      else if (onCard.state === OnCard.Installing && !isSameAttempt(onCard, hand)) next.wrong = Wrong.TwoFlashes;
      const { uid, attempt } = hand;
      Object.assign(next.cards[card]!, { uid, attempt, state: OnCard.Pushing, boot: 0, log: rules('log-from-push') ? 0 : onCard.log });
      next.agent.journal[card] = { uid, attempt, state: Journal.Pushing, boot: 0 };
      next.agent.hands[card]!.state = Hand.Pushing;
    });
}

function followsInstall({ state, step }: Scene, card: number, agent: Label): void {
  const onCard = state.cards[card]!;
  const hand = state.agent.hands[card]!;
  if (hand.state === Hand.Pushing && onCard.state !== OnCard.Pushing)
    step(agent('journals that the push is complete'), (next) => {
      next.agent.journal[card]!.state = Journal.Pushed;
      next.agent.hands[card]!.state = Hand.Watching;
    });
  if (hand.state === Hand.Watching && onCard.log)
    step(agent('reads in the log that the card is ready, journals it'), (next) => journalEnd(next, card, Journal.Succeeded, state.boot));
}
