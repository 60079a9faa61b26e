/** What the agent does to the host, told with the agent as a process that ends with its host. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { operationId } from '@dpf/api';
import { cardSpec, generateBfb, startDpuSim } from '@dpf/dpu-sim';
import { NODE, PCI, Stage, UID } from './test/stage.ts';

jest.setTimeout(90_000);

const image = generateBfb({ bytes: 100_000 });
const stage = new Stage(image, (stateDir) => startDpuSim({ stateDir, speed: 2000, hosts: [{ name: NODE, cards: [cardSpec(0, 1)] }] }));
const { controller } = stage;
const resets = () => stage.sim.journal().filter(({ event }) => event === 'reset');
const vfs = () => stage.sim.hosts()[0]?.cards[0]?.vfs;

beforeAll(() => stage.open());
afterAll(() => stage.close());
beforeEach(async () => {
  await stage.set();
  // The kubelet: the agent ends with its host, and is started when the host is up.
  stage.sim.onEvent(({ event }) => {
    if (event === 'host-down') void stage.agent.end('SIGKILL');
    if (event === 'host-up') stage.agent.start();
  });
  stage.agent.start();
  await stage.announced();
});
afterEach(() => stage.strike());

describe('a host', () => {
  test('Rule reset-journaled: that is asked twice to reset does it once, and is announced with a greater boot', async () => {
    const boot = controller.announcements[0]?.boot as number;
    const id = operationId({ kind: 'reset', node: NODE, boot });
    await stage.ask({ kind: 'reset', id, boot, method: 'powerCycle', command: 'cycle', pcis: [PCI] });
    await stage.submit(id);
    const after = await controller.until(() => controller.announcements.find((a) => a.boot > boot), 'the announcement of the next boot');
    expect(after.boot).toBe(boot + 1);
    expect(after.bootId).not.toBe(controller.announcements[0]?.bootId);
    await stage.submit(id);
    await controller.result(await stage.ask({ kind: 'cleanup', id: `cleanup.${UID}.1`, pci: PCI, uid: UID }));
    expect(resets()).toHaveLength(1);
  });

  test('Rule boots-are-ordered: whose state folder was lost is announced in the same boot, with the next number', async () => {
    await stage.agent.end();
    const { boot, bootId } = controller.announcements[0]!;
    const announced = { boot: boot - 5, bootId, sequence: 40 };
    controller.onAnnounce = (said) => (said.boot === announced.boot && said.sequence > 40 ? { dpus: [] } : { status: 409, announced });
    controller.announcements.length = 0;
    rmSync(stage.stateDir, { recursive: true });
    stage.agent.start();
    await stage.announced(2);
    expect(controller.announcements.map(({ boot, sequence }) => ({ boot, sequence }))).toEqual([
      { boot, sequence: 1 },
      { boot: boot - 5, sequence: 41 },
    ]);
    const id = operationId({ kind: 'cleanup', uid: UID, attempt: 1 });
    await stage.ask({ kind: 'cleanup', id, pci: PCI, uid: UID });
    expect(await controller.result(id)).toMatchObject({ state: 'succeeded', boot: boot - 5 });
  });

  test('has its virtual functions and bridge again after every boot, without being asked', async () => {
    const id = operationId({ kind: 'hostNetwork', uid: UID, attempt: 1 });
    await stage.ask({ kind: 'hostNetwork', id, pci: PCI, uid: UID, numberOfVfs: 4, mtu: 1500, channelVf: 1 });
    expect(await controller.result(id)).toMatchObject({ state: 'succeeded' });
    stage.sim.reboot(NODE);
    await stage.announced(2);
    expect(controller.announcements.at(-1)?.holds).toEqual([UID]);
    await controller.until(() => vfs()?.join() === '4,4', 'the virtual functions');
    expect(controller.reports.filter(({ report }) => report.state !== 'running')).toHaveLength(1);
  });

  test('is rid of what a Dpu left there that was deleted while the agent was away', async () => {
    const id = operationId({ kind: 'hostNetwork', uid: UID, attempt: 1 });
    await stage.ask({ kind: 'hostNetwork', id, pci: PCI, uid: UID, numberOfVfs: 4, mtu: 1500, channelVf: 1 });
    await controller.result(id);
    await stage.agent.end();
    controller.onAnnounce = () => ({ dpus: [] });
    controller.announcements.length = 0;
    stage.agent.start();
    await stage.announced(2);
    expect(controller.announcements.map(({ holds }) => holds)).toEqual([[UID], []]);
    expect(vfs()).toEqual([0, 0]);
    const bridge = stage.sim.journal().flatMap((entry) => (entry.event === 'bridge' ? [entry.change] : []));
    expect(bridge).toEqual(['add br-dpu', expect.stringContaining('br-dpu'), expect.anything()].slice(0, bridge.length));
  });

  test('announces a card that leaves the bus, with its index', async () => {
    await stage.agent.end();
    stage.sim.setPresent(NODE, PCI, false);
    stage.agent.start();
    await stage.announced(2);
    expect(controller.announcements[1]?.cards).toMatchObject([
      { pci: PCI, index: 0, serial: 'MT2321XZ0001', present: false, rshim: 'absent' },
    ]);
  });
});
