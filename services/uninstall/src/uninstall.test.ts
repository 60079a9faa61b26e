/** helm uninstall, with the embedded API server; the test plays the services. */
import {
  FINALIZERS,
  KINDS,
  NODE_ANNOTATIONS,
  NODE_LABELS,
  type Bfb,
  type Dpu,
  type DPUFlavor,
  type DpuSet,
  type KubeObject,
  type Node,
  type Pod,
} from '@dpf/api';
import { connect, CORE, type Cluster } from '@dpf/kube';
import { startKubeSim, type KubeSim } from '@dpf/kube-sim';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clearNodes, stepBegan } from './nodes.ts';
import { removeObjects } from './objects.ts';
import type { Pace } from './pace.ts';

const NAMESPACE = 'dpf-provisioning';
let kube: KubeSim;
let api: Cluster;
let said: string[];
let looks: number;

/** Looks again at once; the deadline comes after so many looks. */
function pace(limit: number, meanwhile: () => Promise<void> = async () => undefined): Pace {
  return {
    deadline: limit,
    end: limit + 3,
    now: () => looks,
    wait: async () => void (looks++, await meanwhile()),
    say: (line) => said.push(line),
  };
}

const meta = (name: string, finalizer: string) => ({ name, namespace: NAMESPACE, finalizers: [finalizer] });
const template = { dpuFlavor: 'hbn', BFB: { bfb: 'doca' } };
async function world(): Promise<void> {
  await api.resource<DPUFlavor>(KINDS.DPUFlavor).create({ metadata: { name: 'hbn', namespace: NAMESPACE }, spec: {} } as DPUFlavor);
  await api.resource<DpuSet>(KINDS.DpuSet).create({
    metadata: meta('set', FINALIZERS.dpuSet),
    spec: { nodeSelector: { matchLabels: { a: 'b' } }, dpuTemplate: { spec: template } },
  } as DpuSet);
  const dpu = await api.resource<Dpu>(KINDS.Dpu).create({
    metadata: meta('w1-0000-4b-00', FINALIZERS.dpu),
    spec: {
      nodeName: 'w1',
      pciAddress: '0000-4b-00',
      bfb: 'doca',
      dpuFlavor: 'hbn',
      nodeEffect: { taint: { key: 'dpu', value: 'provisioning', effect: 'NoSchedule' } },
      cluster: { name: 'tenant-00', namespace: 'tenant-00-ns' },
    },
  } as Dpu);
  await api.resource<Dpu>(KINDS.Dpu).patchStatus(dpu.metadata, { status: { phase: 'Ready', waitingFor: 'its agent' } });
  const bfb = await api
    .resource<Bfb>(KINDS.Bfb)
    .create({ metadata: meta('doca', FINALIZERS.bfb), spec: { url: 'http://10.0.0.7/x.bfb' } } as Bfb);
  await api.resource<Bfb>(KINDS.Bfb).patchStatus(bfb.metadata, { status: { phase: 'Ready', sha256: 'a'.repeat(64) } });
}
const left = async () => {
  const lists = await Promise.all([KINDS.DpuSet, KINDS.Dpu, KINDS.Bfb, KINDS.DPUFlavor].map((kind) => api.resource(kind).list()));
  return lists.flatMap(({ items }) => items.map(({ kind, metadata }) => `${kind}${metadata.deletionTimestamp ? ' going' : ''}`));
};

beforeEach(async () => {
  [said, looks] = [[], 0];
  kube = await startKubeSim({ crds: [new URL('../../../crds', import.meta.url).pathname] });
  api = await connect({ kubeconfig: kube.kubeconfig, userAgent: 'test' });
  await api.resource(CORE.Namespace).create({ metadata: { name: NAMESPACE } });
});
afterEach(async () => {
  await api.close();
  await kube.close();
});

