import {
  DPU_ANNOTATIONS,
  FINALIZERS,
  KINDS,
  NODE_ANNOTATIONS,
  TENANT_NODE_LABELS,
  operationId,
  type Dpu,
  type DPUFlavor,
  type Node,
  type Secret,
} from '@dpf/api';
import { CORE } from '@dpf/kube';
import { onBothApis, type ApiServer } from '@dpf/kube-sim/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { writeNode } from './act.ts';
import type { Controller } from './controller.ts';
import { sweep } from './host/sweep.ts';
import { TestAgent, type AgentScript } from './test/agent.ts';
import { dpu } from './test/builders.ts';
import type { World } from './world.ts';
import { aFlavor, aNode, CRDS, createDpu, publishBfb, startStage, type Stage } from './test/stage.ts';

const NAME = 'worker-1-0000-4b-00';
const SECOND = 'worker-1-0000-b1-00';
let stage: Stage;
let controller: Controller;
let agents: TestAgent[];

async function startAgent(pcis: string[], script: AgentScript = {}): Promise<TestAgent> {
  const agent = new TestAgent(stage, () => controller, 'worker-1', pcis, script);
  agents.push(agent);
  await agent.start();
  return agent;
}
const second = () => dpu().meta({ name: SECOND }).spec({ pciAddress: '0000-b1-00' });
const isReady = (object: Dpu | undefined) =>
  object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const ready = (name: string) => stage.until<Dpu>(KINDS.Dpu, name, isReady);
const hostNode = () => stage.api.resource<Node>(CORE.Node).get({ name: 'worker-1' });
/** By us: a real API server taints a Node that nobody has called Ready. */
const tainted = (object?: Node) => object?.spec?.taints?.filter(({ key }) => !key.startsWith('node.kubernetes.io/')) ?? [];
const released = () =>
  stage.until<Node>(
    CORE.Node,
    'worker-1',
    (object) => tainted(object).length === 0 && !object?.metadata.annotations?.[NODE_ANNOTATIONS.holders],
  );
const flavors = () => stage.api.resource<DPUFlavor>(KINDS.DPUFlavor);
const dpus = () => stage.api.resource<Dpu>(KINDS.Dpu);

