/** What one reconcile does of a plan that is too large for it. */
import type { Dpu } from '@dpf/api';
import type { ResourceClient } from '@dpf/kube';
import { expect, test } from '@jest/globals';
import { aNode, aSet } from '../test/builders.ts';
import { act, isUnfinished, type Hands } from './act.ts';
import { plan } from './plan/plan.ts';

const set = aSet();
const nodes = new Map(Array.from({ length: 12 }, (_, i) => [`w${i}`, aNode(`w${i}`)]));
const decided = plan({ set, dpus: [], nodes, now: new Date(0) });

/** Every look at the clock takes a second. */
async function actFor(seconds: number) {
  const made: string[] = [];
  const client = { create: async (dpu: Dpu) => (made.push(dpu.metadata.name), dpu) } as unknown as ResourceClient<Dpu>;
  const hands = { cluster: { resource: () => client }, events: { record: () => undefined } } as unknown as Hands;
  let looks = 0;
  const acted = await act(hands, set, decided, new AbortController().signal, () => (looks++ / seconds) * 5_000);
  return { made, acted };
}

test('creates are begun for five seconds; what is left over follows in the next reconcile, at once', async () => {
  const { made, acted } = await actFor(5);
  expect(made).toHaveLength(4);
  expect(acted.create).toHaveLength(8);
  expect(acted.own.map(({ metadata }) => metadata.name)).toEqual(made);
  expect(isUnfinished(acted)).toBe(true);
});

test('creates that fit in are all made, however many', async () => {
  const { made, acted } = await actFor(1_000);
  expect(made).toHaveLength(12);
  expect(isUnfinished(acted)).toBe(false);
});
