/** What an agent may claim, on API servers whose writes a story can get ahead of. */
import { KINDS, NODE_ANNOTATIONS, operationId, type Announcement, type Bfb, type Dpu, type Node, type OperationRef } from '@dpf/api';
import { connect, CORE, type Cluster, type ResourceClient } from '@dpf/kube';
import { onBothApis, type ApiServer } from '@dpf/kube-sim/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { writeNode } from '../act.ts';
import { hashOf } from '../flavor-inputs.ts';
import { releaseByForce } from '../host/entries.ts';
import { dpu, INPUTS, node, PCI } from '../test/builders.ts';
import { aFlavor, aNode, CRDS, createDpu, publishBfb } from '../test/stage.ts';
import type { World } from '../world.ts';
import { announce } from './announce.ts';
import { claim } from './claim.ts';

const AGENT = { instance: 'agent-1', boot: 1, sequence: 1 };
const flavor = aFlavor();
let kube: ApiServer;
let cluster: Cluster;
let made: Dpu;
/** Happens once, just before the next write on a Dpu or Node. */
let first: (() => Promise<unknown>) | undefined;

const nodes = () => cluster.resource<Node>(CORE.Node);
const dpus = () => cluster.resource<Dpu>(KINDS.Dpu);
const live = () => dpus().get({ namespace: 'dpf', name: dpu().object.metadata.name });
const onNode = async (record: string) => (await nodes().get({ name: 'worker-1' }))?.metadata.annotations?.[record];

/** A host whose agent is announced, and its Dpu in a state. */
async function given(of: ReturnType<typeof dpu>): Promise<void> {
  const flavorHash = hashOf(flavor.spec, new Map());
  const { phase, attempt, operation } = of.object.status ?? {};
  made = await createDpu(cluster, of.spec({ cluster: undefined }));
  const uid = made.metadata.uid ?? '';
  const inputs = { ...INPUTS, flavorHash, clusterUid: undefined };
  const own = operation && { ...operation, id: operationId({ kind: 'install', uid, attempt: 1 }) };
  await dpus().patchStatus(
    { namespace: 'dpf', name: made.metadata.name },
    { status: { phase, attempt: { ...attempt, generation: made.metadata.generation, inputs }, operation: own } as never },
  );
  const { metadata, spec } = node().agent().claimed(uid).held(1, uid).object;
  const { annotations, labels } = metadata;
  await nodes().create({ ...aNode('worker-1'), metadata: { name: 'worker-1', annotations, labels }, spec });
}

/** One replica, whose stores are as the API server is now. */
async function world(): Promise<World> {
  const [stored, host] = [(await live()) as Dpu, await nodes().get({ name: 'worker-1' })];
  const overtaken = <T extends Dpu | Node>(client: ResourceClient<T>): ResourceClient<T> => {
    const write = async () => {
      const happens = first;
      first = undefined;
      await happens?.();
    };
    return {
      ...client,
      get: (...asked) => client.get(...asked),
      patch: async (...asked) => (await write(), client.patch(...asked)),
      patchStatus: async (...asked) => (await write(), client.patchStatus(...asked)),
    };
  };
  return {
    stores: { dpus: { byIndex: () => [stored], list: () => [stored] }, nodes: { get: () => host }, flavors: { get: () => flavor } },
    api: { dpus: overtaken(dpus()), nodes: overtaken(nodes()), bfbs: cluster.resource<Bfb>(KINDS.Bfb) },
    clock: { now: () => Date.now() },
    chance: () => 0.5,
    wake: async () => undefined,
    settings: { namespaces: [], discovery: 'nfd' },
  } as unknown as World;
}
const asks = async (ref: OperationRef) => claim(await world(), ref, 'worker-1', AGENT);

