/** dpu-controller on API servers of host and tenant, a real Redis, and hosts whose agents play their part. */
import { KINDS, type Bfb, type Dpu, type DPUFlavor, type KindInfo, type KubeObject, type Node, type Secret } from '@dpf/api';
import { CORE, connect, type Cluster } from '@dpf/kube';
import type { ApiServer } from '@dpf/kube-sim/testing';
import { connectRedis, createOperationSender, createWakeUpSender, createWorkQueue } from '@dpf/queue';
import { startRedis, type RedisProcess } from '@dpf/queue/testing';
import { createController, type Controller } from '../controller.ts';
import { createTenantClusters } from '../tenant/index.ts';
import type { Settings } from '../world.ts';
import { dpu, HASH, SHA, type DpuBuilder } from './builders.ts';

export const CRDS = new URL('../../../../crds', import.meta.url).pathname;
const fail = (error: Error) => process.stderr.write(`${error.stack}\n`);

export interface Stage {
  host: ApiServer;
  tenant: ApiServer;
  api: Cluster;
  tenantApi: Cluster;
  redis: RedisProcess;
  /** Starts a replica. */
  replica(settings?: Partial<Settings>): Promise<Controller>;
  /** Waits until an object is so; every look follows an event of the watch. */
  until<T extends KubeObject>(kind: KindInfo, name: string, matches: (object: T | undefined) => boolean): Promise<T | undefined>;
  close(): Promise<void>;
}

/** Of the servers: the host's has our kinds, and neither has anything of other stories. */
export async function startStage(host: ApiServer, tenant: ApiServer): Promise<Stage> {
  const redis = await startRedis();
  const api = await connect({ kubeconfig: host.kubeconfig, userAgent: 'test' });
  const tenantApi = await connect({ kubeconfig: tenant.kubeconfig, userAgent: 'test' });
  const namespaces = api.resource(CORE.Namespace);
  for (const name of ['dpf', 'tenant']) if (!(await namespaces.get({ name }))) await namespaces.create({ metadata: { name } });
  await api.resource<Secret>(CORE.Secret).create({
    metadata: { name: 't-admin-kubeconfig', namespace: 'tenant' },
    data: { 'admin.conf': Buffer.from(tenant.kubeconfig).toString('base64') },
  });
  const stops: (() => Promise<unknown>)[] = [];
  return {
    host,
    tenant,
    api,
    tenantApi,
    redis,
    async replica(settings = {}) {
      const cluster = await connect({ kubeconfig: host.kubeconfig, userAgent: 'dpu-controller/test' });
      const handle = connectRedis({ url: redis.url }, { onError: () => undefined });
      const operations = createOperationSender(handle, { onError: fail });
      const tenants = createTenantClusters({
        host: cluster,
        grants: [{ namespace: 'tenant', usableFrom: ['*'] }],
        userAgent: 'dpu-controller/test',
      });
      const controller = createController({
        cluster,
        queue: createWorkQueue(handle, 'dpu', {
          onEvent: (event) => event.type === 'worked' && event.error && process.env['DEBUG'] && fail(event.error),
        }),
        dpusetQueue: createWakeUpSender(handle, 'dpuset', { onError: fail }),
        bfbQueue: createWakeUpSender(handle, 'bfb', { onError: fail }),
        operations,
        tenants,
        settings: { namespaces: [], discovery: 'agent', agentSilentSeconds: 120, ...settings },
        concurrency: 8,
        log: { info: () => undefined, warn: () => undefined },
      });
      await controller.start(AbortSignal.timeout(10_000));
      stops.unshift(async () => {
        await controller.stop();
        await tenants.close();
        await operations.close();
        await cluster.close();
        await handle.close();
      });
      return controller;
    },
    async until(kind, name, matches) {
      const reflector = api.reflect<never>(kind);
      const found = Promise.withResolvers<never | undefined>();
      const look = () => {
        const object = reflector.store.list().find((one: KubeObject) => one.metadata.name === name);
        if (matches(object)) found.resolve(object);
      };
      reflector.onEvent(look);
      reflector.start();
      await reflector.synced();
      look();
      const timer = setTimeout(
        () => found.reject(new Error(`${kind.kind} ${name} did not become so: ${JSON.stringify(reflector.store.list(), null, 1)}`)),
        12_000,
      );
      try {
        return await found.promise;
      } finally {
        clearTimeout(timer);
        await reflector.stop();
      }
    },
    async close() {
      for (const stop of stops) await stop();
      await Promise.all([api.close(), tenantApi.close()]);
      await redis.close();
      await host.clear([KINDS.Dpu, KINDS.DPUFlavor, KINDS.Bfb, CORE.Node, CORE.Secret]);
      await tenant.clear([CORE.Node, CORE.Secret]);
    },
  };
}

export const aNode = (name: string): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
export const aFlavor = (name = 'hbn'): DPUFlavor => ({
  apiVersion: KINDS.DPUFlavor.apiVersion,
  kind: 'DPUFlavor',
  metadata: { name, namespace: 'dpf' },
  spec: { sysctl: { parameters: ['net.ipv4.ip_forward=1'] }, nvconfig: [{ device: '*', parameters: ['NUM_OF_VFS=4'] }] },
});

/** A Bfb that the downloader has published. */
export async function publishBfb(api: Cluster, name = 'doca', sha256 = SHA): Promise<void> {
  const bfbs = api.resource<Bfb>(KINDS.Bfb);
  await bfbs.create({
    apiVersion: KINDS.Bfb.apiVersion,
    kind: 'Bfb',
    metadata: { name, namespace: 'dpf' },
    spec: { url: 'http://x/y.bfb' },
  });
  await bfbs.patchStatus(
    { name, namespace: 'dpf' },
    { status: { phase: 'Ready', sha256, size: 1_000, versions: { bsp: '4.7.0', doca: '2.7.0' } } },
  );
}

/** Creates a Dpu as dpuset-controller does: with our finalizer, and without what only the server gives. */
export async function createDpu(api: Cluster, of: DpuBuilder = dpu()): Promise<Dpu> {
  // Its DpuSet is not part of the stage: without the owner the Dpu is one made by hand.
  const { uid: _, generation: __, resourceVersion: ___, ownerReferences: ____, ...metadata } = of.object.metadata;
  return api.resource<Dpu>(KINDS.Dpu).create({ ...of.object, metadata });
}

export { HASH, SHA };
