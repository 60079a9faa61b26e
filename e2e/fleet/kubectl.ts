/** The real kubectl, as a user would call it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { kubectlPath } from '../../hack/kubectl.ts';

const run = promisify(execFile);

/** Runs kubectl with these arguments and returns what it printed, trimmed. @throws Error with what it said on standard error */
export type Kubectl = (...argv: string[]) => Promise<string>;

export async function kubectlFor(kubeconfig: string): Promise<Kubectl> {
  const binary = await kubectlPath();
  return async (...argv) => {
    try {
      const { stdout } = await run(binary, ['--kubeconfig', kubeconfig, ...argv], { maxBuffer: 64 << 20 });
      return stdout.trim();
    } catch (error) {
      throw new Error(`kubectl ${argv.join(' ')}: ${(error as { stderr?: string }).stderr ?? String(error)}`, { cause: error });
    }
  };
}
