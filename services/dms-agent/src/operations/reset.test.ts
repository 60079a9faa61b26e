/** The reset of a host, on simulated hardware: once per boot, never during an install, given up when it does not happen. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { operationId } from '@dpf/api';
import { cardSpec, startDpuSim, type DpuSim } from '@dpf/dpu-sim';
import { uptimeOf } from '../host/boot.ts';
import { bench, type Bench } from '../test/bench.ts';
import { emptyStory } from '../rshim/story.ts';
import { OperationControl } from './control.ts';
import { AgentStopping, OperationDropped } from './failure.ts';
import { reset, type ResetSpec } from './reset.ts';

jest.setTimeout(60_000);

let folder: string;
let sim: DpuSim;
let agent: Bench;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dms-reset-'));
  sim = await startDpuSim({ stateDir: folder, speed: 2000, hosts: [{ name: 'worker-1', cards: [cardSpec(0, 1), cardSpec(1, 2)] }] });
  const [host] = sim.hosts();
  agent = await bench(host as NonNullable<typeof host>, { resetLandingMs: 20_000, armOffMs: 300 });
  sim.onEvent(({ event }) => event === 'host-down' && agent.stop());
});
afterEach(async () => {
  await agent.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

const spec = (changes: Partial<ResetSpec> = {}): ResetSpec => {
  const { boot } = agent.journal.data;
  const id = operationId({ kind: 'reset', node: 'worker-1', boot });
  return { kind: 'reset', id, boot, method: 'systemLevelReset', command: 'reset', pcis: ['0000-4b-00', '0000-b1-00'], ...changes };
};
const run = (changes?: Partial<ResetSpec>) => reset(spec(changes), agent, new OperationControl());
const resets = () => sim.journal().filter(({ event }) => event === 'reset');
const kinds = () => resets().map((entry) => ('kind' in entry ? entry.kind : ''));

describe('a reset of the host', () => {
  test('by a system-level reset ends the agent with the host, and its next boot is counted higher', async () => {
    const { boot } = agent.journal.data;
    await expect(run()).rejects.toThrow(AgentStopping);
    expect(kinds()).toEqual(['warm']);
    await sim.journaled(({ event }) => event === 'boot');
    agent = await agent.restart();
    expect(agent.journal.data).toMatchObject({ boot: boot + 1 });
    expect(agent.journal.data.reset).toBeUndefined();
  });

  test.each(['cycle', 'reset'] as const)('by the BMC where a power cycle is asked for: %s', async (command) => {
    await expect(run({ method: 'powerCycle', command })).rejects.toThrow(AgentStopping);
    expect(kinds()).toEqual([command]);
  });

  test('by the BMC where the tool of the card does not work', async () => {
    sim.arm({ name: 'mlxfwreset.fail', persistent: true });
    await expect(run({ command: 'cycle' })).rejects.toThrow(AgentStopping);
    expect(kinds()).toEqual(['cycle']);
  });

  test('Rule reset-alone: not while a card of the host has an unfinished install', async () => {
    const install = { id: 'install.x.1', uid: 'x', attempt: 1, state: 'pushed' as const, openedAt: 0, story: emptyStory };
    await agent.journal.update((data) => (data.installs['0000-b1-00'] = install));
    await expect(run()).rejects.toThrow(OperationDropped);
    expect(resets()).toEqual([]);
  });

  test('Rule card-lock: not while anybody holds the lock of a card', async () => {
    const lock = await agent.locks.tryAcquire('0000-b1-00');
    await expect(run()).rejects.toThrow(OperationDropped);
    await lock?.release();
    expect(resets()).toEqual([]);
    const free = await agent.locks.tryAcquire('0000-4b-00');
    expect(free).toBeDefined();
    await free?.release();
  });

  test('Rule reset-journaled: one that cannot be journaled, with a full disk, is not issued', async () => {
    mkdirSync(join(agent.stateDir, 'journal.json.new'));
    await expect(run({ method: 'powerCycle' })).rejects.toMatchObject({ code: 'EISDIR' });
    expect(resets()).toEqual([]);
  });

  test('Rule reset-journaled: one that stands in the journal is not issued again while it may land, and is given up when it can no longer', async () => {
    const issuedAtUptime = (await uptimeOf(agent.host)) as number;
    await agent.journal.update((data) => (data.reset = { boot: data.boot, issuedAtUptime }));
    agent.timing.resetLandingMs = 300;
    await expect(run()).rejects.toMatchObject({ reason: 'HostResetNotSeen' });
    expect(resets()).toEqual([]);
    expect(agent.journal.data.reset).toBeUndefined();
    agent.timing.resetLandingMs = 20_000;
    await expect(run()).rejects.toThrow(AgentStopping);
    expect(resets()).toHaveLength(1);
  });

  test('Rule reset-journaled: it stands in the journal before it is issued, and an agent that died in between may have issued it: the next one waits until it can no longer land, and only then issues one', async () => {
    const byBmc = { method: 'powerCycle' as const };
    agent.tools = { run: () => Promise.reject(new AgentStopping('killed at the command')) };
    await expect(run(byBmc)).rejects.toThrow('killed at the command');
    agent = await agent.restart();
    expect(agent.journal.data.reset).toMatchObject({ boot: agent.journal.data.boot });

    const waiting = run(byBmc).catch((error: unknown) => error);
    expect(await Promise.race([waiting, agent.clock.sleep(300)])).toBeUndefined();
    agent.stop();
    expect(await waiting).toBeInstanceOf(AgentStopping);
    expect(resets()).toEqual([]);

    agent = await agent.restart();
    agent.timing.resetLandingMs = 1;
    await expect(run(byBmc)).rejects.toMatchObject({ reason: 'HostResetNotSeen' });
    expect(resets()).toEqual([]);
    agent.timing.resetLandingMs = 20_000;
    await expect(run(byBmc)).rejects.toThrow(AgentStopping);
    expect(resets()).toHaveLength(1);
  });

  test('Rule reset-journaled: a time of day that is set forward does not give up a reset that may still land', async () => {
    const issuedAtUptime = (await uptimeOf(agent.host)) as number;
    await agent.journal.update((data) => (data.reset = { boot: data.boot, issuedAtUptime }));
    const { now } = agent.clock;
    agent.clock = { ...agent.clock, now: () => now() + 3_600_000 };
    agent.timing.resetLandingMs = 60_000;
    const waiting = run();
    const slept = await Promise.race([waiting.catch((error: unknown) => error), agent.clock.sleep(300)]);
    expect(slept).toBeUndefined();
    agent.stop();
    await expect(waiting).rejects.toThrow(AgentStopping);
    expect(agent.journal.data.reset).toBeDefined();
  });

  test('is dropped when its boot is over', async () => {
    await expect(run({ boot: agent.journal.data.boot - 1 })).rejects.toThrow(OperationDropped);
  });

  test('is given up, with the words of the tools, where nothing can reset the host; installs are possible again', async () => {
    sim.arm({ name: 'mlxfwreset.fail', persistent: true });
    sim.arm({ name: 'ipmitool.fail', persistent: true });
    await expect(run()).rejects.toMatchObject({ reason: 'HostResetFailed', message: expect.stringContaining('/dev/ipmi0') });
    expect(agent.journal.data.reset).toBeUndefined();
  });
});
