import { NODE_ANNOTATIONS, type Dpu, type Node } from '@dpf/api';
import type { Store } from '@dpf/kube';
import { describe, expect, test } from '@jest/globals';
import { MINUTES, ago, dpu, node, type DpuBuilder } from './test/builders.ts';
import { everyKey, onDpuEvent, onNodeEvent, onTenantNodeEvent, trimNode, type Queues } from './wake-ups.ts';
import { DPU_INDEXES, type World } from './world.ts';

const KEY = 'dpu/dpf/worker-1-0000-4b-00';

function storesOf(dpus: Dpu[], nodes: Node[] = []): World['stores'] {
  const found = (index: string, value: string) => dpus.filter((one) => DPU_INDEXES[index as keyof typeof DPU_INDEXES](one).includes(value));
  const of = <T>(list: T[]) => ({ get: () => undefined, list: () => list, size: list.length, byIndex: found }) as unknown as Store<never>;
  return { dpus: of(dpus), nodes: of(nodes), flavors: of([]) };
}
const SETTINGS = { namespaces: [], discovery: 'nfd' as const, agentSilentSeconds: 120 };
/** Which keys an event wakes, by queue. */
function woken(run: (queues: Queues) => void): string[] {
  const keys: string[] = [];
  const to =
    (queue: string) =>
    ({ key }: { key: string }) =>
      void keys.push(`${queue}: ${key}`);
  run({ dpu: to('dpu'), dpuset: to('dpuset'), bfb: to('bfb') });
  return keys;
}
const sibling = () => dpu().meta({ name: 'sibling', uid: 'uid-2' }).spec({ pciAddress: '0000-b1-00' });
const inLine = () => dpu().inPhase('Pending').operation('preflight', 'Succeeded');
const ATTEMPT = dpu().inPhase('OSInstalling').object.status!.attempt!;
const updated = (old: DpuBuilder, object: DpuBuilder) => ({ type: 'updated' as const, old: old.object, object: object.object });

