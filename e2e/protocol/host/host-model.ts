/**
 * One host with its cards, its agent and push child, Redis, users, reboots, and dpu-controller in two replicas.
 *
 * Staleness: a worker that stops between reading one object and writing another is an intent (intents.ts). A stop costs a fault, like a kill or a spec
 * change; all runs with at most that many faults are explored. Not in the model: a Node made again, spent retries (Error), preflight, tenant cluster.
 */
import { codecFor } from '../codec.ts';
import type { Broken } from '../invariants.ts';
import { stepper, type Model } from '../model.ts';
import type { Rules } from '../rules.ts';
import { agentAtCard } from './agent.ts';
import { reconciles, replicaStops, replicasGoOn, resubmitsReset } from './controller.ts';
import { agentResets, resetLands } from './reset.ts';
import { BROKEN_BY, type Scene } from './scene.ts';
import { OnCard, Phase, initialHost, isClaimed, isSameAttempt, isTainted, type HostState, type Intent } from './state.ts';
import { cardInstalls, lives, redisRepeats, users } from './world.ts';

export interface HostBounds {
  /** 1 or 2. */
  cards: number;
  faults: number;
  /** Only these faults; absent: all. */
  only?: readonly string[];
}

export function hostModel({ cards, faults, only = [] }: HostBounds, rules: Rules): Model<HostState> {
  const { clone, pack, unpack } = codecFor(initialHost(cards));
  return {
    name: `1 host, ${cards} card${cards > 1 ? 's' : ''}${only.length > 0 ? `, only ${only.join(', ')}` : ''}`,
    faults,
    initial: () => initialHost(cards),
    unpack,
    // The two replicas are interchangeable, and so are the two cards.
    key: (state) => {
      const straight = pack(withSortedReplicas(state));
      if (cards === 1) return straight;
      const swapped = pack(withSortedReplicas(withSwappedCards(clone(state))));
      return straight < swapped ? straight : swapped;
    },
    steps: (state, emit) => {
      const scene: Scene = { state, rules, step: stepper(state, clone, { faults, only }, emit) };
      for (let card = 0; card < cards; card++) {
        reconciles(scene, card);
        agentAtCard(scene, card);
        cardInstalls(scene, card);
        users(scene, card);
        redisRepeats(scene, card);
        replicaStops(scene, card);
      }
      replicasGoOn(scene);
      resubmitsReset(scene);
      agentResets(scene);
      resetLands(scene);
      lives(scene);
    },
    broken: (state) => broken(state, rules),
    goal: (state) =>
      state.agent.up === 1 &&
      !state.resetLanding &&
      state.node.boot === state.boot &&
      !isTainted(state) &&
      state.dpus.every((dpu, card) => dpu.phase === Phase.Ready && !dpu.newer && !dpu.deleted && state.node.claims[card] === dpu.uid),
  };
}

function broken(state: HostState, rules: Rules): Broken | undefined {
  if (state.wrong) return BROKEN_BY[state.wrong];
  for (const [i, dpu] of state.dpus.entries()) {
    const card = state.cards[i]!;
    const held = state.node.holders[i]![dpu.uid - 1]!;
    const claim = state.node.claims[i]!;
    const pushing = card.state === OnCard.Pushing;
    const who = `u${dpu.uid}/${dpu.attempt}`;
    const flashed = `u${card.uid}/${card.attempt}`;
    if (pushing && !(dpu.phase !== Phase.Gone && isSameAttempt(card, dpu)) && state.node.forced[i] !== card.uid)
      return `I2 card ${i}: ${flashed} is being pushed and is not the present attempt`;
    if (pushing && !isTainted(state)) return `I4 card ${i} is being pushed on a host without node effect`;
    const holds = rules('holder-has-attempt') ? held === dpu.attempt : held > 0;
    if ((dpu.phase === Phase.OSInstalling || dpu.phase === Phase.Rebooting) && !dpu.deleted && !holds)
      return `I4 card ${i}: ${who} is past NodeEffect and is no holder`;
    if (dpu.phase >= Phase.Rebooting && !(isSameAttempt(card, dpu) && card.state === OnCard.Installed))
      return `I5 OSInstalled for ${who}; on card ${i}: ${flashed}${card.state === OnCard.Installed ? '' : ', not installed'}`;
    if (((dpu.phase > Phase.Initializing && !dpu.deleted) || isClaimed(dpu)) && claim !== dpu.uid)
      return `I6 u${dpu.uid} works on card ${i}, the claim is ${claim ? `u${claim}'s` : "nobody's"}`;
  }
  return undefined;
}

function withSortedReplicas(state: HostState): HostState {
  const order = ({ kind, card, uid, seen }: Intent) => ((kind * 2 + card) * 4 + uid) * 16 + seen;
  const [first, second] = state.replicas as [Intent, Intent];
  return order(first) < order(second) ? { ...state, replicas: [second, first] } : state;
}

function withSwappedCards(state: HostState): HostState {
  const { node, agent } = state;
  for (const list of [
    state.dpus,
    state.cards,
    agent.hands,
    agent.journal,
    state.jobs,
    node.claims,
    node.holders,
    node.forced,
    state.lateHeld,
  ])
    list.reverse();
  for (const intent of state.replicas) if (intent.kind) intent.card = 1 - intent.card;
  return state;
}
