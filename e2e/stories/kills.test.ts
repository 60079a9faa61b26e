import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startFleet, type Fleet } from '../fleet/fleet.ts';
import { DpuWatching } from '../fleet/watching.ts';
import { BLOWS, MOMENTS, planOf, sweepRun } from './sweep.ts';

/** Runs of the sweep in the suite; `node e2e/stories/kill-sweep.ts --seeds 30` runs it whole. */
const RUNS = 2;
/** Blows of a run: as many as a sweep of 30 runs deals. */
const SHARE = 30;

let fleet: Fleet;
let dpus: DpuWatching;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 2, speed: 120 });
  dpus = await DpuWatching.start(fleet.host.cluster);
}, 60_000);
afterAll(async () => {
  await dpus?.stop();
  await fleet?.stop();
}, 60_000);

describe('kills', () => {
  test('a whole sweep deals every blow at every moment', () => {
    const dealt = new Set(Array.from({ length: SHARE }, (_, seed) => planOf(seed, SHARE)).flat());
    const pairs = [...dealt].map(({ blow, moment }) => `${blow}@${moment}`);
    expect(new Set(pairs).size).toBe(BLOWS.length * MOMENTS.length);
  });

  const first = Number(process.env.DPF_SEED ?? 1 + Math.floor(Math.random() * SHARE));
  test.each(Array.from({ length: RUNS }, (_, i) => (first + 7 * i) % SHARE))(
    'dealt by seed %i: every DPU becomes Ready, one completed flash per card, everything goes again',
    async (seed) => {
      const { problems, hits, seconds } = await sweepRun(fleet, dpus, seed, SHARE);
      process.stderr.write(
        `seed ${seed} (DPF_SEED=${seed} repeats it), ${seconds.toFixed(0)} s: ${hits.map(({ blow, moment }) => `${blow}@${moment}`).join(', ')}\n`,
      );
      expect(problems).toEqual([]);
    },
    400_000,
  );
});