describe('the objects', () => {
  test('go in order while the services clean up: sets and Dpus, then Bfbs and flavors', async () => {
    await world();
    const states: string[][] = [];
    const cleanUp = async () => {
      states.push(await left());
      for (const kind of [KINDS.Dpu, KINDS.DpuSet, KINDS.Bfb]) {
        const client = api.resource<KubeObject>(kind);
        const going = (await client.list()).items.filter(({ metadata }) => metadata.deletionTimestamp);
        for (const { metadata } of going) await client.patch(metadata, { metadata: { finalizers: [] } });
        if (going.length > 0) return;
      }
    };
    await removeObjects(api, [NAMESPACE], pace(100, cleanUp));
    expect(states).toEqual([['DpuSet going', 'Dpu going', 'Bfb', 'DPUFlavor'], ['DpuSet going', 'Bfb', 'DPUFlavor'], ['Bfb going']]);
    expect(said).toEqual([
      `waits for DpuSet ${NAMESPACE}/set and 1 more to go`,
      `waits for DpuSet ${NAMESPACE}/set to go`,
      `waits for Bfb ${NAMESPACE}/doca and 1 more to go`,
      'every DpuSet, Dpu, Bfb and DPUFlavor is gone',
    ]);
  });

  test('are let go at the deadline where no service is there, and what they leave is said for each host', async () => {
    await world();
    const annotations = { [NODE_ANNOTATIONS.card('0000-4b-00')]: '{}', [NODE_ANNOTATIONS.agent]: '{}' };
    await api.resource<Node>(CORE.Node).create({ metadata: { name: 'w1', annotations } });
    await removeObjects(api, [], pace(3));
    expect(await left()).toEqual([]);
    expect(said.slice(1)).toEqual([
      'the deadline has come: our finalizers are released without the clean-up',
      `left on host w1: of Dpu ${NAMESPACE}/w1-0000-4b-00 (Ready, which waited for its agent) perhaps the bridge and the virtual functions of card 0000-4b-00, ` +
        'the taint dpu=provisioning:NoSchedule, Node w1-0000-4b-00 in tenant cluster tenant-00-ns/tenant-00',
      `left on the BFB volume: ${'a'.repeat(64)}.bfb`,
      'left on Node w1: annotations provisioning.dpu.nvidia.com/{card-0000-4b-00}; remove them once no flash is under way there',
    ]);
  });

  test('of a namespace that is not watched stay, and so does a finalizer of somebody else', async () => {
    await world();
    await api.resource(CORE.Namespace).create({ metadata: { name: 'other' } });
    const bfbs = api.resource<Bfb>(KINDS.Bfb);
    await bfbs.create({ metadata: { name: 'theirs', namespace: 'other' }, spec: { url: 'http://10.0.0.7/x.bfb' } } as Bfb);
    await bfbs.patch({ name: 'doca', namespace: NAMESPACE }, { metadata: { finalizers: [FINALIZERS.bfb, 'example.com/backup'] } });
    await removeObjects(api, [NAMESPACE], pace(1));
    const names = (await bfbs.list()).items.map(({ metadata }) => [
      metadata.name,
      metadata.finalizers,
      metadata.deletionTimestamp !== undefined,
    ]);
    expect(names).toEqual([
      ['doca', ['example.com/backup'], true],
      ['theirs', undefined, false],
    ]);
  });

  test('are let go although the API server fails on the way: one answer is lost, one is an error', async () => {
    await world();
    for (const [kind, resource] of [
      ['resetAfterWrite', 'dpusets'],
      ['errorAfterWrite', 'dpus'],
      ['unavailable', 'bfbs'],
    ] as const)
      await kube.faults.add({ kind, count: 1, match: { verbs: ['patch'], resources: [resource] } });
    await removeObjects(api, [], pace(1));
    expect(await left()).toEqual([]);
    expect(said).toContainEqual(
      expect.stringMatching(`^not everything could be released: DpuSet ${NAMESPACE}/set .* and 2 more; tries again$`),
    );
    expect(said).toContainEqual(expect.stringMatching(/^left on host w1: of Dpu /));
    expect(said).not.toContainEqual(expect.stringMatching(/^left in the cluster/));
  });

  test('that cannot be let go are named in the end, and keep helm from removing the services', async () => {
    await world();
    await kube.faults.add({ kind: 'unavailable', match: { verbs: ['patch'], resources: ['dpus'] } });
    const takesLong = async () => void (said.some((line) => line.endsWith('tries again')) && (looks += 10));
    await expect(removeObjects(api, [], pace(1, takesLong))).rejects.toThrow('run helm uninstall again');
    expect(await left()).toEqual(['Dpu going']);
    expect(said.at(-1)).toMatch(`left in the cluster: Dpu ${NAMESPACE}/w1-0000-4b-00 (cannot patch`);
    expect(said.filter((line) => line.includes('tries again'))).toHaveLength(1);
  });

  test('need no CRDs to be gone', async () => {
    const crds = api.resource(CORE.CustomResourceDefinition);
    for (const { metadata } of (await crds.list()).items) await crds.delete(metadata);
    await removeObjects(api, [], pace(50));
    expect(said.at(-1)).toBe('every DpuSet, Dpu, Bfb and DPUFlavor is gone');
  });
});

