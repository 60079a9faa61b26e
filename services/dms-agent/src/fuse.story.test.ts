/** The agent on device files as the kernel serves them (FUSE stands for CUSE): blocking opens and writes, signals that interrupt them. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { cardSpec, generateBfb, startDpuSim } from '@dpf/dpu-sim';
import { NODE, Stage } from './test/stage.ts';

jest.setTimeout(90_000);

const image = generateBfb({ bytes: 1_000_000 });
const stage = new Stage(image, (stateDir) =>
  startDpuSim({ stateDir, mount: join(stateDir, 'mnt'), speed: 2000, hosts: [{ name: NODE, cards: [cardSpec(0, 1)] }] }),
);
const { controller } = stage;

beforeAll(() => stage.open());
afterAll(() => stage.close());
beforeEach(() => stage.set());
afterEach(() => stage.strike());

test('a push that blocks in the kernel is cancelled, and the next attempt installs', async () => {
  // Where there is no FUSE the socket stories tell the same.
  if (stage.sim.mountProblem) return;
  stage.sim.arm({ name: 'boot.stall', host: NODE, params: { at: 500_000 } });
  stage.agent.start();
  await stage.announced();
  const id = await stage.ask(stage.install(1));
  await stage.sim.journaled((e) => e.event === 'fault-fired');
  controller.onReport = () => ({ cancel: 'now' });
  expect(await controller.result(id)).toMatchObject({ state: 'cancelled' });
  controller.onReport = () => ({});
  expect(await controller.result(await stage.ask(stage.install(2)))).toMatchObject({ state: 'succeeded' });
  expect(stage.sim.journal().filter(({ event }) => event === 'flash-completed')).toHaveLength(1);
});
