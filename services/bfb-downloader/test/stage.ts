/** bfb-downloader in a world of its own: an API server, a real Redis, a server of images, a volume; the test plays users and the other services. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startFaultProxy, type FaultProxy } from '@dpf/kube-faults';
import { KINDS, wakeUpKey, type Bfb, type BfbSpec, type Condition, type Dpu, type DpuSet } from '@dpf/api';
import { serveImages, type ImageServer } from '@dpf/dpu-sim';
import { connect, CORE, type Cluster, type Reflector } from '@dpf/kube';
import type { ApiServer, StartApi } from '@dpf/kube-sim/testing';
import { connectRedis, createWakeUpSender, createWorkQueue, type WakeUpSender } from '@dpf/queue';
import { startRedis, type RedisProcess } from '@dpf/queue/testing';
import { createLogger } from '@dpf/service';
import { createDownloader } from '../src/downloader.ts';

export const NAMESPACE = 'dpf';
const WITHIN_MS = 30_000;
const CRDS = new URL('../../../crds', import.meta.url).pathname;
const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

export class Stage {
  readonly kube: ApiServer;
  readonly redis: RedisProcess;
  readonly images: ImageServer;
  /** Between the replicas of this process and the API server. */
  readonly proxy: FaultProxy;
  readonly api: Cluster;
  readonly bfbs: Reflector<Bfb>;
  readonly folder: string;
  /** Everything that any replica logged. */
  logs = '';
  /** Keys of the wake-ups that were given to dpu-controller. */
  readonly dpuWakes: string[] = [];
  /** How far the replicas' clock is ahead, in milliseconds. */
  ahead = 0;
  private limit = new AbortController();
  private readonly sender: WakeUpSender;
  private readonly stops: (() => Promise<unknown>)[] = [];

  private constructor(kube: ApiServer, redis: RedisProcess, images: ImageServer, proxy: FaultProxy, api: Cluster, folder: string) {
    [this.kube, this.redis, this.images, this.proxy, this.api, this.folder] = [kube, redis, images, proxy, api, folder];
    this.bfbs = api.reflect<Bfb>(KINDS.Bfb);
    this.bfbs.start();
    const handle = connectRedis({ url: redis.url }, { onError: () => undefined });
    this.sender = createWakeUpSender(handle, 'bfb', { onError: () => undefined });
    this.stops.push(async () => {
      await this.sender.close();
      await handle.close();
    });
  }

  static async start(startApi: StartApi): Promise<Stage> {
    const [kube, redis, images, folder] = await Promise.all([
      startApi({ crds: CRDS }),
      startRedis(),
      serveImages({}),
      mkdtemp(join(tmpdir(), 'dpf-bfb-')),
    ]);
    await mkdir(join(folder, 'volume'));
    await writeFile(join(folder, 'kubeconfig'), kube.kubeconfig, { mode: 0o600 });
    const api = await connect({ kubeconfig: kube.kubeconfig, userAgent: 'test' });
    await api.resource(CORE.Namespace).create({ metadata: { name: NAMESPACE } });
    const [admin, serving] = await Promise.all([kube.pki.client('kubernetes-admin', ['system:masters']), kube.pki.server()]);
    const proxy = await startFaultProxy({ server: kube.url, caPem: kube.caPem, admin, serving });
    return new Stage(kube, redis, images, proxy, api, folder);
  }

  /** Starts a replica in this process; answers how to stop it. */
  async replica(name: string): Promise<() => Promise<void>> {
    const cluster = await connect({
      kubeconfig: this.kube.kubeconfig.replaceAll(this.kube.url, this.proxy.url),
      userAgent: `bfb-downloader/${name}`,
    });
    const handle = connectRedis({ url: this.redis.url }, { onError: () => undefined });
    const queue = (of: string) => createWorkQueue(handle, of, { onEvent: () => undefined });
    const downloader = createDownloader({
      cluster,
      namespaces: [],
      queue: queue('bfb'),
      downloads: queue('bfb-download'),
      dpuQueue: { wake: async ({ key }) => void this.dpuWakes.push(key), close: async () => undefined },
      volume: this.volume,
      instance: name,
      urlRewrites: [{ from: 'https://vendor.example/', to: `${this.images.url}/` }],
      parallelDownloads: 3,
      log: createLogger('bfb-downloader', 'debug', { write: (line: string) => void (this.logs += line) }),
      now: () => Date.now() + this.ahead,
      limit: () => this.limit.signal,
      sleep: async () => undefined,
    });
    await downloader.start(AbortSignal.timeout(WITHIN_MS));
    const stop = async () => {
      this.stops.splice(this.stops.indexOf(stop), 1);
      await downloader.stop();
      await cluster.close();
      await handle.close();
    };
    this.stops.push(stop);
    return stop;
  }

  /** Starts a replica as it is deployed: main.ts in a process of its own. */
  process(name: string): ChildProcess {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        KUBECONFIG: join(this.folder, 'kubeconfig'),
        REDIS_URL: this.redis.url,
        BFB_VOLUME: this.volume,
        HOSTNAME: name,
        PROBES_HOST: '127.0.0.1',
        PROBES_PORT: '0',
        URL_REWRITES: JSON.stringify([{ from: 'https://vendor.example/', to: `${this.images.url}/` }]),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => void (this.logs += text.toString()));
    const exited = once(child, 'exit');
    this.stops.push(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    return child;
  }

  async close(): Promise<void> {
    for (const stop of [...this.stops].reverse()) await stop();
    await Promise.all([this.api.close(), this.proxy.close()]);
    await Promise.all([this.kube.close(), this.redis.close(), this.images.close()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  // users
  create = (name: string, spec: BfbSpec) => this.api.resource<Bfb>(KINDS.Bfb).create({ metadata: { name, namespace: NAMESPACE }, spec });
  correct = (name: string, spec: Partial<BfbSpec>) => this.api.resource<Bfb>(KINDS.Bfb).patch({ name, namespace: NAMESPACE }, { spec });
  label = (name: string, value: string) =>
    this.api.resource<Bfb>(KINDS.Bfb).patch({ name, namespace: NAMESPACE }, { metadata: { labels: { value } } });
  delete = (name: string) => this.api.resource<Bfb>(KINDS.Bfb).delete({ name, namespace: NAMESPACE });
  createSet = (name: string, bfb: string) =>
    this.api.resource<DpuSet>(KINDS.DpuSet).create({
      metadata: { name, namespace: NAMESPACE },
      spec: { nodeSelector: { matchLabels: { dpu: 'true' } }, dpuTemplate: { spec: { dpuFlavor: 'hbn', BFB: { bfb } } } },
    });
  deleteSet = (name: string) => this.api.resource<DpuSet>(KINDS.DpuSet).delete({ name, namespace: NAMESPACE });

  /** A Dpu whose present try installs an image. */
  async installing(name: string, bfbSha256: string): Promise<void> {
    const dpus = this.api.resource<Dpu>(KINDS.Dpu);
    const spec = { nodeName: name, pciAddress: '0000-4b-00', bfb: 'lost', dpuFlavor: 'hbn' };
    await dpus.create({ metadata: { name, namespace: NAMESPACE }, spec });
    const inputs = { bfb: 'lost', bfbSha256, dpuFlavor: 'hbn', flavorHash: 'f1' };
    const attempt = { number: 1, retries: 0, startedAt: new Date().toISOString(), inputs };
    await dpus.patchStatus({ name, namespace: NAMESPACE }, { status: { attempt } });
  }
  deleteDpu = (name: string) => this.api.resource<Dpu>(KINDS.Dpu).delete({ name, namespace: NAMESPACE });

  /** The time of every download under way is up. */
  endOfTime(): void {
    this.limit.abort(new DOMException('the time is up', 'TimeoutError'));
    this.limit = new AbortController();
  }

  /** Wakes a Bfb, as the other services do and as its timer does. */
  wake = (name: string) => this.sender.wake({ key: wakeUpKey('bfb', NAMESPACE, name) });

  get volume(): string {
    return join(this.folder, 'volume');
  }
  /** Files on the volume, those of downloads under way among them. */
  async files(): Promise<string[]> {
    const names = await readdir(this.volume, { recursive: true });
    const files = await Promise.all(
      names.map(async (name) => ((await stat(join(this.volume, name)).catch(() => undefined))?.isFile() ? [name] : [])),
    );
    return files.flat().sort();
  }
  /** Bytes of all files on the volume. */
  async bytes(): Promise<number> {
    const sizes = (await this.files()).map(async (name) => (await stat(join(this.volume, name)).catch(() => undefined))?.size ?? 0);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }
  /** GET requests for an image. */
  fetches = (path: string) => this.images.requests.filter((request) => request.path === path).length;
  bfb = (name: string): Bfb | undefined => this.bfbs.store.get({ name, namespace: NAMESPACE });
  condition = (name: string, type: string): Condition | undefined => this.bfb(name)?.status?.conditions?.find((one) => one.type === type);

  /** Waits until the phase is so; answers the status. */
  async phase(name: string, phase: string): Promise<NonNullable<Bfb['status']>> {
    await this.until(`${name} is ${phase}`, () => this.bfb(name)?.status?.phase === phase);
    return this.bfb(name)?.status ?? {};
  }
  gone = (name: string) => this.until(`${name} is gone`, () => this.bfb(name) === undefined);

  /** @throws with the Bfbs, the files and the end of the logs after half a minute */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        const state = this.bfbs.store
          .list()
          .map(({ metadata, status }) => ({ name: metadata.name, generation: metadata.generation, status }));
        throw new Error(
          `not in time: ${what}\n${JSON.stringify(state, null, 1)}\n${(await this.files()).join(' ')}\n${this.logs.slice(-3000)}`,
        );
      }
      await pause(10);
    }
  }
}
