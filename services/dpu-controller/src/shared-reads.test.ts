import { describe, expect, test } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Bfb } from '@dpf/api';
import { sharedReads } from './shared-reads.ts';

const ref = { namespace: 'ns', name: 'image' };

/** A request is sent in the turn after the one in which it was asked for. */
const sent = async () => {
  await turn();
  await turn();
};

/** A server that answers when it is told to, with the version that it has when the request arrives. */
function server() {
  const answers: (() => void)[] = [];
  const state = { version: 1, requests: 0 };
  const get = () => {
    state.requests += 1;
    const { version } = state;
    return new Promise<Bfb | undefined>((resolve) => {
      answers.push(() => resolve({ metadata: { name: 'image', resourceVersion: String(version) } } as Bfb));
    });
  };
  const answer = async () => {
    await sent();
    answers.shift()?.();
    await turn();
  };
  return { state, client: sharedReads<Bfb>({ get }), answer };
}
const versions = async (reads: Promise<Bfb | undefined>[]) => (await Promise.all(reads)).map((bfb) => bfb?.metadata.resourceVersion);

describe('reads of one object by many', () => {
  test('those that come while a read is under way share the next one', async () => {
    const { state, client, answer } = server();
    const first = client.get(ref);
    await sent();
    const reads = Array.from({ length: 15 }, () => client.get(ref));
    await answer();
    await answer();
    expect(await versions([first, ...reads])).toHaveLength(16);
    expect(state.requests).toBe(2);
  });

  test('those who were answered together share the next request, too', async () => {
    const { state, client, answer } = server();
    const worker = async () => {
      for (let looks = 0; looks < 3; looks++) await client.get(ref);
    };
    const workers = Array.from({ length: 16 }, worker);
    for (let answers = 0; answers < 3; answers++) await answer();
    await Promise.all(workers);
    expect(state.requests).toBe(3);
  });

  test('whoever asks after a change sees it, though a read from before is under way', async () => {
    const { state, client, answer } = server();
    const before = client.get(ref);
    await sent();
    state.version = 2;
    const after = client.get(ref);
    await answer();
    await answer();
    expect(await versions([before, after])).toEqual(['1', '2']);
  });

  test('nothing is remembered once a read has ended', async () => {
    const { state, client, answer } = server();
    const first = client.get(ref);
    await answer();
    state.version = 2;
    const second = client.get(ref);
    await answer();
    expect(await versions([first, second])).toEqual(['1', '2']);
  });

  test('a failure is told to those who shared it, and the next ones ask again', async () => {
    let fails = true;
    const client = sharedReads<Bfb>({ get: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve(undefined)) });
    const results = await Promise.allSettled([client.get(ref), client.get(ref), client.get(ref)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    fails = false;
    expect(await client.get(ref)).toBeUndefined();
  });

  test('a caller that gave up is told so, the others get their answer', async () => {
    const { client, answer } = server();
    const gone = expect(client.get(ref, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
    const there = client.get(ref);
    await answer();
    await answer();
    await gone;
    expect(await versions([there])).toEqual(['1']);
  });
});
