import { describe, expect, test } from '@jest/globals';
import { explore } from './checker.ts';
import { INVARIANTS } from './invariants.ts';
import type { Model } from './model.ts';
import { RULE_NAMES, allBut } from './rules.ts';
import { QUICK, SHOWN_IN } from './scopes.ts';

/** Many times what it takes on a free core. */
const PATIENCE_MS = 240_000;

describe('with all rules nothing breaks, and all DPUs can always become Ready', () => {
  test.each(QUICK)(
    '$name',
    (scope) => {
      const { broken, covered } = scope.explore(allBut());
      expect(broken).toBeUndefined();
      expect(covered.size).toBeGreaterThan(3);
    },
    PATIENCE_MS,
  );
});

describe('each rule is needed: without it something breaks', () => {
  test.each(RULE_NAMES)(
    '%s',
    (rule) => {
      const { broken } = SHOWN_IN[rule].explore(allBut(rule));
      expect(Object.keys(INVARIANTS)).toContain(broken?.what.split(' ')[0]);
      expect(broken?.trace.length).toBeGreaterThan(1);
    },
    PATIENCE_MS,
  );
});

describe('the checker', () => {
  /** A counter that goes up to `most`, and with a fault jumps to a state without way back. */
  const counter = (most: number, fields: Partial<Model<{ faults: number; at: number }>> = {}): Model<{ faults: number; at: number }> => ({
    name: 'counter',
    faults: 1,
    initial: () => ({ faults: 0, at: 0 }),
    key: ({ faults, at }) => String.fromCharCode(faults, at),
    unpack: (key) => ({ faults: key.charCodeAt(0), at: key.charCodeAt(1) }),
    steps: ({ faults, at }, emit) => {
      if (at < most) emit(() => `to ${at + 1}`, { faults, at: at + 1 });
      if (at === most) emit(() => 'to 0', { faults, at: 0 });
      if (at === 2 && faults === 0) emit(() => 'falls', { faults: 1, at: 99 }, 'fall');
    },
    broken: () => undefined,
    goal: ({ at }) => at === most,
    ...fields,
  });

  test('visits every state once', () => {
    expect(explore(counter(4, { goal: () => true }))).toEqual({ states: 6, covered: new Set(['fall']) });
  });

  test('finds the shortest way to what is broken', () => {
    const verdict = explore(counter(4, { broken: ({ at }) => (at === 3 ? 'I1 three' : undefined) }));
    expect(verdict.broken).toEqual({ what: 'I1 three', trace: ['to 1', 'to 2', 'to 3'] });
  });

  test('finds a state from which nothing leads to a goal, and names the fault on the way', () => {
    expect(explore(counter(4)).broken).toEqual({
      what: 'LIVE no schedule without a fault leads from here to all Ready',
      trace: ['to 1', 'to 2', '[fall] falls'],
    });
  });
});
