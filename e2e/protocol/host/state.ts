/** The state of one host: its Node, its Dpus and cards, its agent, Redis, and two replicas of dpu-controller. Everything is a small number. */

/** Pending, host network and cluster join decide nothing here. */
export const Phase = { Gone: 0, Initializing: 1, NodeEffect: 2, OSInstalling: 3, Rebooting: 4, Ready: 5 } as const;
/** Dpu.status.operation.state. */
export const Op = { None: 0, Open: 1, Claimed: 2, Cancelling: 3, Failed: 4 } as const;
/** What the card itself is at. */
export const OnCard = { OldSoftware: 0, Pushing: 1, Broken: 2, Installing: 3, Installed: 4 } as const;
/** The agent's journal, per card. */
export const Journal = { None: 0, Pushing: 1, Pushed: 2, Succeeded: 3, Failed: 4 } as const;
/** What the agent has in hand, per card. */
export const Hand = { Idle: 0, Asked: 1, Granted: 2, Pushing: 3, Watching: 4 } as const;
/** The same for the reset of the host. */
export const ResetHand = { Idle: 0, Asked: 1, Granted: 2, Issuing: 3 } as const;
/** A job in Redis. */
export const Job = { None: 0, Waiting: 1, EndedButKept: 2 } as const;

/** What an attempt is known by. */
export interface Attempt {
  uid: number;
  attempt: number;
}
export interface Dpu extends Attempt {
  phase: number;
  finalizer: number;
  operation: number;
  bootToLeave: number;
  deleted: number;
  /** A newer revision is granted. */
  newer: number;
}
export interface Card extends Attempt {
  state: number;
  /** The push child outlives its agent. */
  orphan: number;
  /** At the end of the install. */
  boot: number;
  /** The log says that it is installed. */
  log: number;
}
export interface Agent {
  up: number;
  reset: number;
  resetJournaled: number;
  hands: (Attempt & { state: number })[];
  journal: (Attempt & { state: number; boot: number })[];
}
export interface Node {
  /** As announced. */
  boot: number;
  resetClaimed: number;
  /** Per card: the uid that claims it, the attempt that each uid holds the node effect for, the uid that was deleted by force. */
  claims: number[];
  holders: number[][];
  forced: number[];
}
/** A write that a replica has decided on what it read, and has not made yet. */
export interface Intent {
  kind: number;
  card: number;
  uid: number;
  /** An attempt or a boot, as it was read. */
  seen: number;
}
export interface HostState {
  faults: number;
  /** What was done that must not be done; see BROKEN_BY. */
  wrong: number;
  boot: number;
  /** A delayed announcement. */
  lateAnnouncement: number;
  /** Per card what that one says is held, a bit per uid; and that a claim was granted since it was sent. */
  lateHeld: number[];
  lateOutdated: number;
  /** A reset was issued and did not land yet. */
  resetLanding: number;
  node: Node;
  dpus: Dpu[];
  cards: Card[];
  agent: Agent;
  jobs: number[];
  resetJob: number;
  resetJobKept: number;
  replicas: Intent[];
}

/** Uids of a card's Dpus in a run: 1…MOST_UIDS. */
export const MOST_UIDS = 3;

export const NO_INTENT: Intent = { kind: 0, card: 0, uid: 0, seen: 0 };
export const GONE: Omit<Dpu, 'uid'> = {
  phase: Phase.Gone,
  finalizer: 0,
  attempt: 0,
  operation: Op.None,
  bootToLeave: 0,
  deleted: 0,
  newer: 0,
};

/** A Dpu was created for every card; nothing else has happened. */
export function initialHost(cards: number): HostState {
  const each = <T>(make: () => T): T[] => Array.from({ length: cards }, make);
  return {
    faults: 0,
    wrong: 0,
    boot: 1,
    lateAnnouncement: 0,
    lateHeld: each(() => 0),
    lateOutdated: 0,
    resetLanding: 0,
    node: { boot: 1, resetClaimed: 0, claims: each(() => 0), holders: each(() => Array<number>(MOST_UIDS).fill(0)), forced: each(() => 0) },
    dpus: each(() => ({ uid: 1, ...GONE, phase: Phase.Initializing })),
    cards: each(() => ({ uid: 0, attempt: 0, state: OnCard.OldSoftware, orphan: 0, boot: 0, log: 0 })),
    agent: {
      up: 1,
      reset: ResetHand.Idle,
      resetJournaled: 0,
      hands: each(() => ({ uid: 0, attempt: 0, state: Hand.Idle })),
      journal: each(() => ({ uid: 0, attempt: 0, state: Journal.None, boot: 0 })),
    },
    jobs: each(() => Job.None),
    resetJob: 0,
    resetJobKept: 0,
    replicas: [{ ...NO_INTENT }, { ...NO_INTENT }],
  };
}

export const isClaimed = (dpu: Dpu): boolean => dpu.operation === Op.Claimed || dpu.operation === Op.Cancelling;
/** No agent can be at work for it. */
export const isSafe = (dpu: Dpu): boolean => dpu.operation === Op.None || dpu.operation === Op.Failed;
export const isAlive = (dpu: Dpu): boolean => dpu.phase !== Phase.Gone && dpu.deleted === 0;
export const isInProgress = (entry: { state: number }): boolean => entry.state === Journal.Pushing || entry.state === Journal.Pushed;
export const hasEnded = (entry: { state: number }): boolean => entry.state >= Journal.Succeeded;
/** Nothing more can happen to this install. */
export const isStuck = (card: Card): boolean => card.state === OnCard.Broken || (card.state === OnCard.Installed && card.log === 0);
export const isTainted = (state: HostState): boolean => state.node.holders.some((holders) => holders.some((attempt) => attempt > 0));
export const isSameAttempt = (a: Attempt, b: Attempt): boolean => a.attempt === b.attempt && a.uid === b.uid;
/** Something of this uid stands on the Node. */
export const standsOnNode = (state: HostState, card: number, uid: number): boolean =>
  state.node.claims[card] === uid || state.node.holders[card]![uid - 1]! > 0;
/** No other card of the host has, or may soon have, an install under way. */
export const othersAreQuiet = (state: HostState, card: number): boolean =>
  state.dpus.every(
    (dpu, other) =>
      other === card || !(isClaimed(dpu) || (dpu.deleted === 0 && (dpu.phase === Phase.NodeEffect || dpu.phase === Phase.OSInstalling))),
  );
