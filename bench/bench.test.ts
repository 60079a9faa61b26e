/** Every benchmark runs, and counts what it says it counts. No times: a test is no stopwatch. */
import { knownAssets } from '@dpf/control-plane';
import { describe, expect, test } from '@jest/globals';
import { BENCHMARKS } from './src/benchmarks/index.ts';
import { drawHardware } from './src/light/hardware.ts';
import { atLeast, atMost, either, type Result } from './src/report/result.ts';
import { median } from './src/report/statistics.ts';
import { tableOf } from './src/report/table.ts';
import { EMBEDDED_SERVERS, realServers, type ServerProvider } from './src/servers/servers.ts';

const PATIENCE_MS = 240_000;
/** What is certain at the tiny size, whatever the machine. */
const CERTAIN: Record<string, Record<string, unknown>> = {
  api: { objects: 20 },
  cost: { dpus: 2, lists: 0 },
  create: { posts: 5 },
  instant: { 'dpus among 1': 1, 'dpus among 3': 3 },
  provision: { dpus: 6, installs: 7 },
  resync: { dpus: 5, writes: 0 },
  memory: { writes: 0 },
};

async function runs(name: string, servers: ServerProvider): Promise<void> {
  const benchmark = BENCHMARKS.find((each) => each.name === name)!;
  const result = await benchmark.run({ servers, size: benchmark.tiny, say: () => undefined });
  expect(result.counts).toMatchObject(CERTAIN[name]!);
  expect(result.figures.every(({ what, measured }) => what !== '' && !measured.includes('NaN'))).toBe(true);
  expect(tableOf([result])).toContain(servers.name);
}

describe('on the embedded API server', () => {
  test.each(BENCHMARKS.map(({ name }) => name))('%s runs', (name) => runs(name, EMBEDDED_SERVERS), PATIENCE_MS);
});

const assets = knownAssets('api');
(('folder' in assets ? describe : describe.skip) as typeof describe)('on a real API server', () => {
  // The others differ in nothing but the server that these show to work.
  test.each(['api', 'create', 'instant'])(
    '%s runs',
    (name) => runs(name, realServers('folder' in assets ? assets.folder : '')),
    PATIENCE_MS,
  );
});

describe('the report', () => {
  test('says by how much a goal is missed, and nothing of one that is met', () => {
    expect(atMost(2.5, 1.25, '')).toEqual({ text: '≤ 1.25', met: false, miss: '2.00 times the goal' });
    expect(atLeast(500, 2_000, '/s')).toEqual({ text: '≥ 2000/s', met: false, miss: '25.0 % of the goal' });
    expect(either(atMost(2, 1, ''), atLeast(3, 2, ''))).toEqual({ text: '≤ 1 or ≥ 2', met: true });
  });

  test('shows the figures of both servers one below the other', () => {
    const result = (on: string): Result => ({
      benchmark: 'x',
      on,
      figures: [
        { what: 'a', measured: '1 s' },
        { what: 'b', measured: '2 s', beside: '1 s', ratio: 2, goal: atMost(2, 3, '') },
      ],
      notes: [],
      counts: {},
    });
    const lines = tableOf([result('embedded'), result('real')]).split('\n');
    expect(lines.slice(2).map((line) => line.split(/\s{2,}/))).toEqual([
      ['a', 'embedded', '1 s'],
      ['a', 'real', '1 s'],
      ['b', 'embedded', '2 s', '1 s', '2.00', '≤ 3', 'met'],
      ['b', 'real', '2 s', '1 s', '2.00', '≤ 3', 'met'],
    ]);
  });

  test('simulated hardware is the same in every run: a median near the one asked for, and each n-th cut off once', () => {
    const hardware = drawHardware(1_000, { median: 2_000, sigma: 0.25, failEvery: 50, reboot: 200 });
    expect(hardware).toEqual(drawHardware(1_000, { median: 2_000, sigma: 0.25, failEvery: 50, reboot: 200 }));
    expect(hardware.filter(({ installs }) => installs.length === 2)).toHaveLength(20);
    const typical = median(hardware.map(({ installs }) => installs.at(-1)!));
    expect(Math.abs(typical - 2_000)).toBeLessThan(100);
  });
});
