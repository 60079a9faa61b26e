/** Commands of the harness that act on a node from outside the cluster. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs a command in which `{name}` stands for the node, `{number}` for the digits at its end and `{container}` for a container id.
 * @returns what it printed
 * @throws Error with what the command said
 */
export async function onNode(command: string, name: string, container = ''): Promise<string> {
  const number = /\d+$/.exec(name)?.[0] ?? '';
  const [program, ...argv] = command
    .split(' ')
    .map((word) => word.replaceAll('{name}', name).replaceAll('{number}', number).replaceAll('{container}', container));
  return (await run(program as string, argv)).stdout;
}
