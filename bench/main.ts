/** `npm run bench`: runs benchmarks on the embedded and on a real API server, side by side, and prints tables. */
import { availableParallelism, loadavg } from 'node:os';
import { BENCHMARKS } from './src/benchmarks/index.ts';
import { readOptions } from './src/options.ts';
import type { Result } from './src/report/result.ts';
import { tableOf } from './src/report/table.ts';
import { serversOf } from './src/servers/servers.ts';

// Redis and the processes that are measured end with this one's exit, which a signal alone would skip.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));

const options = readOptions(process.argv.slice(2));
const say = (line: string) => console.error(`  ${line}`);
const servers = await serversOf(options.controlPlane, say);
const chosen = BENCHMARKS.filter(({ name }) => options.names.length === 0 || options.names.includes(name));
for (const benchmark of chosen) {
  const size = options.size ?? benchmark.size;
  console.log(`\n${benchmark.name}: ${benchmark.story}. N = ${size}`);
  const results: Result[] = [];
  for (const server of servers) {
    say(`on the ${server.name} API server; load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`);
    try {
      results.push(await benchmark.run({ servers: server, size, say }));
    } catch (error) {
      console.error(`  ${benchmark.name} on the ${server.name} API server failed: ${(error as Error).stack}`);
      process.exitCode = 1;
    }
  }
  console.log(tableOf(results));
  for (const { on, notes } of results) for (const note of notes) console.log(`  ${on}: ${note}`);
  console.log(`  again: npm run bench -- ${benchmark.name} --control-plane ${options.controlPlane} --size ${size}`);
}
process.exit();
