/**
 * What `helm uninstall` runs on every host, from the agent's image: no other program knows the agent's files, and no other image is there for certain.
 * The last words are the container's termination message, which the Job of step `nodes` reads: what stays, and why; none: nothing does.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, env, readConfig } from '@dpf/service';
import { FEATURE_FILE } from '../detect/nfd.ts';
import { removeFiles } from './files.ts';

try {
  const { hostRoot, stateDir, waitSeconds, messageFile } = readConfig({
    hostRoot: ['HOST_ROOT', env.text('/')],
    stateDir: ['STATE_DIR', env.text()],
    /** An agent has so long to end. */
    waitSeconds: ['WAIT_SECONDS', env.integer({ min: 0, max: 3600, default: 90 })],
    messageFile: ['MESSAGE_FILE', env.text('/dev/termination-log')],
  });
  const files = { stateDir: join(hostRoot, stateDir), featureFile: join(hostRoot, FEATURE_FILE) };
  const why = await removeFiles(files, AbortSignal.timeout(waitSeconds * 1000)).catch((error: Error) => error.message);
  const message = why === undefined ? '' : `${stateDir}: ${why}`;
  if (message) console.log(message);
  writeFileSync(messageFile, message);
} catch (error) {
  console.error(`uninstall: ${(error as Error).message}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
