/** Looking at the cards of a simulated host. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { cardSpec, startDpuSim } from '@dpf/dpu-sim';
import { bench } from '../test/bench.ts';

const FEATURES = '/etc/kubernetes/node-feature-discovery/features.d/dpu';

test('looks at once (two preflights of one host) come one after the other: each writes the feature file whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dms-cards-'));
  const sim = await startDpuSim({ stateDir: folder, speed: 2000, hosts: [{ name: 'worker-1', cards: [cardSpec(0, 1), cardSpec(1, 2)] }] });
  const agent = await bench(sim.hosts()[0]!);
  try {
    for (let round = 0; round < 5; round++) {
      await agent.host.replace(FEATURES, 'stale=true\n');
      await Promise.all([agent.cards.refresh(), agent.cards.refresh(), agent.cards.refresh()]);
      expect((await agent.host.read(FEATURES)).toString()).toContain('dpu-1-pci-address=0000-b1-00\n');
    }
    expect(agent.cards.current.map(({ index }) => index)).toEqual([0, 1]);
  } finally {
    await agent.close();
    await sim.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