describe('the Nodes', () => {
  const scope = {
    namespace: NAMESPACE,
    podSelector: 'app=dms-agent',
    cleaners: 'cleaners',
    nodeSelector: { pool: 'dpu' },
    discovery: 'agent' as const,
  };
  const annotations = { [NODE_ANNOTATIONS.agent]: '{}', [NODE_ANNOTATIONS.reset]: '{}', 'example.com/theirs': 'x' };
  const discovered = { [NODE_LABELS.dpuEnabled]: 'true', [NODE_LABELS.pciAddress(0)]: '0000-4b-00' };
  const create = (name: string, labels: Record<string, string>) =>
    api.resource<Node>(CORE.Node).create({ metadata: { name, annotations, labels: { ...labels, ...discovered } } });
  const metadataOf = async (name: string) => (await api.resource<Node>(CORE.Node).get({ name }))?.metadata;

  test('lose our annotations and labels once the services have ended; those of other hosts stay', async () => {
    await Promise.all([create('w1', { pool: 'dpu' }), create('w2', { pool: 'other' })]);
    const pods = api.resource(CORE.Pod);
    await pods.create({
      metadata: { name: 'agent', namespace: NAMESPACE, labels: { app: 'dms-agent' } },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    } as KubeObject);
    await clearNodes(
      api,
      scope,
      pace(50, async () => void (await pods.delete({ name: 'agent', namespace: NAMESPACE }))),
    );
    expect(said).toEqual(['waits for Pod agent to end', '0 hosts have no files of ours any more', '1 Nodes were cleared']);
    expect(await metadataOf('w1')).toMatchObject({ annotations: { 'example.com/theirs': 'x' }, labels: { pool: 'dpu' } });
    expect(Object.keys((await metadataOf('w1'))?.annotations ?? {})).toEqual(['example.com/theirs']);
    expect((await metadataOf('w2'))?.annotations).toEqual(annotations);
  });

  const nfd = { ...scope, discovery: 'nfd' as const, nodeSelector: { [NODE_LABELS.dpuEnabled]: 'true' } };
  const agentPod = (name: string, nodeName: string) =>
    api.resource<Pod>(CORE.Pod).create({
      metadata: { name, namespace: NAMESPACE, labels: { app: 'dms-agent' } },
      spec: { containers: [{ name: 'a', image: 'a' }], nodeName },
    } as Pod);

  test('are cleared and reported although NFD took their label away while another host was waited for', async () => {
    const nodes = api.resource<Node>(CORE.Node);
    await Promise.all([create('w1', {}), create('w2', {}), agentPod('slow', 'w2')]);
    await nodes.patch({ name: 'w1' }, { metadata: { annotations: { [NODE_ANNOTATIONS.holders]: '{}' } } });
    await nodes.create({ metadata: { name: 'other' } });
    const cleaned = async () => {
      await nodes.patch({ name: 'w1' }, { metadata: { labels: { [NODE_LABELS.dpuEnabled]: null } } });
      await api.resource(CORE.Pod).delete({ name: 'slow', namespace: NAMESPACE });
    };
    await clearNodes(api, nfd, pace(50, cleaned));
    expect(said.slice(2)).toEqual([
      '2 Nodes were cleared',
      'left on Node w1: annotations provisioning.dpu.nvidia.com/{holders}; remove them once no flash is under way there',
    ]);
    for (const name of ['w1', 'w2']) expect((await metadataOf(name))?.annotations).not.toHaveProperty([NODE_ANNOTATIONS.agent]);
  });

  test('are cleared but for those of hosts that are down, whose Pods do not end; these are named', async () => {
    await Promise.all([create('w1', {}), create('w2', {}), agentPod('dead', 'w1')]);
    await clearNodes(api, nfd, pace(2));
    expect(said).toEqual([
      'waits for Pod dead to end',
      '0 hosts have no files of ours any more',
      'left on Node w1: what is noted there, for Pod dead did not end',
      '1 Nodes were cleared',
    ]);
    expect((await metadataOf('w1'))?.annotations).toEqual(annotations);
    expect(Object.keys((await metadataOf('w2'))?.annotations ?? {})).toEqual(['example.com/theirs']);
  });

  test('that cannot be written at once hold no other up, and are written later', async () => {
    await Promise.all(['w1', 'w2', 'w3'].map((name) => create(name, { pool: 'dpu' })));
    await kube.faults.add({ kind: 'unavailable', count: 1, match: { verbs: ['patch'], names: ['w1'] } });
    await kube.faults.add({ kind: 'unavailable', match: { verbs: ['patch'], names: ['w2'] } });
    await clearNodes(api, scope, pace(1));
    expect(said.slice(1)).toEqual([
      '2 Nodes could not be cleared, tries again',
      '1 Nodes could not be cleared, tries again',
      '2 Nodes were cleared',
      expect.stringMatching(/^left on Node w2: what is noted there \(cannot patch Node w2: 503/),
    ]);
  });

  test('are waited for from when the cleaners were made, whichever Pod of the Job does it', async () => {
    const now = Date.now();
    expect(await stepBegan(api, scope, now)).toBe(now);
    const template = { metadata: { labels: { app: 'c' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const set = { metadata: { name: scope.cleaners, namespace: NAMESPACE }, spec: { selector: { matchLabels: { app: 'c' } }, template } };
    const { metadata } = await api.resource<KubeObject>(CORE.DaemonSet).create(set as unknown as KubeObject);
    expect(await stepBegan(api, scope, now + 100_000)).toBe(Date.parse(metadata.creationTimestamp ?? ''));
  });

  test('keep the labels of NFD', async () => {
    await create('w1', { pool: 'dpu' });
    await clearNodes(api, { ...scope, discovery: 'nfd' }, pace(5));
    expect((await metadataOf('w1'))?.labels).toEqual({ pool: 'dpu', ...discovered });
  });
});
