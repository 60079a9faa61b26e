/** `node e2e/stories/kill-sweep.ts [--seeds N] [--first S] [--speed X] [--hosts N] [--control-plane real]`: the sweep as a command. Exit 1 when a run has a problem. */
import { parseArgs } from 'node:util';
import { providerOf } from '../fleet/control-planes.ts';
import { startFleet } from '../fleet/fleet.ts';
import { DpuWatching } from '../fleet/watching.ts';
import { hitTable, sweepRun, type SweepResult } from './sweep.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '30' },
    first: { type: 'string', default: '1' },
    speed: { type: 'string', default: '60' },
    hosts: { type: 'string', default: '4' },
    'control-plane': { type: 'string', default: 'embedded' },
  },
});
const [seeds, first, speed] = [Number(values.seeds), Number(values.first), Number(values.speed)];
const starting = startFleet({
  hosts: Number(values.hosts),
  speed,
  controlPlane: await providerOf(values['control-plane'], console.log),
  onStep: (step) => console.log(`starting ${step}`),
});
/** Ctrl+C may be heard several times: from the terminal and from whoever runs this. */
let stopping: Promise<unknown> | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopping ??= starting.then((running) => running.stop()).finally(() => process.exit(130));
  });
const fleet = await starting;
console.log(`logs: ${fleet.folder}/logs`);
const dpus = await DpuWatching.start(fleet.host.cluster);
const results: SweepResult[] = [];
for (let seed = first; seed < first + seeds; seed++) {
  const result = await sweepRun(fleet, dpus, seed, seeds);
  await stopping;
  results.push(result);
  console.log(
    `seed ${seed}: ${result.problems.length === 0 ? 'ok' : 'PROBLEMS'} in ${result.seconds.toFixed(1)} s, hits: ${result.hits.map(({ blow, moment }) => `${blow}@${moment}`).join(', ')}`,
  );
  for (const problem of result.problems) console.log(`  ${problem}`);
  if (result.problems.length > 0) break;
}
console.log(`\n${hitTable(results)}`);
const failed = results.some((result) => result.problems.length > 0);
await dpus.stop();
await fleet.stop({ keep: failed });
process.exit(failed ? 1 : 0);
