/** What a large set costs at the API, and how fast it moves. No hosts answer: everything up to the agents' first word. */
import { availableParallelism, loadavg } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KINDS, type Bfb, type Dpu, type DPUFlavor, type DpuSet } from '@dpf/api';
import { example } from './example.ts';
import { startLargeFleet, type LargeFleet } from './large-fleet.ts';

const FEW = 5;
const MANY = 500;
/** How long nobody may ask the API anything; 60 s and more by hand. */
const QUIET_SECONDS = Number(process.env['SCALE_QUIET_SECONDS'] ?? 15);
/** Time for all DPUs to come into being and to say what they wait for. Nothing is asked of it but an end. */
const CREATION_SECONDS = 90;

/**
 * How many times as long as on a machine of its own something takes here: whoever shares the processors with others waits for its turn. The fleet's own
 * processes and those of a second test file are not counted as others.
 */
const crowding = () => Math.max(1, (loadavg()[0] ?? 0) / (2 * availableParallelism()));

const waitsForFlavor = ({ status }: Dpu) => status?.waitingFor?.startsWith('DPUFlavor dpf-provisioning/hbn to exist') ?? false;
const describeDpu = ({ metadata, status }: Dpu) => `${metadata.name} ${status?.phase}: ${status?.waitingFor}`;

interface Cost {
  /** Requests of all controllers by Dpu. */
  perDpu: number;
  /** Those of dpu-controller: no set's share of lists dilutes them. */
  ofDpuController: number;
  /** From the creation of the set until all Dpus wait. */
  seconds: number;
  table: string;
}

/** Applies the example without its flavor; resolves with the requests that each Dpu cost until all say that it is missing. */
async function createWithoutFlavor(fleet: LargeFleet, count: number): Promise<Cost> {
  const { cluster } = fleet.host;
  const { bfb, set } = example();
  await cluster.resource<Bfb>(KINDS.Bfb).create(bfb);
  await fleet.quiet(2_000, 60);
  const before = fleet.requestTable();
  const began = performance.now();
  await cluster.resource<DpuSet>(KINDS.DpuSet).create(set);
  const all = (dpus: Dpu[]) => dpus.length === count && dpus.every(waitsForFlavor);
  await fleet.dpus.until(`${count} Dpus that wait for the flavor`, all, CREATION_SECONDS, describeDpu);
  const seconds = (performance.now() - began) / 1000;
  // A set is listed at most a tenth of the time: its last look follows the last Dpu by a while.
  await fleet.quiet(4_000 * crowding(), 90);
  const table = fleet.requestTable(before);
  const perDpu = sum(table) / count;
  const ofDpuController = sum(new Map([...table].filter(([what]) => what.startsWith('dpu-controller')))) / count;
  return {
    perDpu,
    ofDpuController,
    seconds,
    table: `${count} Dpus: ${perDpu.toFixed(2)} requests each, in ${seconds.toFixed(1)} s\n${linesOf(table)}`,
  };
}

const sum = (table: ReadonlyMap<string, number>) => [...table.values()].reduce((a, b) => a + b, 0);
const linesOf = (table: ReadonlyMap<string, number>) => [...table].map(([what, count]) => `  ${what}: ${count}`).join('\n');

describe(`a set of ${MANY} DPUs whose flavor is missing`, () => {
  let fleet: LargeFleet;
  let few: Cost;
  let many: Cost;

  beforeAll(async () => {
    const small = await startLargeFleet(FEW);
    few = await createWithoutFlavor(small, FEW).finally(() => small.stop());
    fleet = await startLargeFleet(MANY);
    many = await createWithoutFlavor(fleet, MANY);
  }, 240_000);
  afterAll(() => fleet?.stop());

  test(`each Dpu costs at most 1.1 times the requests of one of ${FEW}`, () => {
    console.info(`${few.table}\n${many.table}`);
    expect(many.perDpu).toBeLessThanOrEqual(1.1 * few.perDpu);
    expect(many.ofDpuController).toBeLessThanOrEqual(1.1 * few.ofDpuController);
  });

  test(
    `waiting, nobody asks the API anything for ${QUIET_SECONDS} s`,
    async () => {
      const before = fleet.requestTable();
      await new Promise((resolve) => setTimeout(resolve, QUIET_SECONDS * 1000));
      expect([...fleet.requestTable(before)]).toEqual([]);
    },
    (QUIET_SECONDS + 10) * 1000,
  );

  test('once the flavor is there all move on at once: in less time than it took to make them', async () => {
    const before = fleet.requestTable();
    const began = performance.now();
    await fleet.host.cluster.resource<DPUFlavor>(KINDS.DPUFlavor).create(example().flavor);
    await fleet.dpus.until('no Dpu waits for the flavor', (dpus) => !dpus.some(waitsForFlavor), 30, describeDpu);
    const seconds = (performance.now() - began) / 1000;
    const anyDpu = describeDpu(fleet.dpus.all[0] as Dpu);
    console.info(
      `${MANY} Dpus moved on within ${seconds.toFixed(2)} s, at a crowding of ${crowding().toFixed(1)}\n${linesOf(fleet.requestTable(before))}\n  ${anyDpu}`,
    );
    expect(fleet.dpus.all.map(({ status }) => status?.phase)).not.toContain('Initializing');
    expect(seconds).toBeLessThan(many.seconds);
  }, 60_000);
});
