/** The table, told on a real kube-apiserver and on the embedded one: same requests, same expectations; the real one is right. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Case, Side } from './case.ts';
import { CASES } from './cases/index.ts';
import { runCase } from './run-case.ts';
import { startEmbedded, startReal, type Server } from './servers.ts';

/** Cases that one server works on at the same time. */
const AT_ONCE = 4;

const assets = process.env['KUBEBUILDER_ASSETS'];
const starts: Record<Side, (() => Promise<Server>) | undefined> = {
  real: assets ? () => startReal(assets) : undefined,
  embedded: startEmbedded,
};
const totals: Record<Side, { green: number; told: number }> = { real: { green: 0, told: 0 }, embedded: { green: 0, told: 0 } };

/** Runs the cases, some at a time; each is answered for by its own test. */
function runAll(server: Server, cases: readonly Case[]): Map<Case, Promise<unknown>> {
  const waiting = [...cases];
  const outcomes = new Map(cases.map((each) => [each, Promise.withResolvers<unknown>()]));
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { promise, resolve, reject } = outcomes.get(next)!;
      promise.catch(() => undefined);
      await runCase(server, next, String(CASES.indexOf(next))).then(resolve, reject);
    }
  };
  for (let i = 0; i < AT_ONCE; i += 1) void work();
  return new Map([...outcomes].map(([each, { promise }]) => [each, promise]));
}

describe.each(['real', 'embedded'] as const)('%s', (side) => {
  const start = starts[side];
  if (!start) {
    test.todo(`a real kube-apiserver: set KUBEBUILDER_ASSETS`);
    return;
  }
  const cases = CASES.filter(({ only }) => !only || only.side === side);
  const missing = (server: Server, { needs }: Case) => needs !== undefined && !server.offers.includes(needs);
  let server: Server;
  let outcomes: Map<Case, Promise<unknown>>;
  beforeAll(async () => {
    server = await start();
    outcomes = runAll(
      server,
      cases.filter((each) => !missing(server, each)),
    );
  }, 120_000);
  afterAll(async () => {
    await Promise.allSettled(outcomes.values());
    await server.close();
  });
  test.each(cases.map((each) => [each.says, each] as const))('%s', async (_says, each) => {
    totals[side].told += 1;
    if (missing(server, each)) return;
    await outcomes.get(each);
    totals[side].green += 1;
  });
});

afterAll(() => {
  const of = (side: Side) => `${side} ${totals[side].green} of ${totals[side].told}`;
  const single = CASES.filter(({ only }) => only).length;
  process.stderr.write(`conformance: ${of('real')}, ${of('embedded')}, one side only ${single}\n`);
});

test('every case has a sentence of its own, and a reason where it is told on one side alone', () => {
  expect(CASES.map(({ says }) => says).sort()).toEqual([...new Set(CASES.map(({ says }) => says))].sort());
  for (const { only } of CASES) if (only) expect(only.because.length).toBeGreaterThan(20);
});
