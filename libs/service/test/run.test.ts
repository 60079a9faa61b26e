import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const SERVICE = fileURLToPath(new URL('service.ts', import.meta.url));
interface Line {
  level: string;
  msg: string;
  version?: string;
  config?: object;
  err?: { message: string };
}

/** Runs the service in a process of its own; `onLine` sees each log line as it comes. */
async function run(environment: Record<string, string>, onLine: (line: Line, child: ChildProcess) => void = () => {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SERVICE], {
    env: { PROBES_HOST: '127.0.0.1', PROBES_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  let stderr = '';
  let rest = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  child.stdout.on('data', (data: Buffer) => {
    const parts = (rest + data.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = JSON.parse(part) as Line;
      lines.push(line);
      onLine(line, child);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stderr, lines, messages: lines.map((line) => line.msg) };
}
const stopOnceStarted =
  (signal: NodeJS.Signals) =>
  ({ msg }: Line, child: ChildProcess) => {
    if (msg === 'started') child.kill(signal);
  };

describe('an ordered stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: the last step registered goes first, then the process ends with code 0',
    async (signal) => {
      const { code, messages, stderr } = await run({ SCRIPT: 'serve' }, stopOnceStarted(signal));
      expect(messages).toEqual(['starting', 'started', 'told to stop', 'stopped third', 'stopped second', 'stopped first', 'stopped']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    },
  );

  test('a step that fails does not keep the others from stopping', async () => {
    const { code, messages } = await run({ SCRIPT: 'failing-stop' }, stopOnceStarted('SIGTERM'));
    expect(messages.slice(3)).toEqual(['stopped third', 'a step of the stop failed', 'stopped first', 'stopped']);
    expect(code).toBe(0);
  });

  test('a step that hangs is left behind after STOP_SECONDS, with code 1', async () => {
    const { code, messages } = await run({ SCRIPT: 'slow-stop', STOP_SECONDS: '1' }, stopOnceStarted('SIGTERM'));
    expect(messages.slice(3)).toEqual(['stopped third', 'the stop took too long, ending now']);
    expect(code).toBe(1);
  });
});

test('the log begins with what runs: its version and every setting, without a password', async () => {
  const { lines } = await run({ SCRIPT: 'serve', REDIS_URL: 'rediss://user:open@sesame@redis:6379' }, stopOnceStarted('SIGTERM'));
  expect(lines[0]).toMatchObject({
    msg: 'starting',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    config: { script: 'serve', redisUrl: 'rediss://[redacted]@redis:6379', logLevel: 'info', probesPort: 0, stopSeconds: 25 },
  });
});

describe('an end that nobody asked for has code 1, after the ordered stop', () => {
  test.each([
    ['cannot-start', 'cannot start', 'the port is taken'],
    ['fail', 'cannot go on', 'only a restart helps'],
    ['reject', 'unhandled rejection', 'nobody waits for me'],
    ['throw', 'uncaught exception', 'thrown in a timer'],
  ])('%s', async (script, message, error) => {
    const { code, lines, messages } = await run({ SCRIPT: script });
    expect(lines.find((line) => line.level === 'fatal')).toMatchObject({ msg: message, err: { message: error } });
    expect(messages.slice(-4)).toEqual(['stopped third', 'stopped second', 'stopped first', 'stopped']);
    expect(code).toBe(1);
  });
});

test('a configuration with problems ends with code 2; the problems of the service and the common ones are reported together', async () => {
  const { code, stderr, lines } = await run({ SCRIPT: 'dance', LOG_LEVEL: 'loud', STOP_SECONDS: '0' });
  expect(code).toBe(2);
  expect(lines).toEqual([]);
  expect(stderr).toMatch(
    /^test-service: the configuration has 3 problems:\n {2}- SCRIPT must be one of serve, .*\n {2}- LOG_LEVEL .*\n {2}- STOP_SECONDS /,
  );
});
