/** What happens by itself: the card's install, users, Redis, the lives of agent and host. */
import { isAnnounced } from './agent.ts';
import { agentHolds, removeFromNode } from './intents.ts';
import { agentDies, hostBoots } from './reset.ts';
import type { Scene } from './scene.ts';
import { GONE, Hand, Job, MOST_UIDS, OnCard, Phase, isAlive, isClaimed, type HostState } from './state.ts';

export function cardInstalls({ state, step }: Scene, card: number): void {
  const onCard = state.cards[card]!;
  const label = (what: string) => () => `card ${card}: ${what} (u${onCard.uid}/${onCard.attempt})`;
  const becomes = (what: string, fields: Partial<typeof onCard>, fault?: string) =>
    step(label(what), (next) => void Object.assign(next.cards[card]!, fields), fault);
  if (onCard.state === OnCard.Pushing)
    becomes(`last byte pushed${onCard.orphan ? ' by the orphan' : ''}`, { state: OnCard.Installing, orphan: 0 });
  if (onCard.state === OnCard.Installing) {
    becomes('install ends, the log says so', { state: OnCard.Installed, log: 1, boot: state.boot });
    becomes('install ends, its log line is lost', { state: OnCard.Installed, boot: state.boot }, 'log line lost');
    becomes('install breaks', { state: OnCard.Broken }, 'install breaks');
  }
}

export function users({ state, rules, step }: Scene, card: number): void {
  const dpu = state.dpus[card]!;
  const alive = isAlive(dpu);
  if (alive && dpu.phase > Phase.Initializing && !dpu.newer)
    step(
      () => `user: new revision for card ${card}, granted`,
      (next) => void (next.dpus[card]!.newer = 1),
      'spec change',
    );
  if (alive && dpu.uid < MOST_UIDS)
    step(
      () => `user: deletes Dpu u${dpu.uid}${dpu.finalizer ? '' : ', without finalizer: gone'}`,
      (next) => void Object.assign(next.dpus[card]!, dpu.finalizer ? { deleted: 1 } : GONE),
      'delete, re-create',
    );
  if (dpu.deleted && isClaimed(dpu))
    step(
      () => `user: forces the deletion of u${dpu.uid}`,
      (next) => {
        Object.assign(next.dpus[card]!, GONE);
        if (rules('force-leaves-claim')) next.node.forced[card] = dpu.uid;
        else removeFromNode(next, card, dpu.uid);
      },
      'force-delete',
    );
  if (dpu.phase === Phase.Gone)
    step(
      () => `user: creates the Dpu of card ${card} again, u${dpu.uid + 1}`,
      (next) => void Object.assign(next.dpus[card]!, { uid: dpu.uid + 1, phase: Phase.Initializing }),
    );
}

/** Redis can delay and repeat: an operation of this attempt, of the one before, or of the Dpu before. */
export function redisRepeats({ state, step }: Scene, card: number): void {
  const dpu = state.dpus[card]!;
  if (!isAnnounced(state) || state.agent.hands[card]!.state !== Hand.Idle || dpu.phase === Phase.Gone) return;
  const { uid, attempt } = dpu;
  for (const late of [
    { uid, attempt },
    { uid, attempt: attempt - 1 },
    { uid: uid - 1, attempt: 1 },
    { uid: uid - 1, attempt: 2 },
  ])
    if (late.uid > 0 && late.attempt > 0)
      step(
        () => `Redis delivers u${late.uid}/${late.attempt} of card ${card} late or once more, agent asks`,
        (next) => void (next.agent.hands[card] = { ...late, state: Hand.Asked }),
        'late or repeated job',
      );
}

export function lives({ state, rules, step }: Scene): void {
  const { agent, node } = state;
  const killed = (next: HostState): void => {
    agentDies(next);
    if (!rules('reset-journaled')) next.agent.resetJournaled = 0;
  };
  if (!agent.up)
    step(
      () => 'agent: starts, drops its queue',
      (next) => {
        next.agent.up = 1;
        queueLost(next);
      },
    );
  else {
    step(() => 'agent killed, a push child with it', killed, 'agent killed');
    if (state.cards.some((card) => card.state === OnCard.Pushing && !card.orphan))
      step(
        () => 'agent killed, its push child lives on',
        (next) => {
          for (const card of next.cards) if (card.state === OnCard.Pushing) card.orphan = 1;
          killed(next);
        },
        'orphaned push child',
      );
    if (node.boot !== state.boot)
      step(
        () => `agent: announces boot ${state.boot}`,
        (next) => heard(next, state.boot),
      );
    if (!state.lateAnnouncement)
      step(
        () => `agent: announces boot ${state.boot} once more, on the way for long`,
        (next) => {
          next.lateAnnouncement = state.boot;
          next.lateHeld = state.cards.map((_, card) => heldOf(state, card));
          next.lateOutdated = 0;
        },
        'late announcement',
      );
  }
  if (state.lateAnnouncement)
    step(
      () => `the announcement of boot ${state.lateAnnouncement} arrives`,
      (next) => {
        Object.assign(next, { lateAnnouncement: 0, lateOutdated: 0 });
        next.lateHeld.fill(0);
        // Rule claim-outdates
        if (state.lateAnnouncement >= node.boot && !(state.lateOutdated && rules('claim-outdates'))) letsGo(next, state.lateHeld);
        if (state.lateAnnouncement > node.boot || !rules('boots-are-ordered')) heard(next, state.lateAnnouncement);
      },
    );
  step(() => `host reboots by itself: boot ${state.boot + 1}`, hostBoots, 'host reboots');
  if (state.jobs.some((job) => job !== Job.None) || state.resetJob || state.resetJobKept)
    step(() => 'Redis: FLUSHALL', queueLost, 'FLUSHALL');
}

/** A bit for each uid that the agent holds. */
function heldOf(state: HostState, card: number): number {
  let bits = 0;
  for (let uid = 1; uid <= MOST_UIDS; uid++) if (agentHolds(state, card, uid)) bits |= 1 << uid;
  return bits;
}

/** What was deleted by force goes when an announcement does not hold it, unless a claimed reset pins it. */
function letsGo(next: HostState, held: number[]): void {
  next.node.forced.forEach((uid, card) => {
    if (uid && !(held[card]! & (1 << uid)) && !next.node.resetClaimed) removeFromNode(next, card, uid);
  });
}

/** dpu-controller writes an announced boot on the Node: a reset that was claimed there is over. */
function heard(next: HostState, boot: number): void {
  if (next.node.boot === boot) return;
  next.node.boot = boot;
  next.node.resetClaimed = 0;
}

function queueLost(next: HostState): void {
  next.jobs.fill(Job.None);
  next.resetJob = 0;
  next.resetJobKept = 0;
}
