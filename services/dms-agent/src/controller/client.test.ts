import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '@dpf/api';
import { FakeController } from '../test/fake-controller.ts';
import { createController, type Controller } from './client.ts';

const server = new FakeController();
const trouble: string[] = [];
const clock = { now: () => 0, sleep: async () => undefined };
let client: Controller;
const never = new AbortController().signal;
const report: Report = { instance: 'i', boot: 1, state: 'succeeded', percent: 100, message: 'done' };

beforeAll(async () => {
  await server.start();
  client = createController(server, clock, (call, error) => trouble.push(`${call}: ${error.message}`));
});
afterAll(async () => {
  client.close();
  await server.stop();
});
beforeEach(() => {
  server.reset();
  trouble.length = 0;
  writeFileSync(server.tokenFile, 'the-token');
});

describe('a report', () => {
  test('is tried again until it is answered, through 429, 5xx and a token that is renewed meanwhile', async () => {
    const answers = [{ status: 503 }, { status: 429 }, { status: 500 }];
    server.onReport = () => {
      if (answers.length === 1) writeFileSync(server.tokenFile, 'an-old-token');
      return answers.shift() ?? { cancel: 'now' };
    };
    const renewing = createController(server, clock, (_call, error) => {
      trouble.push(error.message);
      if (error.message.includes('401')) writeFileSync(server.tokenFile, 'the-token');
    });
    expect(await renewing.reportUntilAnswered('install.u.1', report, never)).toEqual({ cancel: 'now' });
    expect(trouble.map((words) => /\d{3}/.exec(words.replace('/v1/', ''))?.[0])).toEqual(['503', '429', '500', '401']);
    expect(trouble.join()).not.toContain('token');
    renewing.close();
  });

  test.each([403, 409] as const)('that is answered %s is not tried again', async (status) => {
    server.onReport = () => ({ status });
    await expect(client.reportUntilAnswered('install.u.1', report, never)).rejects.toMatchObject({
      name: 'Refused',
      status,
      reason: 'Test',
    });
    expect(server.reports).toHaveLength(1);
  });

  test('is given up when the agent ends', async () => {
    const stopping = new AbortController();
    server.onReport = () => {
      stopping.abort(new Error('the agent ends'));
      return { status: 503 };
    };
    await expect(client.reportUntilAnswered('install.u.1', report, stopping.signal)).rejects.toThrow('the agent ends');
  });
});

test('a server that another authority vouches for is not spoken to', async () => {
  const other = await new FakeController().start();
  const misled = createController({ ...server, url: other.url }, clock, () => undefined);
  await expect(misled.report('install.u.1', report)).rejects.toThrow(/certificate/);
  expect(other.reports).toEqual([]);
  misled.close();
  await other.stop();
});

test('a report or claim that is refused says why, and whether an earlier try of it may have been heard', async () => {
  const claim = client.claim('install.u.1', { instance: 'i', boot: 1, sequence: 1 }, never);
  await expect(claim).rejects.toMatchObject({ name: 'Refused', afterSilence: false });
  const answers = [503, 409];
  server.onReport = () => ({ status: answers.shift() ?? 200 });
  await expect(client.reportUntilAnswered('install.u.1', report, never)).rejects.toMatchObject({ name: 'Refused', afterSilence: true });
});
