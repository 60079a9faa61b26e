/** The table, told on a real kube-apiserver and on the embedded one: same requests, same expectations; the real one is right. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Case, Side } from './case.ts';
import { CASES } from './cases/index.ts';
import { onRequestKind } from './recorder.ts';
import { fill } from './match.ts';
import { kindOf } from './request-kind.ts';
import { runCase, valuesOf } from './run-case.ts';
import { START, type Server } from './servers.ts';

/** Cases that one server works on at the same time. */
const AT_ONCE = 4;
/** Those that want the server for themselves come last: their tests wait for all others. */
const ALL_MS = 240_000;
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
}, ALL_MS);

describe.each(SIDES)('%s', (side) => {
  const tell = START[side] ? test : test.skip;
  tell.each(casesOf(side).map((each) => [each.says, each] as const))(
    '%s',
    async (_says, each) => {
      await outcomes[side].get(each);
      green[side] += 1;
    },
    ALL_MS,
  );
});

/** Kinds of requests that the embedded server was asked in this process. */
const asked = new Set<string>();
onRequestKind((kind) => asked.add(kind));

test(
  'every kind of request that our programs were recorded to make has a case',
  async () => {
    await Promise.allSettled(outcomes.embedded.values());
    const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded.json'), 'utf8')) as Record<string, string[]>;
    // What only the real one is asked stands in the table.
    for (const { steps, only } of CASES)
      for (const step of only?.side === 'real' ? steps : [])
        if ('ask' in step) {
          const [method, url] = fill(step.ask, valuesOf('x')).split(' ') as [string, string];
          asked.add(kindOf({ method, url, contentType: step.body === undefined ? '' : (step.type ?? 'application/json') }) ?? '');
        }
    const without = Object.keys(recorded).filter((kind) => !asked.has(kind));
    expect(without).toEqual([]);
  },
  ALL_MS,
);

test('every case has a sentence of its own, and a reason where it is told on one side alone', () => {
  expect(CASES.map(({ says }) => says).sort()).toEqual([...new Set(CASES.map(({ says }) => says))].sort());
  for (const { only } of CASES) if (only) expect(only.because.length).toBeGreaterThan(20);
});
