import { describe, expect, test } from '@jest/globals';
import { createLogger, redact } from './log.ts';

/** What a logger writes. */
function logged(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(createLogger('test', 'info', { write: (line: string) => void lines.push(line) }));
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}
const JWT = 'eyJhbGciOiJSUzI1NiIsImtpZCI6Ing.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ.c2lnbmF0dXJl-_x';

describe('a secret in a text is removed', () => {
  test.each([
    ['bearer token', `Authorization: Bearer ${'a1'.repeat(10)}`, 'Authorization: Bearer [redacted]'],
    ['basic credentials', 'basic dXNlcjpwYXNzd29yZA==', 'basic [redacted]'],
    ['JWT', `token ${JWT} refused`, 'token [redacted] refused'],
    ['bootstrap token', 'kubeadm join --token abcdef.0123456789abcdef x', 'kubeadm join --token [redacted] x'],
    ['credentials in a URL', 'cannot reach rediss://agent:sesame@redis:6379/0', 'cannot reach rediss://[redacted]@redis:6379/0'],
    ['credentials with an @', 'rediss://agent:open@sesame@redis:6379/0', 'rediss://[redacted]@redis:6379/0'],
    ['sha512-crypt hash', "ubuntu_PASSWORD='$6$salt$hash/of.password'", "ubuntu_PASSWORD='[redacted]'"],
    ['yescrypt hash', '$y$j9T$abc$def0123', '[redacted]'],
  ])('%s', (_, text, shown) => expect(redact(text)).toBe(shown));

  test.each([
    'Dpu ns/worker-1-0000-4b-00 is Ready',
    'install.0b9c6f6e-4f44-4f0e-9f7a-0a6a6a6a6a6a.3',
    'https://content.mellanox.com/BlueField/x.bfb?token=',
    'abcdef.012',
    'sha256:0123456789abcdef',
  ])('and what is none stays: %s', (text) => expect(redact(text)).toBe(text));
});

describe('a log line', () => {
  test('is JSON with time, level, name, message and fields', () => {
    expect(logged((log) => log.info({ dpu: 'ns/d' }, 'advanced'))).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      name: 'test',
      dpu: 'ns/d',
      msg: 'advanced',
    });
  });

  test.each(['bfcfg', 'token', 'password', 'authorization', 'secret', 'kubeconfig', 'data', 'stringData', 'privateKey', 'raw'])(
    'never shows a field named %s, at any depth, nor bound to the logger',
    (field) => {
      const line = logged((log) => log.info({ [field]: 'sesame', a: { [field]: 'sesame', b: { [field]: { c: 'sesame' } } } }, 'x'));
      expect(JSON.stringify(line)).not.toMatch(/sesame/);
      const bound = logged((log) => log.child({ [field]: 'sesame' }).info({ list: [{ [field.toUpperCase()]: 'sesame' }] }, 'x'));
      expect(JSON.stringify(bound)).not.toMatch(/sesame/);
    },
  );

  test('shows no secret in its message, the message’s arguments, an error, or the text of a field', () => {
    for (const write of [
      (log) => log.info(`Bearer ${'s'.repeat(20)}esame`),
      (log) => log.info('said %s', JWT),
      (log) => log.error({ err: new Error(`refused: ${JWT}`, { cause: new Error(JWT) }) }, 'failed'),
      (log) => log.info({ url: 'redis://u:sesame@h', list: [JWT], deep: { url: 'https://u:sesame@h' } }, 'x'),
    ] satisfies ((log: ReturnType<typeof createLogger>) => void)[])
      expect(JSON.stringify(logged(write))).not.toMatch(/sesame|eyJ/);
  });

  test('of an error shows type, message and stack', () => {
    expect(logged((log) => log.error({ err: new TypeError('no') }, 'failed')).err).toEqual({
      type: 'TypeError',
      message: 'no',
      stack: expect.stringMatching(/^TypeError: no\n/),
    });
  });
});