describe('a Dpu', () => {
  test('whose progress moves wakes itself only', () => {
    const event = updated(
      dpu().inPhase('OSInstalling'),
      dpu()
        .inPhase('OSInstalling')
        .status({ progress: { percent: 5, message: 'm' } }),
    );
    expect(woken((queues) => onDpuEvent(storesOf([event.object]), SETTINGS, queues, event))).toEqual([`dpu: ${KEY}`]);
  });
  test('whose phase changes wakes its set, and the host’s other DPUs that wait for the reset', () => {
    const event = updated(dpu().inPhase('OSInstalling'), dpu().inPhase('Rebooting'));
    const others = [sibling().inPhase('Rebooting').object, sibling().meta({ name: 'ready' }).inPhase('Ready').object];
    expect(woken((queues) => onDpuEvent(storesOf([event.object, ...others]), SETTINGS, queues, event))).toEqual([
      `dpu: ${KEY}`,
      'dpuset: dpuset/dpf/set',
      'dpu: dpu/dpf/sibling',
    ]);
  });
  test('that waits for something else than before tells its set', () => {
    const waits = (reason: string) =>
      dpu()
        .inPhase('Pending')
        .status({ conditions: [{ type: 'Ready', status: 'False', reason, message: '', lastTransitionTime: '' }] });
    const event = updated(waits('ImageNotReady'), waits('Preflight'));
    expect(woken((queues) => onDpuEvent(storesOf([event.object]), SETTINGS, queues, event))).toContain('dpuset: dpuset/dpf/set');
  });
  test('that is paused wakes the host’s other DPUs that wait for the reset', () => {
    const event = updated(dpu().inPhase('OSInstalling'), dpu().inPhase('OSInstalling').spec({ paused: true }));
    const stores = storesOf([event.object, sibling().inPhase('Rebooting').object]);
    expect(woken((queues) => onDpuEvent(stores, SETTINGS, queues, event))).toContain('dpu: dpu/dpf/sibling');
  });
  test('that leaves the install lets those go on that wait for a place', () => {
    const waiting = sibling().spec({ nodeName: 'worker-2' }).inPhase('Pending').operation('preflight', 'Succeeded').object;
    const event = updated(dpu().inPhase('OSInstalling'), dpu().inPhase('Error'));
    expect(
      woken((queues) => onDpuEvent(storesOf([event.object, waiting]), { ...SETTINGS, maxParallelInstalls: 1 }, queues, event)),
    ).toContain('dpu: dpu/dpf/sibling');
  });
  test('that leaves the install wakes as many of those that wait as there are places', () => {
    const waiting = (name: string, sinceMs: number) =>
      sibling().meta({ name, uid: name }).inPhase('Pending', sinceMs).operation('preflight', 'Succeeded').object;
    const event = updated(dpu().inPhase('OSInstalling'), dpu().inPhase('Error'));
    const installing = sibling().meta({ name: 'installing', uid: 'i' }).inPhase('NodeEffect').object;
    const stores = storesOf([
      event.object,
      installing,
      waiting('late', MINUTES),
      waiting('first', 3 * MINUTES),
      waiting('second', 2 * MINUTES),
    ]);
    const told = (maxParallelInstalls: number) =>
      woken((queues) => onDpuEvent(stores, { ...SETTINGS, maxParallelInstalls }, queues, event)).filter((key) => key.startsWith('dpu: '));
    expect(told(1).slice(1)).toEqual([]);
    expect(told(2).slice(1)).toEqual(['dpu: dpu/dpf/first']);
    expect(told(3).slice(1)).toEqual(['dpu: dpu/dpf/first', 'dpu: dpu/dpf/second']);
  });
  test.each([
    [
      'waits for its next try',
      dpu().inPhase('OSInstalling'),
      dpu()
        .inPhase('OSInstalling')
        .status({ attempt: { ...ATTEMPT, nextRetryTime: ago(-1_000) } }),
    ],
    ['is paused in the line', inLine(), inLine().spec({ paused: true })],
    ['leaves the line', inLine(), dpu().inPhase('Initializing')],
    [
      'is found to wait for something else',
      inLine(),
      inLine().status({
        conditions: [{ type: 'Ready', status: 'False', reason: 'ClusterUnreachable', message: '', lastTransitionTime: ago(0) }],
      }),
    ],
  ])('that %s lets the next one go on', (_what, old, object) => {
    const next = sibling().spec({ nodeName: 'worker-2' }).inPhase('Pending').operation('preflight', 'Succeeded').object;
    const event = updated(old, object);
    const limits = { ...SETTINGS, maxParallelInstalls: 1 };
    expect(woken((queues) => onDpuEvent(storesOf([event.object, next]), limits, queues, event))).toContain('dpu: dpu/dpf/sibling');
  });
  test('that waits for something else is not woken by a free place, which is for the next one', () => {
    const aside = sibling()
      .meta({ name: 'aside', uid: 'aside' })
      .inPhase('Pending', 9_000)
      .operation('preflight', 'Succeeded')
      .status({ conditions: [{ type: 'Ready', status: 'False', reason: 'ImageFailed', message: '', lastTransitionTime: ago(0) }] });
    const next = sibling().spec({ nodeName: 'worker-2' }).inPhase('Pending').operation('preflight', 'Succeeded').object;
    const event = updated(dpu().inPhase('OSInstalling'), dpu().inPhase('Error'));
    const told = woken((queues) =>
      onDpuEvent(storesOf([event.object, aside.object, next]), { ...SETTINGS, maxParallelInstalls: 1 }, queues, event),
    );
    expect(told).toContain('dpu: dpu/dpf/sibling');
    expect(told).not.toContain('dpu: dpu/dpf/aside');
  });
  test('that takes its place lets nobody else go on', () => {
    const next = sibling().spec({ nodeName: 'worker-2' }).inPhase('Pending').operation('preflight', 'Succeeded').object;
    const event = updated(inLine(), dpu().inPhase('NodeEffect'));
    const limits = { ...SETTINGS, maxParallelInstalls: 2 };
    expect(woken((queues) => onDpuEvent(storesOf([event.object, next]), limits, queues, event))).not.toContain('dpu: dpu/dpf/sibling');
  });
  test('that refers to another Bfb tells the one before', () => {
    const event = updated(dpu(), dpu().spec({ bfb: 'doca-2' }));
    expect(woken((queues) => onDpuEvent(storesOf([event.object]), SETTINGS, queues, event))).toContain('bfb: bfb/dpf/doca');
  });
  test('that is gone is forgotten by the queue, tells its Bfb and its set, and has its host swept', () => {
    const event = { type: 'deleted' as const, object: dpu().object };
    expect(woken((queues) => onDpuEvent(storesOf([]), SETTINGS, queues, event))).toEqual([
      'dpu: dpu/dpf/worker-1-0000-4b-00',
      'dpuset: dpuset/dpf/set',
      'bfb: bfb/dpf/doca',
      'dpu: node/worker-1',
    ]);
  });
});

