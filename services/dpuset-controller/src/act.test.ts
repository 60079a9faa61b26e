/** What one reconcile does of a plan that is too large for it, or that rests on Nodes as they no longer are. */
import type { Dpu, KindInfo, Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { expect, test } from '@jest/globals';
import { aNode, aSet } from '../test/builders.ts';
import { act, isUnfinished, type Hands } from './act.ts';
import { plan, type Plan } from './plan/plan.ts';

const set = aSet();
const nodes = new Map(Array.from({ length: 12 }, (_, i) => [`w${i}`, aNode(`w${i}`)]));
const decided = plan({ set, dpus: [], nodes, now: new Date(0) });

/** Acts on a plan while the Nodes are these; every look at the clock takes a second. */
async function actOn(decided: Plan, live: ReadonlyMap<string, Node>, seconds = 1_000) {
  const made: string[] = [];
  const deleted: string[] = [];
  const read: string[] = [];
  const dpus = {
    create: async (dpu: Dpu) => (made.push(dpu.metadata.name), dpu),
    delete: async ({ name }: { name: string }) => void deleted.push(name),
  };
  const hosts = { get: async ({ name }: { name: string }) => (read.push(name), live.get(name)) };
  const resource = ({ kind }: KindInfo) => (kind === CORE.Node.kind ? hosts : dpus);
  const hands = { cluster: { resource }, events: { record: () => undefined } } as unknown as Hands;
  let looks = 0;
  const acted = await act(hands, set, decided, new AbortController().signal, () => (looks++ / seconds) * 5_000);
  return { made, deleted, read, acted };
}
const actFor = (seconds: number) => actOn(decided, nodes, seconds);

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

test('a host that was taken out of the set meanwhile gets no Dpu, nor does one that is gone; each Node is read once', async () => {
  const twoCards = new Map(['w1', 'w2', 'w3'].map((name) => [name, aNode(name, 2)]));
  const stale = plan({ set, dpus: [], nodes: twoCards, now: new Date(0) });
  const live = new Map([
    ['w1', aNode('w1', 2)],
    ['w2', aNode('w2', 2, { 'feature.node.kubernetes.io/dpu-enabled': 'false' })],
  ]);
  const { made, read } = await actOn(stale, live);
  expect(made).toEqual(['w1-0000-4b-00', 'w1-0000-4c-00']);
  expect(read).toEqual(['w1', 'w2', 'w3']);
});

test('a Dpu whose host is selected after all is not deleted: its card would be flashed again', async () => {
  const own = decided.create.map((dpu) => ({ ...dpu, metadata: { ...dpu.metadata, uid: `uid-of-${dpu.metadata.name}` } }));
  const none = new Map<string, Node>();
  const stale = plan({ set, dpus: own, nodes: none, now: new Date(0) });
  expect(stale.remove).toHaveLength(12);
  const { deleted } = await actOn(stale, new Map([['w1', aNode('w1')]]));
  expect(deleted).toHaveLength(11);
  expect(deleted).not.toContain('w1-0000-4b-00');
});
