/** The options of `npm run e2e`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { WORKSPACE } from '../fleet/workspace.ts';
import type { Settings } from './installation.ts';
import { STORIES, type StoryName } from './stories.ts';

export interface E2eOptions extends Settings {
  stories: StoryName[];
  keep: boolean;
}

const { version: VERSION } = JSON.parse(readFileSync(join(WORKSPACE, 'package.json'), 'utf8')) as { version: string };
const upTo600 = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 600) throw new InvalidArgumentError('expected a whole number from 1 to 600.');
  return value;
};
const more = (text: string, all: string[] = []) => [...all, text];
const storiesOf = (text: string) =>
  text.split(',').map((name) => {
    if (!Object.hasOwn(STORIES, name)) throw new InvalidArgumentError(`${name} is none of ${Object.keys(STORIES).join(', ')}.`);
    return name as StoryName;
  });

/** Reads argv; prints help or the problem and ends the process where that is asked for. */
export function readOptions(argv: readonly string[]): E2eOptions {
  return new Command('npm run e2e --')
    .description(
      'Installs the chart in simulator mode into a cluster, tells the stories there and removes it again. Every node becomes a host with two DPUs. The images must be there (npm run images, loaded or pushed).',
    )
    .requiredOption('--kubeconfig <file>', 'of an administrator of the cluster')
    .option('--registry <name>', 'registry and path of the images', 'dpf-provisioning')
    .option('--tag <tag>', 'their tag', VERSION)
    .option('--upgrade-tag <tag>', 'of further images, to which the services are upgraded during the rollout')
    .option('--values <file>', 'further values of the chart: its volume, its Redis image; may be repeated', more, [])
    .option('--set <value>', 'a further value, as of helm; may be repeated', more, [])
    .option('--stories <names>', `of ${Object.keys(STORIES).join(', ')}, separated by commas`, storiesOf, Object.keys(STORIES))
    .option('--node-off <command>', 'ends a node as a power cut does; {name} is its name, {number} the digits at its end')
    .option('--node-on <command>', 'starts it again. With both, resets of hosts reboot real nodes; without, they are simulated')
    .option('--container-kill <command>', 'kills {container} on node {name} ({number}); without, its process is asked to stop')
    .option(
      '--node-look <command>',
      'prints the names of our files on node {name} ({number}), a line each: once the release is uninstalled, none',
    )
    .option('--audit-log <file>', 'of the API server: what was refused, and the rollout budget, are judged on it')
    .option('--speed <X>', 'how many times as fast as real hardware the simulated one is', upTo600, 30)
    .option('--keep', 'leave everything installed at the end', false)
    .parse(argv, { from: 'user' })
    .opts<E2eOptions>();
}
