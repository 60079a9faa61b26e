/** The options of `npm run demo`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { CONTROL_PLANES } from '../fleet/control-planes.ts';
import { FAULTS } from './faults.ts';

export interface DemoOptions {
  hosts: number;
  speed: number;
  controlPlane: string;
  hold: boolean;
  fault?: string;
  keep: boolean;
  timeout: number;
}

const within = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
  return value;
};

/** Reads argv; prints help or the problem and ends the process where that is asked for. */
export function readOptions(argv: readonly string[]): DemoOptions {
  return new Command('npm run demo --')
    .description(
      'Provisions simulated DPUs on this machine: Kubernetes API, real Redis, simulated hosts, real services. The first host has two DPUs, the others one.',
    )
    .option('--hosts <N>', 'simulated hosts', within(1, 200), 4)
    .option('--speed <X>', 'how many times faster than real hardware the simulated hardware is', within(1, 600), 60)
    .addOption(
      new Option(
        '--control-plane <kind>',
        'the embedded Kubernetes API, or real ones with RBAC (needs KUBEBUILDER_ASSETS, or Go to build them once)',
      )
        .choices(CONTROL_PLANES)
        .default('embedded'),
    )
    .addOption(new Option('--fault <name>', 'something that goes wrong on the way, and is healed').choices(Object.keys(FAULTS)))
    .option('--hold', 'keep everything running at the end and print the KUBECONFIG to use', false)
    .option('--keep', 'keep the folder with logs and state', false)
    .option('--timeout <seconds>', 'give up when the DPUs are not Ready by then', within(10, 86_400), 300)
    .addHelpText(
      'after',
      `\nFaults:\n${Object.entries(FAULTS)
        .map(([name, { story }]) => `  ${name.padEnd(22)} ${story}`)
        .join('\n')}`,
    )
    .parse(argv as string[], { from: 'user' })
    .opts<DemoOptions>();
}
