/** A service for the tests of its life: does what SCRIPT says. */
import { setTimeout as pause } from 'node:timers/promises';
import { env, runService } from '../src/index.ts';

await runService({
  name: 'test-service',
  config: {
    script: ['SCRIPT', env.choice(['serve', 'slow-stop', 'failing-stop', 'cannot-start', 'fail', 'reject', 'throw'])],
    redisUrl: ['REDIS_URL', env.optional()],
  },
  start: async ({ config: { script }, log, onStop, fail, signal }) => {
    signal.addEventListener('abort', () => log.info('told to stop'));
    for (const name of ['first', 'second', 'third'])
      onStop(name, async () => {
        await pause(10);
        if (script === 'failing-stop' && name === 'second') throw new Error('second cannot stop');
        if (script === 'slow-stop' && name === 'second') await new Promise(() => setInterval(() => {}, 1_000));
        log.info(`stopped ${name}`);
      });
    if (script === 'cannot-start') throw new Error('the port is taken');
    if (script === 'fail') setTimeout(() => fail(new Error('only a restart helps')), 10);
    if (script === 'reject') setTimeout(() => void Promise.reject(new Error('nobody waits for me')), 10);
    if (script === 'throw')
      setTimeout(() => {
        throw new Error('thrown in a timer');
      }, 10);
  },
});
