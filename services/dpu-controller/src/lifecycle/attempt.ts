/** Attempts: what follows a failure, and how long the pause before the next try is. */
import type { DpuStatus, Phase } from '@dpf/api';
import type { Fail } from './outcome.ts';

/** Retries after a transient failure, since the last change of the spec. */
export const MAX_RETRIES = 3;
const PAUSE = { first: 30_000, longest: 15 * 60_000, longestHarmless: 5 * 60_000, jitter: 0.2 };

/** Phases whose step touches no card: tried again for as long as it takes, at no cost of a try. */
const HARMLESS: ReadonlySet<Phase> = new Set<Phase>(['Pending', 'HostNetworkConfiguration', 'Deleting']);

/** The phase in which the next attempt begins: what flashes nothing is repeated by itself. */
export const restartsIn = (phase: Phase): Phase => (phase === 'HostNetworkConfiguration' || phase === 'Deleting' ? phase : 'Initializing');

export type Consequence = { then: 'retry'; pauseMs: number; retries: number } | { then: 'error' };

/**
 * What a failure leads to. Transient: three retries, 30 s doubling to 15 min, ±20 %; a push cut off by the agent's own end costs none, and no pause unless the one before was cut off too.
 * @param chance 0 ≤ chance < 1
 */
export function consequenceOf(failure: Fail, status: DpuStatus, phase: Phase, now: number, chance: number): Consequence {
  const retries = status.attempt?.retries ?? 0;
  const jittered = (ms: number) => withJitter(ms, chance);
  if (failure.cutOff) return { then: 'retry', pauseMs: jittered(cutOffPause(failure.reason, status)), retries };
  if (failure.class === 'neverSucceeds') return { then: 'error' };
  if (HARMLESS.has(phase)) return { then: 'retry', pauseMs: harmlessPause(failure.reason, status, now, chance), retries };
  if (failure.class !== 'transient' || retries >= MAX_RETRIES) return { then: 'error' };
  return { then: 'retry', pauseMs: jittered(Math.min(PAUSE.longest, PAUSE.first * 2 ** retries)), retries: retries + 1 };
}

/** Milliseconds: an agent's upgrade costs nothing; an agent that ends again and again pauses longer and longer. */
function cutOffPause(reason: string, { history = [], attempt }: DpuStatus): number {
  const before = history.filter((entry) => entry.attempt !== attempt?.number);
  const inARow = before.length - 1 - before.findLastIndex((entry) => entry.result !== 'Failed' || entry.reason !== reason);
  return inARow === 0 ? 0 : Math.min(PAUSE.longest, PAUSE.first * 2 ** (inARow - 1));
}

const withJitter = (ms: number, chance: number): number => Math.round(ms * (1 - PAUSE.jitter + 2 * PAUSE.jitter * chance));

/** Milliseconds; doubles without a counter: twice the time since the same failure happened last. */
export function harmlessPause(reason: string, status: DpuStatus, now: number, chance: number): number {
  const last = status.lastError;
  const pause =
    last?.reason === reason ? Math.min(PAUSE.longestHarmless, Math.max(PAUSE.first, 2 * (now - Date.parse(last.at)))) : PAUSE.first;
  return withJitter(pause, chance);
}
