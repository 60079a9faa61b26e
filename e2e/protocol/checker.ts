/** An explicit-state model checker: visits every state within the bounds, breadth first. */
import type { Broken } from './invariants.ts';
import type { Model } from './model.ts';

export interface Verdict {
  states: number;
  /** What is broken, and the shortest way there. */
  broken?: { what: Broken; trace: string[] };
  /** Faults that happened in some run; not told when something is broken. */
  covered: Set<string>;
}

/** Stops at the first state in which something is broken; otherwise asks of every state whether steps without a fault lead from it to a goal. */
export function explore<State>(model: Model<State>): Verdict {
  const ids = new Map<string, number>();
  const keys: string[] = [];
  const parents: number[] = [];
  const edges = new Edges();
  const covered = new Set<string>();
  const visit = (state: State, parent: number): number => {
    const key = model.key(state);
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, keys.length);
    parents.push(parent);
    return keys.push(key) - 1;
  };
  visit(model.initial(), -1);
  for (let id = 0; id < keys.length; id++) {
    const state = model.unpack(keys[id]!);
    const what = model.broken(state);
    if (what !== undefined) return { states: keys.length, broken: { what, trace: traceTo(model, id, keys, parents) }, covered };
    model.steps(state, (_label, next, fault) => {
      const to = visit(next, id);
      if (fault === undefined) edges.add(id, to);
      else covered.add(fault);
    });
  }
  const stuck = edges.withoutWayTo(keys.length, (id) => model.goal(model.unpack(keys[id]!)));
  if (stuck < 0) return { states: keys.length, covered };
  const what = 'LIVE no schedule without a fault leads from here to all Ready';
  return { states: keys.length, broken: { what, trace: traceTo(model, stuck, keys, parents) }, covered };
}

/** The labels on the way from the start. It is walked again: symmetry swaps names, walking puts them right. */
function traceTo<State>(model: Model<State>, id: number, keys: string[], parents: number[]): string[] {
  const path: number[] = [];
  for (let at = id; at > 0; at = parents[at]!) path.unshift(at);
  let state = model.initial();
  return path.map((at) => {
    let found: { label: () => string; next: State; fault: string | undefined } | undefined;
    model.steps(state, (label, next, fault) => {
      if (!found && model.key(next) === keys[at]) found = { label, next, fault };
    });
    if (!found) throw new Error('a state is no successor of its parent: the key of the model is no symmetry');
    state = found.next;
    return `${found.fault === undefined ? '' : `[${found.fault}] `}${found.label()}`;
  });
}

/** The steps without a fault, as two growing columns. */
class Edges {
  private from = new Int32Array(1 << 16);
  private to = new Int32Array(1 << 16);
  private count = 0;

  add(from: number, to: number): void {
    if (this.count === this.from.length) {
      this.from = grown(this.from);
      this.to = grown(this.to);
    }
    this.from[this.count] = from;
    this.to[this.count++] = to;
  }

  /** The first of the states 0…states-1 from which no way leads to a goal, or -1. */
  withoutWayTo(states: number, goal: (id: number) => boolean): number {
    // Predecessors of a state: a slice of one array.
    const start = new Int32Array(states + 1);
    const predecessors = new Int32Array(this.count);
    for (let edge = 0; edge < this.count; edge++) start[this.to[edge]! + 1]!++;
    for (let id = 0; id < states; id++) start[id + 1]! += start[id]!;
    const next = start.slice();
    for (let edge = 0; edge < this.count; edge++) predecessors[next[this.to[edge]!]!++] = this.from[edge]!;
    const good = new Uint8Array(states);
    const found: number[] = [];
    const mark = (id: number): void => {
      if (good[id] === 0) {
        good[id] = 1;
        found.push(id);
      }
    };
    for (let id = 0; id < states; id++) if (goal(id)) mark(id);
    for (let id = found.pop(); id !== undefined; id = found.pop())
      for (let edge = start[id]!; edge < start[id + 1]!; edge++) mark(predecessors[edge]!);
    return good.indexOf(0);
  }
}

function grown(column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const bigger = new Int32Array(2 * column.length);
  bigger.set(column);
  return bigger;
}
