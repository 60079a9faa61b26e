/** The service on an API server, with a Redis of its own and any number of replicas; the test itself plays users, NFD and dpu-controller. */
import { KINDS, wakeUpKey, type Dpu, type DpuSet, type Node } from '@dpf/api';
import { connect, CORE, type Cluster, type Reflector } from '@dpf/kube';
import type { ApiServer } from '@dpf/kube-sim/testing';
import {
  connectRedis,
  createWakeUpSender,
  createWorkQueue,
  type OnEvent,
  type RedisHandle,
  type WakeUp,
  type WakeUpSender,
  type WorkQueue,
} from '@dpf/queue';
import { startRedis, type RedisProcess } from '@dpf/queue/testing';
import { createController, type Controller } from '../src/controller.ts';
import { inPhase, madeReady } from './builders.ts';

export const NAMESPACE = 'dpf';
const WITHIN_MS = 20_000;
export const CRDS = new URL('../../../crds', import.meta.url).pathname;

export class Fleet {
  readonly kube: ApiServer;
  readonly redis: RedisProcess;
  readonly api: Cluster;
  readonly sets: Reflector<DpuSet>;
  readonly dpus: Reflector<Dpu>;
  /** Wake-ups that were given to bfb-downloader. */
  readonly bfbWakes: string[] = [];
  /** Writes of other stories on this server. */
  private readonly before: number;
  private readonly looks = new Set<() => void>();
  readonly errors: Error[] = [];
  private readonly sender: WakeUpSender;
  private readonly handles: RedisHandle[] = [];
  private readonly replicas: { controller: Controller; cluster: Cluster; queue: WorkQueue }[] = [];

  private constructor(kube: ApiServer, redis: RedisProcess, api: Cluster) {
    this.kube = kube;
    this.redis = redis;
    this.api = api;
    this.before = kube.writes().length;
    this.sets = api.reflect<DpuSet>(KINDS.DpuSet);
    this.dpus = api.reflect<Dpu>(KINDS.Dpu);
    this.sender = createWakeUpSender(this.handle(), 'dpuset', { onError: (error) => this.errors.push(error) });
  }

  /** @param kube with our kinds, and nothing of them */
  static async start(kube: ApiServer): Promise<Fleet> {
    const redis = await startRedis();
    const api = await connect({ kubeconfig: kube.kubeconfig, userAgent: 'test' });
    const namespaces = api.resource(CORE.Namespace);
    if (!(await namespaces.get({ name: NAMESPACE }))) await namespaces.create({ metadata: { name: NAMESPACE } });
    const fleet = new Fleet(kube, redis, api);
    // dpu-controller wakes the set of every Dpu that changed.
    fleet.dpus.onEvent(({ object }) => {
      const owner = object.metadata.ownerReferences?.[0]?.name;
      if (owner !== undefined) void fleet.sender.wake({ key: wakeUpKey('dpuset', NAMESPACE, owner) });
    });
    for (const reflector of [fleet.sets, fleet.dpus]) reflector.start();
    return fleet;
  }

  async replica(): Promise<void> {
    const cluster = await connect({ kubeconfig: this.kube.kubeconfig, userAgent: 'dpuset-controller/test' });
    const onEvent: OnEvent = (event) => 'error' in event && event.error && this.errors.push(event.error);
    const queue = createWorkQueue(this.handle(), 'dpuset', { onEvent });
    const controller = createController({
      cluster,
      namespaces: [],
      queue,
      bfbQueue: {
        wake: async ({ key }: WakeUp) => {
          this.bfbWakes.push(key);
          this.looks.forEach((look) => look());
        },
        close: async () => undefined,
      },
      metrics: { show: () => undefined },
      log: { warn: () => undefined },
    });
    this.replicas.push({ controller, cluster, queue });
    await controller.start(AbortSignal.timeout(WITHIN_MS));
  }

  async close(): Promise<void> {
    for (const { controller, cluster } of this.replicas) await controller.stop().then(() => cluster.close());
    await this.api.close();
    await this.sender.close();
    await Promise.all(this.handles.map((handle) => handle.close()));
    await this.redis.close();
    await this.kube.clear([KINDS.DpuSet, KINDS.Dpu, CORE.Node]);
  }

