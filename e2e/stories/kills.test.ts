import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { auditLength, readAudit, writesPerDpu } from '../fleet/audit.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { DpuWatching } from '../fleet/watching.ts';
import { onBothControlPlanes } from './on-both.ts';
import { BLOWS, MOMENTS, planOf, sweepRun } from './sweep.ts';

/** Runs of the sweep in the suite; `node e2e/stories/kill-sweep.ts --seeds 30 [--control-plane real]` runs it whole. */
const RUNS = { embedded: 2, real: 1 };
/** Blows of a run: as many as a sweep of 30 runs deals. */
const SHARE = 30;

/** Repeats a run. */
const first = Number(process.env.DPF_SEED ?? 1 + Math.floor(Math.random() * SHARE));

test('a whole sweep deals every blow at every moment', () => {
  const dealt = new Set(Array.from({ length: SHARE }, (_, seed) => planOf(seed, SHARE)).flat());
  const pairs = [...dealt].map(({ blow, moment }) => `${blow}@${moment}`);
  expect(new Set(pairs).size).toBe(BLOWS.length * MOMENTS.length);
});

onBothControlPlanes({ hosts: 2, speed: 120 }, (started, kind) => {
  let fleet: Fleet;
  let dpus: DpuWatching;
  beforeAll(async () => {
    fleet = started();
    dpus = await DpuWatching.start(fleet.host.cluster);
  });
  afterAll(() => dpus?.stop());

  const seeds = Array.from({ length: RUNS[kind] }, (_, i) => (first + 7 * i) % SHARE);
  test.each(seeds)(
    'dealt by seed %i: every DPU becomes Ready, one completed flash per card, everything goes again',
    async (seed) => {
      const lines = await auditLength(fleet.host.auditLog!);
      const { problems, hits, seconds } = await sweepRun(fleet, dpus, seed, SHARE);
      process.stderr.write(
        `${kind}, seed ${seed} (DPF_SEED=${seed} repeats it), ${seconds.toFixed(0)} s: ${hits.map(({ blow, moment }) => `${blow}@${moment}`).join(', ')}\n`,
      );
      // Deletion and attempts that a blow cost are in it: a number to know, none to hold.
      const writes = [...writesPerDpu(await readAudit(fleet.host.auditLog!, lines), fleet.hosts.length + 1)];
      process.stderr.write(`  host-API writes per Dpu: ${writes.map(([what, count]) => `${what} ${count.toFixed(1)}`).join(', ')}\n`);
      expect(problems).toEqual([]);
    },
    400_000,
  );
});
