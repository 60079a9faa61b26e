/** What a story about the agent needs: simulated hardware (made by the test), Redis, a controller, the image on a volume, the agent as a process. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMarker, operationId, type OperationSpec } from '@dpf/api';
import { connectRedis, createOperationSender, type OperationSender, type RedisHandle } from '@dpf/queue';
import { startRedis, type RedisProcess } from '@dpf/queue/testing';
import type { JournalData } from '../journal/records.ts';
import { AgentProcess } from './agent-process.ts';
import { bfCfg } from './config.ts';
import { FakeController } from './fake-controller.ts';

export const NODE = 'worker-1';
export const PCI = '0000-4b-00';
export const UID = '0c5c9c1e-8f2d-4a8c-9f1a-1d7a3b6c9e01';

/** As much of a simulator as is used here. */
interface Hardware {
  hosts(): { socket: string; root?: string; toolPath: string }[];
  close(): Promise<void>;
}
interface Image {
  size: number;
  sha256: string;
  bytes(): Buffer;
}
type Install = OperationSpec & { kind: 'install' };

export class Stage<S extends Hardware> {
  readonly controller = new FakeController();
  readonly #image: Image;
  readonly #startSim: (folder: string) => Promise<S>;
  redis!: RedisProcess;
  #queue!: RedisHandle;
  #sender!: OperationSender;
  folder = '';
  sim!: S;
  agent!: AgentProcess;

  constructor(image: Image, startSim: (folder: string) => Promise<S>) {
    this.#image = image;
    this.#startSim = startSim;
  }

  /** Once per file. */
  async open(): Promise<void> {
    this.redis = await startRedis();
    await this.controller.start();
    this.#queue = connectRedis({ url: this.redis.url }, { onError: () => undefined });
    this.#sender = createOperationSender(this.#queue, { onError: () => undefined });
  }

  async close(): Promise<void> {
    await this.#sender.close();
    await this.#queue.close();
    await this.controller.stop();
    await this.redis.close();
  }

  /** Once per test: everything new, and the agent not started. @param env settings of the agent that this story needs */
  async set(env: Record<string, string> = {}): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'dms-story-'));
    mkdirSync(join(this.folder, 'bfb'));
    writeFileSync(join(this.folder, 'bfb', `${this.#image.sha256}.bfb`), this.#image.bytes());
    this.controller.reset();
    this.controller.onAnnounce = () => ({ dpus: [{ uid: UID, namespace: 'dpf', name: `${NODE}-${PCI}`, pci: PCI }] });
    this.sim = await this.#startSim(join(this.folder, 'sim'));
    this.agent = this.newAgent(env);
  }

  async strike(): Promise<void> {
    await this.agent.end('SIGKILL');
    await this.sim.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  newAgent(env: Record<string, string> = {}): AgentProcess {
    const [host] = this.sim.hosts();
    if (!host) throw new Error('the hardware has no host');
    return new AgentProcess({
      node: NODE,
      controller: this.controller,
      redisUrl: this.redis.url,
      stateDir: this.stateDir,
      volume: join(this.folder, 'bfb'),
      host,
      toolPath: host.toolPath,
      env,
    });
  }

  get stateDir(): string {
    return join(this.folder, 'state');
  }

  /** What the agent has journaled by now. */
  journal(): JournalData | undefined {
    const file = join(this.stateDir, 'journal.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as JournalData) : undefined;
  }

  /** Resolves when the agent is announced: this many times, counted from the beginning of the story. */
  announced(times = 1) {
    return this.controller.until(() => this.controller.announcements.length >= times, `announcement ${times}`);
  }

  /** dpu-controller wants this operation: it answers its claim, and submits its id. Returns the id. */
  async ask(spec: OperationSpec): Promise<string> {
    this.controller.specs.set(spec.id, spec);
    await this.submit(spec.id);
    return spec.id;
  }

  submit(id: string): Promise<void> {
    return this.#sender.submit(NODE, id);
  }

  /** Submits an id until it arrives: while its job has not quite ended, another one changes nothing. */
  async deliver(id: string, arrived: () => boolean): Promise<void> {
    await this.controller.until(() => {
      if (!arrived()) void this.submit(id);
      return arrived();
    }, `the delivery of ${id}`);
  }

  install(attempt: number, changes: Partial<Install> = {}): Install {
    const marker = installMarker(UID, attempt);
    return {
      kind: 'install',
      id: operationId({ kind: 'install', uid: UID, attempt }),
      pci: PCI,
      uid: UID,
      attempt,
      bfbPath: `${this.#image.sha256}.bfb`,
      bfbSha256: this.#image.sha256,
      bfbSize: this.#image.size,
      bfcfg: bfCfg(marker),
      marker,
      deadlines: { noByteSeconds: 60, noLogSeconds: 60, totalSeconds: 90 },
      ...changes,
    };
  }
}
