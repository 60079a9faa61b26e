/**
 * What dpu-controller writes after reading one object and before it reads again. Its compare-and-swap covers the object that it writes; had that one
 * moved in between, the write would fail and nothing would have happened. So what remains to be explored is a decision made on an *older* read of the
 * *other* object: the intent. A reconcile that does not stop has its intent and its write in one step.
 */
import type { Rules } from '../rules.ts';
import { Wrong, newAttempt, type Scene } from './scene.ts';
import { GONE, Op, Phase, ResetHand, isInProgress, isSafe, othersAreQuiet, standsOnNode, type HostState, type Intent } from './state.ts';

export const Does = {
  Claim: 1,
  Hold: 2,
  Unhold: 3,
  Release: 4,
  Sweep: 5,
  Reset: 6,
  SawClaim: 7,
  SawHolder: 8,
  SawBoot: 9,
  SawNothing: 10,
} as const;
export const IN_WORDS = [
  '',
  'claims the card',
  'adds the holder',
  'removes the holder',
  'releases claim and holder',
  'sweeps entries',
  'claims the reset, answers 200',
  'sees its claim: Initializing → NodeEffect',
  'sees its holder: NodeEffect → OSInstalling, operation open',
  'sees the boot: Rebooting → Ready',
  'sees nothing left: removes the finalizer',
] as const;

/** What a worker that has read this Dpu would write on the Node. */
export function fromDpu({ state, rules }: Pick<Scene, 'state' | 'rules'>, card: number): Intent[] {
  const dpu = state.dpus[card]!;
  const intent = (kind: number, seen: number): Intent[] => [{ kind, card, uid: dpu.uid, seen }];
  if (dpu.phase === Phase.Gone) return [];
  if (dpu.deleted) return isSafe(dpu) ? intent(Does.Release, 0) : [];
  switch (dpu.phase) {
    case Phase.Initializing:
      // Rule finalizer-first
      return dpu.finalizer || !rules('finalizer-first') ? intent(Does.Claim, 0) : [];
    case Phase.NodeEffect:
      return intent(Does.Hold, rules('holder-has-attempt') ? dpu.attempt : 1);
    case Phase.Ready:
      return intent(Does.Unhold, rules('holder-has-attempt') ? dpu.attempt : 9);
    case Phase.Rebooting:
      return state.agent.reset === ResetHand.Asked && othersAreQuiet(state, card) ? intent(Does.Reset, dpu.bootToLeave) : [];
    default:
      return [];
  }
}

/** What one that has read the Node would write on the Dpu (as it finds that one later). */
export function fromNode(state: HostState, card: number): Intent[] {
  const { uid, phase } = state.dpus[card]!;
  if (phase === Phase.Gone) return [];
  const intents: Intent[] = [{ kind: Does.SawBoot, card, uid, seen: state.node.boot }];
  const held = state.node.holders[card]![uid - 1]!;
  if (state.node.claims[card] === uid) intents.push({ kind: Does.SawClaim, card, uid, seen: 0 });
  if (held) intents.push({ kind: Does.SawHolder, card, uid, seen: held });
  if (!standsOnNode(state, card, uid)) intents.push({ kind: Does.SawNothing, card, uid, seen: 0 });
  return intents;
}

/** The write, decided on the written object as it is now. Undefined: nothing to do, or not allowed. */
export function write(state: HostState, rules: Rules, intent: Intent): ((next: HostState) => void) | undefined {
  return intent.kind < Does.SawClaim ? writeNode(state, rules, intent) : writeDpu(state, rules, intent);
}

function writeNode(state: HostState, rules: Rules, { kind, card, uid, seen }: Intent): ((next: HostState) => void) | undefined {
  const { node } = state;
  const held = node.holders[card]![uid - 1]!;
  const pinned = node.resetClaimed > 0 && rules('reset-on-node');
  switch (kind) {
    case Does.Claim:
      return node.claims[card] ? undefined : (next) => void (next.node.claims[card] = uid);
    case Does.Hold:
      return held >= seen ? undefined : (next) => void (next.node.holders[card]![uid - 1] = seen);
    case Does.Unhold:
      return !held || held > seen || pinned ? undefined : (next) => void (next.node.holders[card]![uid - 1] = 0);
    case Does.Release:
    case Does.Sweep:
      if (pinned || !standsOnNode(state, card, uid) || (node.forced[card] === uid && !agentLetGo(state, card, uid))) return undefined;
      return (next) => removeFromNode(next, card, uid);
    case Does.Reset:
      if (node.boot !== seen || !held || node.resetClaimed) return undefined;
      return (next) => {
        if (rules('reset-on-node')) next.node.resetClaimed = 1;
        if (next.agent.reset === ResetHand.Asked) next.agent.reset = ResetHand.Granted;
      };
    default:
      throw new Error(`no write of the Node: ${kind}`);
  }
}

function writeDpu(state: HostState, rules: Rules, { kind, card, uid, seen }: Intent): ((next: HostState) => void) | undefined {
  const dpu = state.dpus[card]!;
  const mine = dpu.phase !== Phase.Gone && dpu.uid === uid && !dpu.deleted;
  switch (kind) {
    case Does.SawClaim:
      return mine && dpu.phase === Phase.Initializing ? (next) => newAttempt(next, card, rules) : undefined;
    case Does.SawHolder:
      if (!mine || dpu.phase !== Phase.NodeEffect || (seen !== dpu.attempt && rules('holder-has-attempt'))) return undefined;
      return (next) => void Object.assign(next.dpus[card]!, { phase: Phase.OSInstalling, operation: Op.Open });
    case Does.SawBoot:
      if (!mine || dpu.phase !== Phase.Rebooting || !(rules('boots-are-ordered') ? seen > dpu.bootToLeave : seen !== dpu.bootToLeave))
        return undefined;
      return (next) => {
        Object.assign(next.dpus[card]!, { phase: Phase.Ready, bootToLeave: 0 });
        const onCard = next.cards[card]!;
        if (onCard.boot >= next.boot) next.wrong = Wrong.RebootUnproven;
        onCard.boot = 0;
      };
    case Does.SawNothing:
      if (dpu.phase === Phase.Gone || dpu.uid !== uid || !dpu.deleted || !isSafe(dpu)) return undefined;
      return (next) => void Object.assign(next.dpus[card]!, GONE);
    default:
      throw new Error(`no write of a Dpu: ${kind}`);
  }
}

/** The agent has said that it holds nothing of this uid. */
function agentLetGo(state: HostState, card: number, uid: number): boolean {
  return state.agent.up === 1 && !agentHolds(state, card, uid);
}

/** The agent has something of this uid in hand or in its journal, or a push child that outlived it has the card. */
export function agentHolds({ agent, cards }: HostState, card: number, uid: number): boolean {
  const entry = agent.journal[card]!;
  return agent.hands[card]!.uid === uid || (entry.uid === uid && isInProgress(entry)) || cards[card]!.orphan === 1;
}

/** Removes claim, holder and the mark of a forced deletion. The taint goes with the last holder, in the same write. */
export function removeFromNode(next: HostState, card: number, uid: number): void {
  next.node.holders[card]![uid - 1] = 0;
  if (next.node.claims[card] === uid) next.node.claims[card] = 0;
  if (next.node.forced[card] === uid) next.node.forced[card] = 0;
}