  // users
  async create(set: DpuSet): Promise<void> {
    const { name } = set.metadata;
    await this.api.resource<DpuSet>(KINDS.DpuSet).create({ ...set, metadata: { name, namespace: NAMESPACE } });
  }
  async patchSet(name: string, spec: object): Promise<void> {
    await this.api.resource<DpuSet>(KINDS.DpuSet).patch({ name, namespace: NAMESPACE }, { spec });
  }
  async host(node: Node): Promise<void> {
    const { name, labels } = node.metadata;
    await this.api.resource<Node>(CORE.Node).create({ metadata: { name, labels } });
    await this.api.resource<Node>(CORE.Node).patchStatus({ name }, { status: node.status });
  }
  template = (bfb: string) => ({ dpuTemplate: { spec: { BFB: { bfb } } } });

  wake = (name: string) => this.sender.wake({ key: wakeUpKey('dpuset', NAMESPACE, name) });
  /** Nothing is due, nothing is worked any more, and the last write on the set is logged: a watch may tell of it first. */
  async idle(): Promise<void> {
    for (const { queue } of this.replicas) while ((await queue.lagMs()) > 0) await this.api.version();
    const versionOf = (object: unknown) => (object as Partial<DpuSet> | undefined)?.metadata?.resourceVersion;
    while (!this.kube.writes().some(({ responseObject }) => versionOf(responseObject) === versionOf(this.set()))) await this.api.version();
  }

  // dpu-controller
  /** Takes a Dpu through a whole attempt for its present spec. */
  async provision(dpu: Dpu): Promise<void> {
    const { name, uid } = dpu.metadata;
    const present = (await this.api.resource<Dpu>(KINDS.Dpu).get({ name, namespace: NAMESPACE })) ?? dpu;
    const { status } = madeReady(present);
    for (const next of [inPhase(present, 'OSInstalling').status, status])
      await this.api.resource<Dpu>(KINDS.Dpu).patchStatus({ name, namespace: NAMESPACE }, { metadata: { uid }, status: next });
  }
  /** Provisions whatever is new or newly granted, and releases what is being deleted, until told to stop. */
  drive(): () => void {
    const work = async (dpu: Dpu) => {
      const { metadata, spec, status } = dpu;
      if (metadata.deletionTimestamp) await this.release(dpu);
      else if (status?.phase === undefined || (status.phase === 'Ready' && (spec.grant ?? 0) > (status.attempt?.grant ?? 0)))
        await this.provision(dpu);
    };
    return this.dpus.onEvent(
      ({ type, object }) => void (type !== 'deleted' && work(object).catch((error: Error) => this.errors.push(error))),
    );
  }
  async release({ metadata: { name } }: Dpu): Promise<void> {
    await this.api.resource<Dpu>(KINDS.Dpu).patch({ name, namespace: NAMESPACE }, { metadata: { finalizers: [] } });
  }

  /** Waits until it is so; looked at on every event of sets and Dpus and every wake-up of a Bfb. @throws with the state after 20 s */
  async until(what: string, holds: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => void (holds() && resolve());
    const unsubscribe = [this.sets, this.dpus].map((reflector) => (reflector as Reflector<DpuSet | Dpu>).onEvent(look));
    this.looks.add(look);
    const late = setTimeout(resolve, WITHIN_MS);
    look();
    await promise;
    clearTimeout(late);
    unsubscribe.forEach((stop) => stop());
    this.looks.delete(look);
    if (!holds())
      throw new Error(
        `not in time: ${what}\n${JSON.stringify(this.sets.store.list().map(({ status }) => status))}\n${this.errors.join('\n')}`,
      );
  }
  set = (name = 'fleet'): DpuSet | undefined => this.sets.store.get({ name, namespace: NAMESPACE });
  all = (): Dpu[] => this.dpus.store.list();
  condition = (type: string, name = 'fleet') => this.set(name)?.status?.conditions?.find((one) => one.type === type);
  ready = (count: number) => () =>
    this.set()?.status?.ready === count && this.set()?.status?.updated === count && this.condition('Ready')?.status === 'True';
  /** What the service wrote, in order. */
  writes = () =>
    this.kube
      .writes()
      .slice(this.before)
      .filter(({ userAgent, objectRef }) => userAgent.startsWith('dpuset-controller') && objectRef?.resource !== 'events');

  private handle(): RedisHandle {
    const handle = connectRedis({ url: this.redis.url, prefix: 'dpf' }, { onError: () => undefined });
    this.handles.push(handle);
    return handle;
  }
}
