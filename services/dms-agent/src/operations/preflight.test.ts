import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { cardSpec, generateBfb, startDpuSim, type DpuSim, type FaultName } from '@dpf/dpu-sim';
import { bench, publish, type Bench } from '../test/bench.ts';
import { OperationControl } from './control.ts';
import { preflight } from './preflight.ts';

const image = generateBfb({ bytes: 50_000 });
const forOthers = generateBfb({ bytes: 50_000, generation: 'BlueField-3' });
jest.setTimeout(60_000);

let folder: string;
let sim: DpuSim;
let agent: Bench;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dms-preflight-'));
  const cards = [cardSpec(0, 1), cardSpec(1, 2, { generation: 'BlueField-2' })];
  sim = await startDpuSim({ stateDir: folder, speed: 2000, hosts: [{ name: 'worker-1', cards }] });
  const [host] = sim.hosts();
  agent = await bench(host as NonNullable<typeof host>);
  for (const each of [image, forOthers]) publish(agent, each);
});
afterEach(async () => {
  await agent.close();
  await sim.close();
  rmSync(folder, { recursive: true, force: true });
});

const spec = { kind: 'preflight' as const, id: 'preflight.u.1', pci: '0000-4b-00', bfcfgBytes: 5_000 };
const ref = (of: { sha256: string; size: number }) => ({ bfbPath: `${of.sha256}.bfb`, bfbSha256: of.sha256, bfbSize: of.size });
const run = (changes: Record<string, unknown> = {}) => preflight({ ...spec, ...ref(image), ...changes }, agent, new OperationControl());

describe('the preflight', () => {
  test('passes, and has touched nothing', async () => {
    expect(await run()).toBe('card 0000-4b-00 (BlueField-3) answers on /dev/rshim0, the image is right');
    expect(await run({ ...ref(forOthers) })).toContain('BlueField-3');
    expect(sim.journal()).toEqual([]);
  });

  test.each<[string, FaultName, string, string]>([
    ['the host has no rshim device for the card', 'rshim.absent', 'RshimMissing', 'transient'],
    ['the BMC owns rshim', 'rshim.bmcOwned', 'RshimOwnedByBmc', 'needsHuman'],
    ['the card is in secure NIC mode', 'boot.open.eperm', 'RshimLocked', 'needsHuman'],
  ])('fails when %s, and passes once that is over', async (_case, name, reason, failureClass) => {
    sim.arm({ name, persistent: true });
    await expect(run()).rejects.toMatchObject({ reason, class: failureClass });
    sim.clear();
    await run();
  });

  test('waits for rshim while the host has only just booted', async () => {
    agent.startedAt = agent.clock.now();
    agent.timing.rshimStartMs = 10_000;
    sim.arm({ name: 'rshim.absent', persistent: true });
    const running = run();
    sim.clear();
    await running;
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ['there is no such card', { pci: '0000-ff-00' }, 'CardNotFound', 'needsHuman'],
    ['the image is not on the volume', { bfbPath: 'none.bfb' }, 'ImageNotReadable', 'transient'],
    ['the image has another size', { bfbSize: 5 }, 'ImageWrong', 'transient'],
    ['the image has another digest', { bfbSha256: '0'.repeat(64) }, 'ImageWrong', 'transient'],
    ['the image is for another generation', { pci: '0000-b1-00', ...ref(forOthers) }, 'ImageNotForCard', 'neverSucceeds'],
    ['bf.cfg is larger than a card takes', { bfcfgBytes: 200_000 }, 'ConfigTooLarge', 'neverSucceeds'],
    ['the path leads out of the volume', { bfbPath: '../state/journal.json' }, 'ImageNotReadable', 'transient'],
  ])('fails when %s', async (_case, changes, reason, failureClass) => {
    await expect(run(changes)).rejects.toMatchObject({ reason, class: failureClass });
  });

  test('reads an image again when it changed, and not otherwise', async () => {
    await run();
    writeFileSync(join(agent.volume, `${image.sha256}.bfb`), Buffer.alloc(image.size));
    await expect(run()).rejects.toMatchObject({ reason: 'ImageWrong' });
  });
});
