/** Install, told against simulated hardware: the agent as a process, a real Redis, a controller that answers as each story says. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { installMarker, operationId, type OperationSpec } from '@dpf/api';
import { cardSpec, generateBfb, startDpuSim, type DpuSim, type JournalEntry } from '@dpf/dpu-sim';
import { connectRedis, createOperationSender, type OperationSender, type RedisHandle } from '@dpf/queue';
import { startRedis, type RedisProcess } from '@dpf/queue/testing';
import { AgentProcess } from './test/agent-process.ts';
import { bfCfg } from './test/config.ts';
import { FakeController } from './test/fake-controller.ts';

const NODE = 'worker-1';
const PCI = '0000-4b-00';
const UID = '0c5c9c1e-8f2d-4a8c-9f1a-1d7a3b6c9e01';
const image = generateBfb({ bytes: 600_000 });
const { sha256 } = image;

let folder: string;
let redis: RedisProcess;
let controller: FakeController;
let queue: RedisHandle;
let sender: OperationSender;
let sim: DpuSim;
let agent: AgentProcess;

type InstallSpec = OperationSpec & { kind: 'install' };
const installSpec = (attempt: number, changes: Partial<InstallSpec> = {}): InstallSpec => ({
  kind: 'install',
  id: operationId({ kind: 'install', uid: UID, attempt }),
  pci: PCI,
  uid: UID,
  attempt,
  bfbPath: `${sha256}.bfb`,
  bfbSha256: sha256,
  bfbSize: image.size,
  bfcfg: bfCfg(installMarker(UID, attempt)),
  marker: installMarker(UID, attempt),
  deadlines: { noByteSeconds: 20, noLogSeconds: 20, totalSeconds: 60 },
  ...changes,
});

/** dpu-controller wants this operation: it answers the claim and submits the id. */
async function ask(spec: OperationSpec): Promise<string> {
  controller.specs.set(spec.id, spec);
  await sender.submit(NODE, spec.id);
  return spec.id;
}

const onCard = (event: JournalEntry['event']) => sim.journal().filter((entry) => entry.event === event);
const journalOfAgent = () => JSON.parse(readFileSync(join(folder, 'state', 'journal.json'), 'utf8'));

function newAgent(env: Record<string, string> = {}): AgentProcess {
  const [host] = sim.hosts();
  if (!host) throw new Error('no host');
  return new AgentProcess({
    node: NODE,
    controller,
    redisUrl: redis.url,
    stateDir: join(folder, 'state'),
    volume: join(folder, 'bfb'),
    host: { socket: host.socket },
    toolPath: host.toolPath,
    env,
  });
}

beforeAll(async () => {
  redis = await startRedis();
  controller = await new FakeController().start();
  queue = connectRedis({ url: redis.url }, { onError: () => undefined });
  sender = createOperationSender(queue, { onError: () => undefined });
});
afterAll(async () => {
  await sender.close();
  await queue.close();
  await controller.stop();
  await redis.close();
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dms-agent-story-'));
  mkdirSync(join(folder, 'bfb'));
  writeFileSync(join(folder, 'bfb', `${sha256}.bfb`), image.bytes());
  controller.reset();
  controller.onAnnounce = () => ({ dpus: [{ uid: UID, namespace: 'dpf', name: 'worker-1-0000-4b-00', pci: PCI }] });
  sim = await startDpuSim({ stateDir: join(folder, 'sim'), speed: 400, hosts: [{ name: NODE, cards: [cardSpec(0, 1)] }] });
  agent = newAgent().start();
});
afterEach(async () => {
  await agent.end('SIGKILL');
  sim.close();
});

describe('an install', () => {
  test('goes from the claim to the marker line, and nothing secret is left anywhere', async () => {
    await controller.until(() => controller.announcements.length > 0, 'the announcement');
    expect(controller.announcements[0]?.cards).toMatchObject([
      {
        pci: PCI,
        index: 0,
        serial: 'MT2321XZ0001',
        generation: 'BlueField-3',
        rshim: 'host',
        present: true,
        pf0Name: 'ens1f0np0',
        psid: 'MT_0000000884',
      },
    ]);
    const id = await ask(installSpec(1));
    const result = await controller.result(id, 20_000);
    expect(result).toMatchObject({ state: 'succeeded', percent: 100, device: { serial: 'MT2321XZ0001' }, firmware: { nic: '32.43.1014' } });
    expect(result.boot).toBe(controller.announcements[0]?.boot);
    expect(onCard('flash-completed')).toMatchObject([{ bfbSha256: sha256, marker: `${UID}/1` }]);
    const running = controller.reports.filter(({ report }) => report.state === 'running').map(({ report }) => report.percent);
    expect(running).toEqual([...running].sort((a, b) => a - b));
    for (const text of [agent.output, JSON.stringify(journalOfAgent())]) {
      expect(text).not.toContain('secret-of-the-config');
      expect(text).not.toContain('the-token');
    }
    expect(existsSync(join(folder, 'state', 'journal.json.new'))).toBe(false);
  });
});
