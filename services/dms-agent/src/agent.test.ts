/** When an agent that is idle announces itself, told with a clock that goes as fast as the agent sleeps. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Announcement } from '@dpf/api';
import { cardSpec, startDpuSim, type DpuSim } from '@dpf/dpu-sim';
import { Agent } from './agent.ts';
import type { Clock } from './clock.ts';
import type { Controller } from './controller/client.ts';
import { Executor } from './operations/executor.ts';
import { bench, type Bench } from './test/bench.ts';

jest.setTimeout(30_000);

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DETECT = MINUTE;
const ASK = 10 * MINUTE;
let folder: string;
let sim: DpuSim;
let parts: Bench;
let at: number;
/** Done while the agent sleeps. */
let asleep: () => Promise<unknown>;
let announcements: (Announcement & { at: number; aliveAt: number })[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dms-agent-'));
  sim = await startDpuSim({ stateDir: folder, speed: 2000, hosts: [{ name: 'worker-1', cards: [cardSpec(0, 1)] }] });
  const [host] = sim.hosts();
  parts = await bench(host as NonNullable<typeof host>);
  [at, announcements, asleep] = [0, [], setImmediate];
});
afterEach(async () => {
  await parts.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

const clock: Clock = {
  now: () => at,
  sleep: async (ms, signal) => {
    if (!signal?.aborted) at += ms;
    await asleep();
  },
};

/** An agent that holds nothing, until it has announced itself so often. */
async function announced(times: number, { chance = 0.5, refused = 0 } = {}): Promise<typeof announcements> {
  const enough = Promise.withResolvers<void>();
  const controller: Controller = {
    announce: async (announcement) => {
      const heard = announcements.push({ ...announcement, at, aliveAt: agent.aliveAt });
      if (heard === times) enough.resolve();
      if (heard <= refused) throw new Error('dpu-controller is away');
      return { dpus: [] };
    },
    report: async () => ({}),
    reportUntilAnswered: async () => ({}),
    claim: () => Promise.reject(new Error('nothing is to be done')),
    close: () => undefined,
  };
  const context = { ...parts, clock };
  const announce = () => undefined;
  const executor = new Executor(context, controller, { node: 'worker-1', instance: 'i', heartbeatMs: SECOND, onEnded: announce, announce });
  const settings = { node: 'worker-1', instance: 'i', version: '1', detectMs: DETECT, askMs: ASK, chance: () => chance };
  const agent: Agent = new Agent(context, controller, executor, settings);
  await agent.start({ receive: async () => undefined, close: async () => undefined });
  await enough.promise;
  parts.stop();
  return announcements;
}

describe('an agent that holds nothing', () => {
  test.each([
    [0, 0.8],
    [1, 1.2],
  ])(
    'announces itself all the same now and then, not with all the others: its Node may have been made again (chance %s)',
    async (chance, share) => {
      const heard = await announced(4, { chance });
      const pauses = heard.slice(1).map((each, i) => each.at - (heard[i]?.at ?? 0));
      for (const pause of pauses) {
        expect(pause).toBeGreaterThanOrEqual(share * ASK);
        expect(pause).toBeLessThanOrEqual(share * ASK + DETECT);
      }
      expect(new Set(heard.map(({ cards, holds }) => JSON.stringify([cards, holds]))).size).toBe(1);
    },
  );

  test('is alive while dpu-controller is away: a restart would cut an install off', async () => {
    const heard = await announced(60, { refused: 59 });
    expect((heard.at(-1)?.at ?? 0) - (heard[0]?.at ?? 0)).toBeGreaterThan(ASK);
    expect(heard.map(({ at, aliveAt }) => at - aliveAt)).toEqual(heard.map(() => 0));
  });

  test('announces a change of its cards that an operation saw first', async () => {
    asleep = async () => {
      if (announcements.length !== 1 || sim.hosts()[0]?.cards[0]?.present === false) return setImmediate();
      sim.setPresent('worker-1', '0000-4b-00', false);
      // As a preflight does.
      return parts.cards.refresh();
    };
    const [first, second] = await announced(2);
    expect([first, second].map((each) => each?.cards.map(({ present }) => present))).toEqual([[true], [false]]);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThanOrEqual(DETECT);
  });
});