describe('a Node', () => {
  const change = (object: Node, old: Node) => ({ type: 'updated' as const, object, old });
  test('wakes its host’s Dpus when our annotations, labels or taints change, and not for a heartbeat', () => {
    const stores = storesOf([dpu().object]);
    const before = trimNode(node().object);
    const beat = trimNode({
      ...node().object,
      status: { conditions: [] },
      metadata: { ...node().object.metadata, resourceVersion: '21', annotations: { other: 'x' } },
    });
    expect(woken((queues) => onNodeEvent(stores, SETTINGS, queues, change(beat, before)))).toEqual([]);
    expect(woken((queues) => onNodeEvent(stores, SETTINGS, queues, change(trimNode(node().agent().object), before)))).toEqual([
      `dpu: ${KEY}`,
    ]);
  });
  test('that is available again, or gone, lets those go on that wait for it', () => {
    const next = sibling().spec({ nodeName: 'worker-2' }).inPhase('Pending').operation('preflight', 'Succeeded').object;
    const limits = { ...SETTINGS, maxUnavailableNodes: 1 };
    const told = (event: Parameters<typeof onNodeEvent>[3]) => woken((queues) => onNodeEvent(storesOf([next]), limits, queues, event));
    expect(told(change(node().object, node().held(1).object))).toEqual(['dpu: dpu/dpf/sibling']);
    expect(told({ type: 'deleted', object: node().held(1).object })).toContain('dpu: dpu/dpf/sibling');
    expect(told(change(node().held(1).object, node().object))).not.toContain('dpu: dpu/dpf/sibling');
  });
  test('on which no Dpu is left but entries are is swept', () => {
    expect(
      woken((queues) => onNodeEvent(storesOf([]), SETTINGS, queues, { type: 'added', object: node().claimed('gone').object })),
    ).toEqual(['dpu: node/worker-1']);
  });
  test('whose records name a Dpu of another release is that release’s to look at', () => {
    const limited = { ...SETTINGS, namespaces: ['elsewhere'] };
    const added = { type: 'added' as const, object: node().claimed('theirs').object };
    expect(woken((queues) => onNodeEvent(storesOf([]), limited, queues, added))).toEqual([]);
  });
  test('of a tenant wakes the Dpu of its name that joins this very cluster', () => {
    const stores = storesOf([
      dpu().object,
      dpu()
        .meta({ namespace: 'other' })
        .spec({ cluster: { name: 'u', namespace: 'tenant' } }).object,
    ]);
    expect(
      woken((queues) => onTenantNodeEvent(stores, queues, { cluster: { name: 't', namespace: 'tenant' }, name: 'worker-1-0000-4b-00' })),
    ).toEqual([`dpu: ${KEY}`]);
  });
});

test('every key: the Dpus, and the hosts that bear entries', () => {
  const bare = node().object;
  const claimed = node().claimed().record(NODE_ANNOTATIONS.reset, 'x').object;
  expect([...everyKey(storesOf([dpu().object], [bare]))]).toEqual([KEY]);
  expect([...everyKey(storesOf([dpu().object], [claimed]))]).toEqual([KEY, 'node/worker-1']);
});
