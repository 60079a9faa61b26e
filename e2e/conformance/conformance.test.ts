/** The table, told on a real kube-apiserver and on the embedded one: same requests, same expectations; the real one is right. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Case, Side } from './case.ts';
import { CASES } from './cases/index.ts';
import { runCase } from './run-case.ts';
import { START, type Server } from './servers.ts';

/** Cases that one server works on at the same time. */
const AT_ONCE = 4;
const SIDES = ['real', 'embedded'] as const;

const casesOf = (side: Side): Case[] => CASES.filter(({ only }) => !only || only.side === side);
const servers: Server[] = [];
const outcomes: Record<Side, Map<Case, Promise<unknown>>> = { real: new Map(), embedded: new Map() };
const green: Record<Side, number> = { real: 0, embedded: 0 };

/** Runs the cases, some at a time; each is answered for by its own test. */
function runAll(server: Server, cases: readonly Case[]): Map<Case, Promise<unknown>> {
  const pending = new Map(cases.map((each) => [each, Promise.withResolvers<unknown>()]));
  const work = async (queue: Case[]) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { promise, resolve, reject } = pending.get(next)!;
      promise.catch(() => undefined);
      await runCase(server, next, String(CASES.indexOf(next))).then(resolve, reject);
    }
  };
  const together = cases.filter(({ alone }) => !alone);
  const last = cases.filter(({ alone }) => alone);
  void Promise.all(Array.from({ length: AT_ONCE }, () => work(together))).then(() => work(last));
  return new Map([...pending].map(([each, { promise }]) => [each, promise]));
}

beforeAll(async () => {
  const begin = async (side: Side) => {
    const server = await START[side]?.();
    if (!server) return;
    servers.push(server);
    outcomes[side] = runAll(server, casesOf(side));
  };
  await Promise.all(SIDES.map(begin));
}, 120_000);

afterAll(async () => {
  await Promise.allSettled(SIDES.flatMap((side) => [...outcomes[side].values()]));
  await Promise.all(servers.map((server) => server.close()));
  const of = (side: Side) => (START[side] ? `${side} ${green[side]} of ${casesOf(side).length}` : `${side} 0 of 0`);
  const single = CASES.filter(({ only }) => only).length;
  process.stderr.write(`conformance: ${of('real')}, ${of('embedded')}, one side only ${single}\n`);
}, 60_000);

describe.each(SIDES)('%s', (side) => {
  const tell = START[side] ? test : test.skip;
  tell.each(casesOf(side).map((each) => [each.says, each] as const))('%s', async (_says, each) => {
    await outcomes[side].get(each);
    green[side] += 1;
  });
});

test('every case has a sentence of its own, and a reason where it is told on one side alone', () => {
  expect(CASES.map(({ says }) => says).sort()).toEqual([...new Set(CASES.map(({ says }) => says))].sort());
  for (const { only } of CASES) if (only) expect(only.because.length).toBeGreaterThan(20);
});