onBothApis((name, startApi) => {
  describe(`on ${name}`, () => {
    beforeAll(async () => {
      kube = await startApi({ crds: CRDS });
      cluster = await connect({ kubeconfig: kube.kubeconfig, userAgent: 'test' });
      await cluster.resource(CORE.Namespace).create({ metadata: { name: 'dpf' } });
      await publishBfb(cluster);
    }, 90_000);
    afterAll(async () => {
      await cluster?.close();
      await kube?.close();
    });
    beforeEach(async () => {
      first = undefined;
      await nodes().delete({ name: 'worker-1' });
      const old = await live();
      if (old) await dpus().patch({ namespace: 'dpf', name: old.metadata.name }, { metadata: { finalizers: null } });
      if (await live()) await dpus().delete({ namespace: 'dpf', name: made.metadata.name });
    });

    describe('Rule claim-recorded: the claim of an install', () => {
      const install = () => asks({ kind: 'install', uid: made.metadata.uid ?? '', attempt: 1 });
      const state = async () => (await live())?.status?.operation?.state;
      const open = () => given(dpu().inPhase('OSInstalling').operation('install', 'Open'));

      test('stands in the status when it is answered; asked again it is answered again, and nothing is written', async () => {
        await open();
        expect(await install()).toMatchObject({ granted: { kind: 'install', attempt: 1 } });
        expect(await state()).toBe('Claimed');
        const writes = kube.writes().length;
        expect(await install()).toMatchObject({ granted: { kind: 'install' } });
        expect(kube.writes().length).toBe(writes);
      });

      test('that cannot be written is not answered', async () => {
        await open();
        first = () => Promise.reject(new Error('no leader'));
        await expect(install()).rejects.toThrow('no leader');
        expect(await state()).toBe('Open');
      });

      test('that was decided on a Dpu which was deleted meanwhile is refused, and stands nowhere', async () => {
        await open();
        first = () => dpus().delete({ namespace: 'dpf', name: made.metadata.name });
        expect(await install()).toMatchObject({ status: 409, refused: { reason: 'OperationStale' } });
        expect(await state()).toBe('Open');
      });
    });

    test('Rule claim-outdates: an announcement that was on its way while an install was claimed lets go of nothing', async () => {
      await given(dpu().inPhase('OSInstalling').operation('install', 'Open'));
      const uid = made.metadata.uid ?? '';
      const said = { ...AGENT, node: 'worker-1', bootId: 'boot-1', agentVersion: '0', cards: [], journal: [], holds: [] };
      const announces = async (change: Partial<Announcement>) => announce(await world(), 'worker-1', { ...said, ...change });
      const claimed = await claim(await world(), { kind: 'install', uid, attempt: 1 }, 'worker-1', { ...AGENT, sequence: 2 });
      expect(claimed).toMatchObject({ granted: { kind: 'install' } });
      const host = (await nodes().get({ name: 'worker-1' })) as Node;
      await writeNode(await world(), host, releaseByForce(host, uid));

      expect(await announces({ sequence: 2 })).toMatchObject({ status: 409, refused: { announced: { sequence: 2 } } });
      expect(await announces({ sequence: 3, holds: [uid] })).toMatchObject({ accepted: {} });
      expect(await onNode(NODE_ANNOTATIONS.card(PCI))).toContain('"forced":true');
      expect(await announces({ sequence: 4 })).toMatchObject({ accepted: {} });
      expect(await onNode(NODE_ANNOTATIONS.card(PCI))).toBeUndefined();
    });

    describe('Rule reset-on-node: the claim of a reset', () => {
      const reset = () => asks({ kind: 'reset', node: 'worker-1', boot: 1 });
      const record = () => onNode(NODE_ANNOTATIONS.reset);
      const due = () => given(dpu().inPhase('Rebooting').operation('install', 'Succeeded', { bootToLeave: 1 }));

      test('stands on the Node when it is answered; asked again it is answered again, and stays as it stands', async () => {
        await due();
        expect(await reset()).toMatchObject({ granted: { kind: 'reset', boot: 1, pcis: [PCI] } });
        const claimed = await record();
        expect(JSON.parse(claimed ?? '{}')).toMatchObject({ boot: 1, uid: made.metadata.uid, attempt: 1 });
        expect(await reset()).toMatchObject({ granted: { kind: 'reset', boot: 1 } });
        expect(await record()).toBe(claimed);
      });

      test('that cannot be written is not answered', async () => {
        await due();
        first = () => Promise.reject(new Error('no leader'));
        await expect(reset()).rejects.toThrow('no leader');
        expect(await record()).toBeUndefined();
      });

      test('that was decided before the host booted is refused, and stands nowhere', async () => {
        await due();
        const at = await world();
        const booted = { ...AGENT, node: 'worker-1', instance: 'agent-2', boot: 2, bootId: 'boot-2', sequence: 1, agentVersion: '0' };
        first = () => announce(at, 'worker-1', { ...booted, cards: [], journal: [], holds: [] });
        expect(await reset()).toMatchObject({ status: 409, refused: { reason: 'OperationStale' } });
        expect(await record()).toBeUndefined();
      });
    });
  });
});
