/** Install, told against simulated hardware: the agent as a process, a real Redis, a controller that answers as each story says. */
import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { cardSpec, generateBfb, startDpuSim, type JournalEntry } from '@dpf/dpu-sim';
import type { ReportReply } from '@dpf/api';
import type { Answer } from './test/fake-controller.ts';
import { NODE, PCI, Stage, UID } from './test/stage.ts';

jest.setTimeout(90_000);

const image = generateBfb({ bytes: 600_000 });
const stage = new Stage(image, (stateDir) => startDpuSim({ stateDir, speed: 2000, hosts: [{ name: NODE, cards: [cardSpec(0, 1)] }] }));
const { controller } = stage;
const events = (event: JournalEntry['event']) => stage.sim.journal().filter((entry) => entry.event === event);
const stallThePush = () => stage.sim.arm({ name: 'boot.stall', host: NODE, params: { at: 400_000 } });
const entry = () => stage.journal()?.installs[PCI];
const armResets = () => stage.sim.journal().flatMap((e) => (e.event === 'arm-reset' ? [e.kind] : []));

beforeAll(() => stage.open());
afterAll(() => stage.close());
beforeEach(() => stage.set());
afterEach(() => stage.strike());

describe('an install', () => {
  test('goes from the claim to the marker line, and nothing secret is left anywhere', async () => {
    stage.agent.start();
    await stage.announced();
    expect(controller.announcements[0]?.cards).toMatchObject([
      { pci: PCI, index: 0, serial: 'MT2321XZ0001', generation: 'BlueField-3', rshim: 'host', present: true, pf0Name: 'ens1f0np0' },
    ]);
    const id = await stage.ask(stage.install(1));
    const result = await controller.result(id);
    expect(result).toMatchObject({
      state: 'succeeded',
      percent: 100,
      device: { serial: 'MT2321XZ0001', psid: 'MT_0000000884' },
      firmware: { nic: '32.43.1014' },
    });
    expect(result.boot).toBe(controller.announcements[0]?.boot);
    expect(events('flash-completed')).toMatchObject([{ bfbSha256: image.sha256, marker: `${UID}/1` }]);
    const percents = controller.reports.filter(({ report }) => report.state === 'running').map(({ report }) => report.percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    for (const text of [stage.agent.output, JSON.stringify(stage.journal())]) {
      expect(text).not.toContain('secret-of-the-config');
      expect(text).not.toContain('the-token');
    }
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'Rule push-once: a push that %s of the agent cut off ends the attempt and costs no try; the next attempt installs',
    async (signal) => {
      stallThePush();
      stage.agent.start();
      await stage.announced();
      const id = await stage.ask(stage.install(1));
      await stage.sim.journaled((e) => e.event === 'fault-fired');
      expect(entry()).toMatchObject({ state: 'running', attempt: 1 });
      await stage.agent.end(signal);
      stage.agent.start();
      expect(await controller.result(id)).toMatchObject({ state: 'failed', reason: 'PushCutOff', class: 'transient', cutOff: true });
      expect(events('boot-open')).toHaveLength(1);
      expect(await controller.result(await stage.ask(stage.install(2)))).toMatchObject({ state: 'succeeded' });
      expect(events('boot-open')).toHaveLength(2);
      expect(events('flash-completed')).toHaveLength(1);
    },
  );

  test('an agent killed after the push goes on from the log, without a second push', async () => {
    stage.agent.start();
    await stage.announced();
    const id = await stage.ask(stage.install(1));
    await stage.sim.journaled((e) => e.event === 'flash-started');
    await controller.until(() => entry()?.state === 'pushed', 'the push to be journaled');
    await stage.agent.end('SIGKILL');
    stage.agent.start();
    expect(await controller.result(id)).toMatchObject({ state: 'succeeded' });
    expect(events('boot-open')).toHaveLength(1);
  });

  test('a result that was not answered before the agent was killed is reported again, not earned again', async () => {
    stage.agent.start();
    await stage.announced();
    controller.onReport = (_id, report): Answer<ReportReply> => (report.state === 'running' ? {} : { status: 503 });
    const id = await stage.ask(stage.install(1));
    await controller.until(() => entry()?.ending, 'the ending to be journaled');
    await stage.agent.end('SIGKILL');
    controller.reports.length = 0;
    controller.onReport = () => ({});
    stage.agent.start();
    expect(await controller.result(id)).toMatchObject({ state: 'succeeded' });
    await controller.until(() => entry()?.answered, 'the answer to be journaled');
    expect(events('boot-open')).toHaveLength(1);
  });

  test('a job that is delivered once more is answered from the journal; an older attempt is refused without asking', async () => {
    stage.agent.start();
    await stage.announced();
    const id = await stage.ask(stage.install(2));
    await controller.result(id);
    controller.reports.length = 0;
    await stage.deliver(id, () => controller.reports.length > 0);
    expect(await controller.result(id)).toMatchObject({ state: 'succeeded' });
    const older = await stage.ask(stage.install(1));
    const probe = await stage.ask({ kind: 'cleanup', id: `cleanup.${UID}.9`, pci: PCI, uid: UID });
    await controller.result(probe);
    expect(controller.claims.filter((claim) => claim === older)).toEqual([]);
    expect(controller.claims.filter((claim) => claim === id)).toHaveLength(1);
    expect(events('boot-open')).toHaveLength(1);
  });

  test('a claim that is refused is dropped, and what Redis makes up is not even asked for', async () => {
    stage.agent.start();
    await stage.announced();
    await stage.submit(`install.${UID}.7`);
    await stage.submit('rm.-rf.0');
    await stage.submit(`reset.another-host.1`);
    await controller.until(() => controller.claims.length > 0, 'the claim');
    await controller.result(await stage.ask({ kind: 'cleanup', id: `cleanup.${UID}.9`, pci: PCI, uid: UID }));
    expect(controller.claims.sort()).toEqual([`cleanup.${UID}.9`, `install.${UID}.7`]);
    expect(events('boot-open')).toHaveLength(0);
  });

  test('a cancel stops the push and is confirmed once nothing works on the card any more', async () => {
    stallThePush();
    stage.agent.start();
    await stage.announced();
    const id = await stage.ask(stage.install(1));
    await stage.sim.journaled((e) => e.event === 'fault-fired');
    controller.onReport = () => ({ cancel: 'now' });
    expect(await controller.result(id)).toMatchObject({ state: 'cancelled' });
    expect(events('boot-close')).toHaveLength(1);
    expect(armResets()).toEqual(['boot-open', 'SW_RESET']);
  });

  test('a cancel for a deletion does not cut off an install that has begun, also not after a restart of the agent', async () => {
    stage.agent.start();
    await stage.announced();
    // Only what has begun cannot be cut off: a report from before the first byte would be a cancel in time.
    controller.onReport = () => (events('flash-started').length > 0 ? { cancel: 'unlessEffective' } : {});
    const spec = stage.install(1);
    const id = await stage.ask(spec);
    await stage.sim.journaled((e) => e.event === 'flash-started');
    await controller.until(() => entry()?.state === 'pushed', 'the push to be journaled');
    await stage.agent.end('SIGKILL');
    controller.specs.set(id, { ...spec, cancel: 'unlessEffective' });
    stage.agent.start();
    expect(await controller.result(id)).toMatchObject({ state: 'succeeded' });
  });

  test.each(['now', 'unlessEffective'] as const)(
    'a claim that comes with cancel %s is confirmed, and the card is left alone',
    async (cancel) => {
      stage.agent.start();
      await stage.announced();
      expect(await controller.result(await stage.ask(stage.install(1, { cancel })))).toMatchObject({ state: 'cancelled' });
      expect(events('boot-open')).toHaveLength(0);
    },
  );

  test('Rule card-lock: a push child that outlived its agent keeps the card; the next agent starts and confirms nothing until it is gone', async () => {
    // The child as it would be with a write that nothing can interrupt: alive, with the lock.
    const orphan = execFile('sh', ['-c', `mkdir -p ${stage.stateDir}/locks; exec flock -F ${stage.stateDir}/locks/${PCI}.lock sleep 60`]);
    stage.agent.start();
    await stage.announced();
    const id = await stage.ask(stage.install(1));
    const waiting = await controller.until(() => controller.reports.find((r) => r.id === id), 'a heartbeat');
    expect(waiting.report).toMatchObject({ state: 'running', message: expect.stringContaining('an earlier push is not over') });
    controller.onReport = () => ({ cancel: 'now' });
    const seen = controller.reports.length;
    await controller.until(() => controller.reports.length > seen + 3, 'more heartbeats');
    expect(controller.reports.map(({ report }) => report.state)).not.toContain('cancelled');
    expect(events('boot-open')).toHaveLength(0);
    orphan.kill('SIGKILL');
    expect(await controller.result(id)).toMatchObject({ state: 'cancelled' });
  });

  test('Rule force-leaves-claim: a Dpu is announced as held from before its install is claimed, until that has ended', async () => {
    const orphan = execFile('sh', ['-c', `mkdir -p ${stage.stateDir}/locks; exec flock -F ${stage.stateDir}/locks/${PCI}.lock sleep 60`]);
    stage.agent.start();
    await stage.announced();
    const id = await stage.ask(stage.install(1));
    await controller.until(() => controller.reports.length > 0, 'a heartbeat');
    expect(entry()).toBeUndefined();
    stage.sim.setPresent(NODE, PCI, false);
    await controller.until(() => controller.announcements.some(({ cards }) => !cards[0]?.present), 'the card to be missed');
    expect(controller.announcements.at(-1)?.holds).toEqual([UID]);
    orphan.kill('SIGKILL');
    expect(await controller.result(id)).toMatchObject({ state: 'failed', reason: 'CardNotFound' });
    await controller.until(() => controller.announcements.at(-1)?.holds.length === 0, 'the end to be announced');
  });

  test('Rule card-lock: the very push child of an agent that was killed keeps the card while it lives', async () => {
    stallThePush();
    stage.agent.start();
    await stage.announced();
    const id = await stage.ask(stage.install(1));
    await stage.sim.journaled((e) => e.event === 'fault-fired');
    const [child] = stage.agent.children();
    // As in a write that the kernel does not interrupt: it cannot end with its agent.
    process.kill(child as number, 'SIGSTOP');
    try {
      await stage.agent.end('SIGKILL');
      controller.reports.length = 0;
      stage.agent.start();
      await controller.until(() => controller.reports.length > 3, 'heartbeats');
      expect(controller.reports.map(({ report }) => report.state)).toEqual(controller.reports.map(() => 'running'));
      expect(controller.reports.at(-1)?.report.message).toContain('an earlier push is not over');
      expect(armResets()).toEqual(['boot-open']);
    } finally {
      process.kill(child as number, 'SIGCONT');
    }
    expect(await controller.result(id)).toMatchObject({ state: 'failed', reason: 'PushCutOff' });
  });

  test('Rule push-once: a second agent with the same state folder waits until the first has ended, and then knows what it journaled', async () => {
    stage.agent.start();
    await stage.announced();
    const second = stage.newAgent().start();
    try {
      await controller.until(() => second.output.includes('waits for another agent of this host'), 'the second agent to wait');
      const id = await stage.ask(stage.install(1));
      await controller.until(() => entry()?.state === 'pushed', 'the push to be journaled');
      expect(controller.announcements).toHaveLength(1);
      await stage.agent.end('SIGKILL');
      expect(await controller.result(id)).toMatchObject({ state: 'succeeded' });
      await stage.announced(2);
      expect(events('boot-open')).toHaveLength(1);
    } finally {
      await second.end('SIGKILL');
    }
  });

  test('an image with a wrong digest never reaches the card', async () => {
    appendFileSync(join(stage.folder, 'bfb', `${image.sha256}.bfb`), 'x');
    stage.agent.start();
    await stage.announced();
    const id = await stage.ask(stage.install(1, { bfbSize: image.size + 1 }));
    expect(await controller.result(id)).toMatchObject({ state: 'failed', reason: 'ImageWrong', class: 'transient' });
    expect(events('boot-open')).toHaveLength(0);
  });

  test('Redis away only delays: the agent announces, goes on with what it has, and takes operations once Redis is back', async () => {
    await stage.redis.stop();
    stage.agent.start();
    await stage.announced();
    await stage.redis.start();
    await stage.announced(2);
    expect(await controller.result(await stage.ask(stage.install(1)))).toMatchObject({ state: 'succeeded' });
  });

  test('what a Dpu that is gone left on the host is stopped and undone, and the agent says so', async () => {
    stallThePush();
    stage.agent.start();
    await stage.announced();
    await stage.ask(stage.install(1));
    await stage.sim.journaled((e) => e.event === 'fault-fired');
    await stage.agent.end('SIGKILL');
    controller.onAnnounce = () => ({ dpus: [] });
    controller.announcements.length = 0;
    stage.agent.start();
    await stage.announced(2);
    expect(controller.announcements.map(({ holds }) => holds)).toEqual([[UID], []]);
    expect(controller.announcements[1]?.journal).toEqual([]);
    expect(entry()).toBeUndefined();
    expect(armResets()).toEqual(['boot-open', 'SW_RESET']);
  });

  test('a Dpu that was deleted by force during its install: the agent learns it by a refused report, stops, and says that it holds nothing', async () => {
    stallThePush();
    stage.agent.start();
    await stage.announced();
    await stage.ask(stage.install(1));
    await stage.sim.journaled((e) => e.event === 'fault-fired');
    controller.onReport = () => ({ status: 409 });
    controller.onAnnounce = () => ({ dpus: [] });
    await controller.until(() => controller.announcements.slice(1).some(({ holds, journal }) => holds.length + journal.length === 0), 'it');
    expect(events('boot-close')).toHaveLength(1);
  });
});
