import type { Broken } from './invariants.ts';

/** Called for each successor of a state. `fault`: what has to go wrong for this step. */
export type Emit<State> = (label: () => string, next: State, fault?: string) => void;

/** What the checker explores. */
export interface Model<State> {
  readonly name: string;
  /** Most faults in one run. */
  readonly faults: number;
  initial(): State;
  /** States with the same key are the same (symmetry); the key is a packed state. */
  key(state: State): string;
  unpack(key: string): State;
  steps(state: State, emit: Emit<State>): void;
  broken(state: State): Broken | undefined;
  /** Everything is well: every state must be able to come to one like this without another fault. */
  goal(state: State): boolean;
}

/** Offers one successor of a state. */
export type Step<State> = (label: () => string, change: (next: State) => void, fault?: string) => void;

/**
 * Makes {@link Step} for a state, unless the run has used up its faults.
 * @param only the faults that may happen; empty: all
 */
export function stepper<State extends { faults: number }>(
  state: State,
  clone: (state: State) => State,
  bounds: { faults: number; only: readonly string[] },
  emit: Emit<State>,
): Step<State> {
  return (label, change, fault) => {
    if (fault !== undefined && (state.faults >= bounds.faults || (bounds.only.length > 0 && !bounds.only.includes(fault)))) return;
    const next = clone(state);
    if (fault !== undefined) next.faults++;
    change(next);
    emit(label, next, fault);
  };
}
