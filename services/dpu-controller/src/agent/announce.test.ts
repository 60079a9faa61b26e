import { NODE_ANNOTATIONS, type Announcement } from '@dpf/api';
import { expect, test } from '@jest/globals';
import { node, PCI } from '../test/builders.ts';
import type { World } from '../world.ts';
import { announce } from './announce.ts';

const said: Announcement = {
  node: 'worker-1',
  instance: 'i',
  boot: 2,
  bootId: 'b',
  sequence: 1,
  agentVersion: '1',
  cards: [],
  journal: [],
  holds: [],
};

test('a card that a Dpu of another release has: nothing is asked about that Dpu, its claim stays, and the agent hears that it exists', async () => {
  const asked: string[] = [];
  const patches: unknown[] = [];
  const host = node().record(NODE_ANNOTATIONS.card(PCI), { uid: 'theirs', namespace: 'green', name: 'd' }).object;
  const world = {
    stores: { dpus: { byIndex: () => [] } },
    api: {
      nodes: { get: async () => host, patch: async (_: unknown, patch: unknown) => void patches.push(patch) },
      dpus: { get: async ({ namespace }: { namespace: string }) => void asked.push(namespace) },
    },
    wake: async (key: string) => void asked.push(key),
    settings: { namespaces: ['dpf'], discovery: 'nfd', agentSilentSeconds: 120 },
    clock: { now: () => 0 },
  } as unknown as World;
  expect(await announce(world, 'worker-1', said)).toEqual({
    accepted: { dpus: [{ uid: 'theirs', namespace: 'green', name: 'd', pci: PCI }] },
  });
  expect(asked).toEqual([]);
  expect(JSON.stringify(patches)).not.toContain('card-');
});
