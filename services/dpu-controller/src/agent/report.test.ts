/** What an agent reports, to a replica whose store may be behind. */
import { KINDS, operationId, type Dpu, type Node, type Report } from '@dpf/api';
import { connect, CORE, type Cluster } from '@dpf/kube';
import { onBothApis, type ApiServer } from '@dpf/kube-sim/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { dpu, INPUTS, node } from '../test/builders.ts';
import { aFlavor, aNode, CRDS, createDpu } from '../test/stage.ts';
import type { World } from '../world.ts';
import { report } from './report.ts';

const SAID = { instance: 'agent-1', boot: 1, state: 'succeeded', percent: 100, message: 'done' } as const satisfies Report;
const { name } = dpu().object.metadata;
let kube: ApiServer;
let cluster: Cluster;
/** As the store of the replica shows it. */
let stored: Dpu;
/** Live reads of the Dpu. */
let reads: number;

const dpus = () => cluster.resource<Dpu>(KINDS.Dpu);
const nodes = () => cluster.resource<Node>(CORE.Node);
const operation = async () => (await dpus().get({ namespace: 'dpf', name }))?.status?.operation?.state;
const reports = (said: Partial<Report> = {}, from = 'worker-1') =>
  report(world(), { kind: 'install', uid: stored.metadata.uid ?? '', attempt: 1 }, from, { ...SAID, ...said });

function world(): World {
  const client = dpus();
  const counted = { ...client, get: (...asked: Parameters<typeof client.get>) => (reads++, client.get(...asked)) };
  return {
    stores: {
      dpus: { byIndex: () => [stored] },
      nodes: { get: () => node().agent().claimed(stored.metadata.uid).object },
      flavors: { get: () => aFlavor() },
    },
    api: { dpus: { ...counted, patchStatus: client.patchStatus.bind(client) }, nodes: nodes() },
    events: { record: () => undefined },
    log: { info: () => undefined },
    clock: { now: () => Date.now() },
    chance: () => 0.5,
    wake: async () => undefined,
    settings: { namespaces: [], discovery: 'nfd' },
  } as unknown as World;
}

onBothApis((api, startApi) => {
  describe(`on ${api}, the end of an install`, () => {
    beforeAll(async () => {
      kube = await startApi({ crds: CRDS });
      cluster = await connect({ kubeconfig: kube.kubeconfig, userAgent: 'test' });
      await cluster.resource(CORE.Namespace).create({ metadata: { name: 'dpf' } });
      await nodes().create(aNode('worker-1'));
    }, 90_000);
    afterAll(async () => {
      await cluster?.close();
      await kube?.close();
    });
    beforeEach(async () => {
      const { phase, attempt } = dpu().inPhase('OSInstalling').object.status ?? {};
      const made = await createDpu(cluster, dpu().meta({ finalizers: [] }).spec({ cluster: undefined }));
      const id = operationId({ kind: 'install', uid: made.metadata.uid ?? '', attempt: 1 });
      const claimed = { id, kind: 'install', state: 'Claimed', openedAt: new Date().toISOString() };
      const status = {
        phase,
        attempt: { ...attempt, generation: made.metadata.generation, inputs: { ...INPUTS, clusterUid: undefined } },
        operation: claimed,
      };
      stored = await dpus().patchStatus({ namespace: 'dpf', name }, { status });
      reads = 0;
    });
    afterEach(() => dpus().delete({ namespace: 'dpf', name }));

    test('is written on what the store shows, without another read', async () => {
      expect(await reports()).toEqual({ accepted: {} });
      expect([await operation(), reads]).toEqual(['Succeeded', 0]);
    });
    test('is decided again on what the Dpu is now where the store was behind', async () => {
      await dpus().patch({ namespace: 'dpf', name }, { spec: { paused: true } });
      expect(await reports()).toEqual({ accepted: {} });
      expect([await operation(), reads]).toEqual(['Succeeded', 1]);
    });
    test('that was heard already is refused, whatever the store shows', async () => {
      await reports();
      expect(await reports({ state: 'failed' })).toMatchObject({ status: 409, refused: { reason: 'OperationStale' } });
      expect(await operation()).toBe('Succeeded');
    });
    test('is heard from the agent of its host only', async () => {
      expect(await reports({}, 'worker-2')).toMatchObject({ status: 403 });
    });
    test('is not yet there while it runs: whether it is to be stopped is read live', async () => {
      await dpus().patchStatus({ namespace: 'dpf', name }, { status: { operation: { state: 'Cancelling' } } });
      expect(await reports({ state: 'running', percent: 10 })).toEqual({ accepted: { cancel: 'now' } });
    });
  });
});
