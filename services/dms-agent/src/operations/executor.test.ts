/** What the executor makes of the answers of dpu-controller, and of operations that do not stop. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { OperationSpec, Report, ReportReply } from '@dpf/api';
import { cardSpec, startDpuSim, type DpuSim } from '@dpf/dpu-sim';
import { Refused, type Controller } from '../controller/client.ts';
import type { CardLock } from '../lock.ts';
import { emptyStory } from '../rshim/story.ts';
import { bench, type Bench } from '../test/bench.ts';
import { Executor } from './executor.ts';

jest.setTimeout(30_000);

const PCI = '0000-4b-00';
const UID = 'a-dpu';
let folder: string;
let sim: DpuSim;
let agent: Bench;
let announcements: number;
let specs: Record<string, OperationSpec>;
let answersResults: boolean;
let answersProgress: boolean;
let cancel: ReportReply['cancel'];
/** Messages of heartbeats, and of results. */
let heard: string[];
let ended: string[];
let claims: (id: string) => Promise<OperationSpec>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dms-executor-'));
  sim = await startDpuSim({ stateDir: folder, speed: 2000, hosts: [{ name: 'worker-1', cards: [cardSpec(0, 1)] }] });
  const [host] = sim.hosts();
  agent = await bench(host as NonNullable<typeof host>);
  [announcements, specs, answersResults, answersProgress, claims] = [0, {}, true, true, answered];
  [heard, ended, cancel] = [[], [], undefined];
});
afterEach(async () => {
  await agent.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

const answer = (report: Report) => {
  const { state, message } = report;
  if (state === 'running' ? !answersProgress : !answersResults) throw new Refused(409, 'there is no such Dpu');
  (state === 'running' ? heard : ended).push(message);
  return Promise.resolve(cancel ? { cancel } : {});
};
const controller: Controller = {
  announce: () => Promise.resolve({ dpus: [] }),
  report: async (_id, report) => answer(report),
  reportUntilAnswered: async (_id, report) => answer(report),
  claim: async (id) => claims(id),
  close: () => undefined,
};
const answered = async (id: string) => {
  const spec = specs[id];
  if (!spec) throw new Refused(409, 'not wanted');
  return spec;
};
const executor = () =>
  new Executor(agent, controller, {
    node: 'worker-1',
    instance: 'i',
    heartbeatMs: 50,
    onEnded: () => undefined,
    announce: () => announcements++,
  });
const wanted = (spec: OperationSpec) => (specs[spec.id] = spec).id;
const cleanup = (attempt: number) => wanted({ kind: 'cleanup', id: `cleanup.${UID}.${attempt}`, pci: PCI, uid: UID });
const install = () =>
  wanted({
    kind: 'install',
    id: `install.${UID}.1`,
    pci: PCI,
    uid: UID,
    attempt: 1,
    bfbPath: '',
    bfbSha256: '',
    bfbSize: 0,
    bfcfg: '',
    marker: '',
    deadlines: { noByteSeconds: 1, noLogSeconds: 1, totalSeconds: 1 },
  });

describe('the executor', () => {
  test('has the agent announced when a result is refused, also where nothing of the Dpu is journaled: that releases one deleted by force', async () => {
    answersResults = false;
    expect(await executor().perform(cleanup(1))).toContain('not wanted any more');
    expect(agent.journal.heads()).toEqual([]);
    expect(announcements).toBe(1);
  });

  test('has it announced for a refused claim only where something of the Dpu is held', async () => {
    await executor().perform(`install.${UID}.1`);
    expect(announcements).toBe(0);
    await agent.journal.update((data) => (data.hostNetworks[PCI] = { uid: UID, attempt: 1, numberOfVfs: 1, mtu: 1500, channelVf: 0 }));
    await executor().perform(`install.${UID}.2`);
    expect(announcements).toBe(1);
  });

  test('has the end of an operation announced that was announced as held', async () => {
    const one = executor();
    const asked = Promise.withResolvers<OperationSpec>();
    claims = () => asked.promise;
    const done = one.perform(cleanup(1));
    expect(one.working()).toEqual([UID]);
    asked.resolve(specs[`cleanup.${UID}.1`] as OperationSpec);
    await done;
    expect(one.working()).toEqual([]);
    expect(announcements).toBe(1);
  });

  test('has it announced for a claim that is refused after one that was not answered: that one may have been granted', async () => {
    claims = () => Promise.reject(Object.assign(new Refused(409, 'there is no such Dpu'), { afterSilence: true }));
    await executor().perform(`install.${UID}.1`);
    expect(announcements).toBe(1);
  });

  test('has it announced where dpu-controller does not know this agent: its Node was made again', async () => {
    const reason = 'NotAnnounced';
    claims = () => Promise.reject(new Refused(409, `${reason}: instance i has not announced itself`, { reason }));
    for (const id of [`preflight.${UID}.1`, `reset.worker-1.${agent.journal.data.boot}`]) await executor().perform(id);
    expect(announcements).toBe(2);
  });

  test('takes nothing for a Dpu whose uid is none: it would spoil the announcement', async () => {
    const one = executor();
    for (const id of ['install.no.uid.1', `install.${'x'.repeat(64)}.1`]) expect(await one.perform(id)).toBe('no operation id');
    expect(one.working()).toEqual([]);
  });

  test('Rule op-has-uid: answers from the journal, and refuses as older, only what is of the very Dpu that stands there', async () => {
    const ending = { state: 'succeeded' as const, percent: 100, message: 'done', boot: 1 };
    const entry = { uid: 'gone', attempt: 3, state: 'succeeded' as const, openedAt: 0, story: emptyStory, ending };
    await agent.journal.update((data) => (data.installs[PCI] = { ...entry, id: 'install.gone.3' }));
    const one = executor();
    expect(await one.perform('install.gone.3')).toBe('succeeded: done');
    expect(await one.perform('install.gone.2')).toBe('dropped: older than the journal');
    for (const attempt of [1, 3]) expect(await one.perform(`install.${UID}.${attempt}`)).toBe('dropped: not wanted');
  });

  test('does not wait without end for an operation that does not stop', async () => {
    const asked = Promise.withResolvers<OperationSpec>();
    claims = () => asked.promise;
    const one = executor();
    const done = one.perform(install());
    await expect(one.stop(UID, 100)).rejects.toThrow(`an operation of Dpu ${UID} does not stop`);
    asked.resolve(specs[`install.${UID}.1`] as OperationSpec);
    expect(await done).toContain('cancelled');
    await one.stop(UID, 100);
  });

  describe('where another has the card for good', () => {
    let orphan: CardLock | undefined;
    beforeEach(async () => {
      orphan = await agent.locks.tryAcquire(PCI);
    });
    afterEach(() => orphan?.release());
    const hostNetwork = () =>
      wanted({ kind: 'hostNetwork', id: `hostNetwork.${UID}.1`, pci: PCI, uid: UID, numberOfVfs: 1, mtu: 1500, channelVf: 0 });

    test('an install of a Dpu that is gone is dropped without a word, and what is held is announced', async () => {
      const one = executor();
      const done = one.perform(install());
      await one.stop(UID, 5_000);
      expect(await done).toBe('dropped: nobody waits for it any more');
      expect([ended, announcements]).toEqual([[], 1]);
    });

    test('so is one that dpu-controller refuses to hear of', async () => {
      answersProgress = false;
      expect(await executor().perform(install())).toBe('dropped: nobody waits for it any more');
      expect([ended, announcements]).toEqual([[], 1]);
    });

    test('Rule card-lock: one that is to be cancelled goes on waiting, and says for what', async () => {
      cancel = 'now';
      const done = executor().perform(install());
      while (heard.length < 3) await agent.clock.sleep(10);
      expect(heard.at(-1)).toMatch(/^waits for the lock of card 0000-4b-00: .* reboot the host$/);
      expect(ended).toEqual([]);
      await orphan?.release();
      orphan = undefined;
      expect(await done).toBe('cancelled: was cancelled');
    });

    test('a host network that is to be cancelled is: nothing of it was begun', async () => {
      cancel = 'now';
      expect(await executor().perform(hostNetwork())).toBe('cancelled: was cancelled');
    });
  });
});