onBothApis((name, startApi) => {
  describe(`on ${name}`, () => {
    let [host, tenant]: ApiServer[] = [];
    beforeAll(async () => {
      [host, tenant] = await Promise.all([startApi({ crds: CRDS }), startApi()]);
    }, 90_000);
    afterAll(() => Promise.all([host?.close(), tenant?.close()]));
    beforeEach(async () => {
      stage = await startStage(host!, tenant!);
      agents = [];
      await stage.api.resource<Node>(CORE.Node).create(aNode('worker-1'));
      controller = await stage.replica();
    });
    afterEach(async () => {
      for (const agent of agents) await agent.close();
      await stage.close();
    });

    describe('from nothing to Ready', () => {
      test('a DPU that waits for its flavor asks the API server for nothing, however often it is looked at', async () => {
        await startAgent(['0000-4b-00']);
        await createDpu(stage.api);
        const key = `dpu/dpf/${NAME}`;
        const requests = () => stage.host.requests({ userAgent: 'dpu-controller' });
        const look = () => controller.reconciler.reconcile(key, { signal: AbortSignal.timeout(5_000) });
        await stage.until<Node>(
          CORE.Node,
          'worker-1',
          (object) => object?.metadata.annotations?.[NODE_ANNOTATIONS.card('0000-4b-00')] !== undefined,
        );
        // The first look may find that what this replica has stored is behind its own writes.
        await look();
        const counted = requests();
        for (let times = 0; times < 5; times++) expect(await look()).toEqual({ requeueAfterMs: expect.any(Number) });
        expect(requests()).toBe(counted);
      });

      test('two DPUs of a host: one flash each, one reset, at most 16 host-API writes per Dpu, nothing held in the end', async () => {
        const agent = await startAgent(['0000-4b-00', '0000-b1-00']);
        await publishBfb(stage.api);
        const before = stage.host.writes().length;
        await createDpu(stage.api);
        await createDpu(stage.api, second());
        const waiting = await stage.until<Dpu>(KINDS.Dpu, NAME, (object) => object?.status?.waitingFor !== undefined);
        expect(waiting?.status?.waitingFor).toContain('DPUFlavor dpf/hbn to exist');
        await stage.until<Node>(CORE.Node, 'worker-1', (object) => Object.keys(object?.metadata.annotations ?? {}).length === 3);
        await flavors().create(aFlavor());
        const [one, two] = await Promise.all([ready(NAME), ready(SECOND)]);
        await released();
        expect(agent.installs()).toHaveLength(2);
        expect(agent.done.filter(({ kind }) => kind === 'reset')).toHaveLength(1);
        expect(one?.status).toMatchObject({
          phase: 'Ready',
          provisioned: { bfbSha256: 'a'.repeat(64) },
          attempt: { number: 1, retries: 0 },
          pciDevice: '0000:4b:00.0',
        });
        expect(one?.status?.history).toEqual([expect.objectContaining({ attempt: 1, result: 'Succeeded' })]);
        const written = stage.host
          .writes()
          .slice(before)
          .map(({ objectRef }) => objectRef);
        const of = (name: string) => written.filter((one) => ['dpus', 'nodes'].includes(one?.resource ?? '') && one?.name === name).length;
        expect(of(NAME) + of('worker-1')).toBeLessThanOrEqual(2 * 16);
        expect((of(NAME) + of(SECOND) + of('worker-1')) / 2).toBeLessThanOrEqual(16);
        const tenantNode = await stage.tenantApi.resource<Node>(CORE.Node).get({ name: NAME });
        expect(tenantNode?.metadata.labels).toMatchObject({
          role: 'dpu',
          [TENANT_NODE_LABELS.dpuUid]: one?.metadata.uid,
          [TENANT_NODE_LABELS.bfbVersion]: '2.7.0',
        });
        expect(two?.status?.tenantNodeUid).toBeDefined();
        const tokens = (await stage.tenantApi.resource<Secret>(CORE.Secret).list({ namespace: 'kube-system' })).items;
        expect(tokens.filter(({ type }) => type === 'bootstrap.kubernetes.io/token')).toEqual([]);
      });
    });

    describe('changes', () => {
      test('another Bfb: the old software leaves the cluster, the card is flashed once more, the new Node counts', async () => {
        const agent = await startAgent(['0000-4b-00']);
        await publishBfb(stage.api);
        await publishBfb(stage.api, 'doca-2', 'b'.repeat(64));
        await flavors().create(aFlavor());
        await createDpu(stage.api);
        const first = await ready(NAME);
        await released();
        await dpus().patch({ name: NAME, namespace: 'dpf' }, { spec: { bfb: 'doca-2' } });
        const again = await stage.until<Dpu>(KINDS.Dpu, NAME, (object) => isReady(object) && object?.status?.attempt?.number === 2);
        expect(again?.status?.provisioned?.bfbSha256).toBe('b'.repeat(64));
        expect(again?.status?.tenantNodeUid).not.toBe(first?.status?.tenantNodeUid);
        expect(again?.status).toMatchObject({ attempt: { retries: 0 }, observedGeneration: again?.metadata.generation });
        expect(agent.installs()).toEqual([1, 2].map((attempt) => `install.${first?.metadata.uid}.${attempt}`));
        expect(agent.boot).toBe(3);
      });

      test('a preflight that a person has to cure heals when the agent announces the change', async () => {
        const bmc = { broken: true };
        const agent = await startAgent(['0000-4b-00'], {
          during: ({ kind }) =>
            kind === 'preflight' && bmc.broken
              ? { state: 'failed', reason: 'RshimOwnedByBmc', class: 'needsHuman', message: 'the BMC owns rshim0' }
              : undefined,
        });
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        await createDpu(stage.api);
        const stuck = await stage.until<Dpu>(KINDS.Dpu, NAME, (object) => object?.status?.lastError !== undefined);
        expect(stuck?.status?.waitingFor).toContain('the BMC owns rshim0');
        bmc.broken = false;
        agent.cards[0]!.serial = 'MT-2';
        await agent.announce();
        expect((await ready(NAME))?.status?.attempt).toMatchObject({ number: 2, retries: 0 });
        expect(agent.installs()).toHaveLength(1);
      });

      test('a push that the agent’s own end cut off is begun again at once, at no cost of a try', async () => {
        let cut = 0;
        const agent = await startAgent(['0000-4b-00'], {
          during: ({ kind }) =>
            kind === 'install' && cut++ === 0
              ? { state: 'failed', reason: 'PushCutOff', class: 'transient', cutOff: true, message: 'the agent ended' }
              : undefined,
        });
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        await createDpu(stage.api);
        // The card's software of the first attempt never came up.
        const done = await ready(NAME);
        expect(done?.status).toMatchObject({ attempt: { number: 2, retries: 0 } });
        expect(agent.installs()).toHaveLength(2);
      });
    });

    describe('deletion', () => {
      const gone = (name: string) => stage.until<Dpu>(KINDS.Dpu, name, (object) => object === undefined);

      test('of a Ready DPU leaves nothing: neither on the Node, nor in the tenant cluster, nor on the host', async () => {
        const agent = await startAgent(['0000-4b-00']);
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        const { metadata } = await createDpu(stage.api);
        await ready(NAME);
        await dpus().delete({ name: NAME, namespace: 'dpf' });
        await gone(NAME);
        expect(Object.keys((await hostNode())?.metadata.annotations ?? {})).toEqual([NODE_ANNOTATIONS.agent]);
        expect(tainted(await hostNode())).toEqual([]);
        expect((await stage.tenantApi.resource<Node>(CORE.Node).list()).items).toEqual([]);
        expect(agent.done.at(-1)).toMatchObject({ kind: 'cleanup', uid: metadata.uid });
      });

      test('Rule end-before-next: in the middle of an install waits for its end, and flashes nothing more', async () => {
        const under = Promise.withResolvers<void>();
        const ends = Promise.withResolvers<void>();
        const agent = await startAgent(['0000-4b-00'], {
          during: async ({ kind }) => {
            if (kind !== 'install') return;
            under.resolve();
            await ends.promise;
          },
        });
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        const { metadata } = await createDpu(stage.api, dpu().spec({ cluster: undefined }));
        await under.promise;
        await dpus().delete({ name: NAME, namespace: 'dpf' });
        await stage.until<Dpu>(KINDS.Dpu, NAME, (object) => object?.status?.operation?.state === 'Cancelling');
        const id = operationId({ kind: 'install', uid: metadata.uid ?? '', attempt: 1 });
        expect(await agent.report(id, { state: 'running', percent: 50, message: 'pushes' })).toEqual({
          accepted: { cancel: 'unlessEffective' },
        });
        expect(await agent.claim(id)).toMatchObject({ granted: { kind: 'install', cancel: 'unlessEffective' } });
        ends.resolve();
        await gone(NAME);
        expect(agent.installs()).toHaveLength(1);
      });

      test('Rule force-leaves-claim: forced in the middle of an install, claim and holder go once the agent holds nothing of that uid', async () => {
        const under = Promise.withResolvers<void>();
        const ends = Promise.withResolvers<void>();
        const agent = await startAgent(['0000-4b-00'], {
          during: async ({ kind }) => {
            if (kind !== 'install') return;
            under.resolve();
            await ends.promise;
          },
        });
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        const { metadata } = await createDpu(stage.api);
        await under.promise;
        await dpus().patch({ name: NAME, namespace: 'dpf' }, { metadata: { annotations: { [DPU_ANNOTATIONS.forceDelete]: 'true' } } });
        await dpus().delete({ name: NAME, namespace: 'dpf' });
        await gone(NAME);
        expect(tainted(await hostNode())).toHaveLength(1);
        const id = operationId({ kind: 'install', uid: metadata.uid ?? '', attempt: 1 });
        expect(await agent.report(id, { state: 'running', percent: 50, message: 'pushes' })).toMatchObject({ status: 409 });

        await createDpu(stage.api);
        const waits = await stage.until<Dpu>(KINDS.Dpu, NAME, (object) => object?.status?.waitingFor !== undefined);
        expect(waits?.status?.waitingFor).toContain('deleted by force');
        agent.holds = [metadata.uid ?? ''];
        const answer = await agent.announce();
        expect('accepted' in answer && answer.accepted.dpus.map(({ uid }) => uid)).toEqual([waits?.metadata.uid]);
        expect((await hostNode())?.metadata.annotations?.[NODE_ANNOTATIONS.card('0000-4b-00')]).toContain(metadata.uid);
        agent.holds = [];
        ends.resolve();
        await agent.announce();
        await ready(NAME);
        expect(agent.installs()).toHaveLength(2);
      });

      test('of a Dpu whose agent is silent is blocked, and force-delete lets it go', async () => {
        const agent = await startAgent(['0000-4b-00']);
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        await createDpu(stage.api);
        await ready(NAME);
        await released();
        await agent.close();
        await dpus().delete({ name: NAME, namespace: 'dpf' });
        await stage.until<Dpu>(KINDS.Dpu, NAME, (object) => object?.status?.operation?.kind === 'cleanup');
        await dpus().patch({ name: NAME, namespace: 'dpf' }, { metadata: { annotations: { [DPU_ANNOTATIONS.forceDelete]: 'true' } } });
        await gone(NAME);
      });
    });

    describe('agents', () => {
      test('get nothing of another node, nothing stale, and nothing before they announced themselves', async () => {
        const agent = await startAgent(['0000-4b-00']);
        await createDpu(stage.api);
        const waiting = await stage.until<Dpu>(KINDS.Dpu, NAME, (object) => object?.status?.waitingFor !== undefined);
        const uid = waiting?.metadata.uid ?? '';
        await stage.api.resource<Node>(CORE.Node).create(aNode('worker-2'));
        const other = new TestAgent(stage, () => controller, 'worker-2', []);
        agents.push(other);
        expect(await other.claim(`install.${uid}.1`)).toMatchObject({ status: 409, refused: { reason: 'NotAnnounced' } });
        await other.announce();
        expect(await other.claim(`install.${uid}.1`)).toMatchObject({ status: 403 });
        expect(await other.report(`install.${uid}.1`, {})).toMatchObject({ status: 403 });
        expect(await other.claim('reset.worker-1.1')).toMatchObject({ status: 403 });
        expect(await agent.claim(`install.${uid}.1`)).toMatchObject({ status: 409, refused: { reason: 'OperationStale' } });
        expect(await agent.claim('install.no-such-uid.1')).toMatchObject({ status: 409 });
        expect(await agent.claim('reset.worker-1.1')).toMatchObject({ status: 409 });
      });

      test('Rule boots-are-ordered: an older announcement is refused', async () => {
        const agent = await startAgent(['0000-4b-00']);
        await agent.reboot();
        agent.boot = 1;
        expect(await agent.announce()).toMatchObject({
          status: 409,
          refused: { reason: 'AnnouncementStale', announced: { boot: 2, bootId: 'boot-2', sequence: 1 } },
        });
      });

      test('Rule claim-recorded: an install is answered only once its claim stands in the status; asked again it is answered again', async () => {
        const claimed: unknown[] = [];
        const agent = await startAgent(['0000-4b-00'], {
          during: async ({ kind, id }) => {
            if (kind !== 'install') return;
            claimed.push((await dpus().get({ name: NAME, namespace: 'dpf' }))?.status?.operation?.state, await agent.claim(id));
          },
        });
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        await createDpu(stage.api);
        await ready(NAME);
        expect(claimed).toEqual([
          'Claimed',
          { granted: expect.objectContaining({ kind: 'install', bfcfg: expect.stringContaining('kubeadm') }) },
        ]);
      });
    });

    describe('Rule finalizer-first and Rule sweep', () => {
      test('a Dpu made by hand gets the finalizer before it claims; what is left on a Node by nobody is removed', async () => {
        await stage.api.resource<Node>(CORE.Node).patch(
          { name: 'worker-1' },
          {
            metadata: {
              annotations: { [NODE_ANNOTATIONS.card('0000-4b-00')]: JSON.stringify({ uid: 'long-gone', namespace: 'dpf', name: 'x' }) },
            },
          },
        );
        await stage.until<Node>(
          CORE.Node,
          'worker-1',
          (object) => object?.metadata.annotations?.[NODE_ANNOTATIONS.card('0000-4b-00')] === undefined,
        );
        await startAgent(['0000-4b-00']);
        const before = stage.host.writes().length;
        await createDpu(stage.api, dpu().meta({ finalizers: [] }));
        await stage.until<Node>(
          CORE.Node,
          'worker-1',
          (object) => object?.metadata.annotations?.[NODE_ANNOTATIONS.card('0000-4b-00')] !== undefined,
        );
        const writes = stage.host
          .writes()
          .slice(before)
          .map(({ objectRef, requestObject }) => `${objectRef?.name} ${JSON.stringify(requestObject)}`);
        const finalizer = writes.findIndex((write) => write.startsWith(NAME) && write.includes(FINALIZERS.dpu));
        const claim = writes.findIndex((write) => write.startsWith('worker-1 ') && write.includes('card-'));
        expect(finalizer).toBeGreaterThanOrEqual(0);
        expect(claim).toBeGreaterThan(finalizer);
      });
    });

    describe('Rule sweep-reads-node-first', () => {
      test('an entry that comes between the read of the Node and the sweep makes the sweep’s write fail', async () => {
        const nodes = stage.api.resource<Node>(CORE.Node);
        const put = (uid: string, card: string) =>
          nodes.patch(
            { name: 'worker-1' },
            { metadata: { annotations: { [NODE_ANNOTATIONS.card(card)]: `{"uid":"${uid}","namespace":"dpf","name":"x"}` } } },
          );
        const read = await put('gone', 'a');
        await put('new', 'b');
        const swept = await sweep(read, ['gone'], async () => undefined);
        const world = { api: { nodes } } as unknown as World;
        await expect(writeNode(world, read, swept)).rejects.toMatchObject({ code: 409 });
      });
    });

    describe('several replicas, an erased Redis', () => {
      test('two replicas and a FLUSHALL in every phase: one flash per card, one reset', async () => {
        await stage.replica();
        const flushed = new Set<string>();
        const agent = await startAgent(['0000-4b-00', '0000-b1-00'], {
          during: async ({ kind }) => {
            if (!flushed.has(kind)) await stage.redis.flush();
            flushed.add(kind);
          },
        });
        await publishBfb(stage.api);
        await flavors().create(aFlavor());
        await createDpu(stage.api);
        await createDpu(stage.api, second());
        await Promise.all([ready(NAME), ready(SECOND)]);
        await released();
        expect(new Set(agent.installs()).size).toBe(2);
        expect(agent.boot).toBe(2);
        expect([...flushed].sort()).toEqual(['hostNetwork', 'install', 'preflight', 'reset']);
      }, 20_000);
    });
  });
});
