import type { Step } from '../model.ts';
import type { Rules } from '../rules.ts';
import { Hand, Job, Op, Phase, isSameAttempt, type Attempt, type HostState } from './state.ts';

/** One state whose successors are asked for. */
export interface Scene {
  readonly state: HostState;
  readonly rules: Rules;
  readonly step: Step<HostState>;
}

/** Things done by mistake; `HostState.wrong` is an index of {@link BROKEN_BY}. */
export const Wrong = {
  FlashRepeated: 1,
  TwoFlashes: 2,
  TwoResets: 3,
  ResetInInstall: 4,
  RebootUnproven: 5,
  ResetWithoutEffect: 6,
  CutOff: 7,
} as const;
export const BROKEN_BY = [
  undefined,
  'I1 a completed flash is repeated for the same attempt',
  'I1 two attempts flash a card at once',
  'I3 two resets issued for one boot id',
  'I3 reset between first byte and end of an install',
  'I8 Rebooting left although the host has not booted since the install ended',
  'I4 reset of a host without node effect',
  'I9 a deletion cuts an install off',
] as const;

/** Takes one attempt for another? Only what carries the uid can tell them apart. */
export const looksSame = (rules: Rules, a: Attempt, b: Attempt): boolean =>
  a.attempt === b.attempt && (rules('op-has-uid') ? isSameAttempt(a, b) : true);

/** The next try of a Dpu: not before its predecessor has ended, if rule end-before-next is kept. */
export function newAttempt(next: HostState, card: number, rules: Rules): void {
  const dpu = next.dpus[card]!;
  dpu.phase = Phase.NodeEffect;
  dpu.attempt++;
  dpu.operation = Op.None;
  dpu.newer = 0;
  dpu.bootToLeave = rules('boot-of-report') ? 0 : next.node.boot;
  next.jobs[card] = Job.None;
}

export function putDown(next: HostState, card: number): void {
  const hand = next.agent.hands[card]!;
  hand.uid = 0;
  hand.attempt = 0;
  hand.state = Hand.Idle;
}

/** Notes in the agent's journal how the attempt in it has ended. */
export function journalEnd(next: HostState, card: number, state: number, boot = 0): void {
  const entry = next.agent.journal[card]!;
  entry.state = state;
  entry.boot = boot;
  putDown(next, card);
}
