/** The options of `npm run bench`. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { BENCHMARKS } from './benchmarks/index.ts';

export interface BenchOptions {
  /** Empty: all. */
  names: string[];
  controlPlane: 'embedded' | 'real' | 'both';
  /** Default: the benchmark's own. */
  size?: number;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a positive whole number.');
  return value;
}

/** Reads argv; prints help or the problem and ends the process where that is asked for. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures the system against lower bounds and peers of the same run, on the embedded and on a real API server.')
    .addArgument(new Argument('[benchmarks...]', 'which; default: all').choices(BENCHMARKS.map(({ name }) => name)))
    .addOption(
      new Option('--control-plane <kind>', 'on which API servers; a real one needs KUBEBUILDER_ASSETS, or Go to build it once')
        .choices(['embedded', 'real', 'both'])
        .default('both'),
    )
    .option('--size <N>', 'DPUs, Nodes or objects; default: the size at which the goal is set', positive)
    .addHelpText(
      'after',
      `\nBenchmarks:\n${BENCHMARKS.map(({ name, story, size }) => `  ${name.padEnd(10)} ${story} (N = ${size})`).join('\n')}`,
    )
    .parse(argv as string[], { from: 'user' });
  return { names: command.args, ...command.opts<Omit<BenchOptions, 'names'>>() };
}
