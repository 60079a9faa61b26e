import { describe, expect, test } from '@jest/globals';
import type { Dpu, Node } from '@dpf/api';
import { capsOf as capsIn } from './caps.ts';
import { ago, dpu, node } from './test/builders.ts';
import { DPU_INDEXES, type Settings, type World } from './world.ts';

const settings = { namespaces: [], discovery: 'nfd' as const, agentSilentSeconds: 120, maxParallelInstalls: 2, maxUnavailableNodes: 2 };
const another = (name: string, host = name) => dpu().meta({ name, uid: name }).spec({ nodeName: host });
const waiting = (name: string, sinceMs: number) => another(name).inPhase('Pending', sinceMs).operation('preflight', 'Succeeded').object;

function capsOf(one: Dpu, dpus: Dpu[], nodes: Node[], limits: Settings) {
  const byIndex = (index: 'place', value: string) => dpus.filter((other) => DPU_INDEXES[index](other).includes(value));
  return capsIn(one, { dpus: { byIndex }, nodes: { list: () => nodes } } as unknown as World['stores'], limits);
}

describe('controller-wide limits', () => {
  test('nothing is counted where no limit is set', () => {
    expect(
      capsOf(dpu().object, [another('a').inPhase('OSInstalling').object], [], {
        namespaces: [],
        discovery: 'nfd',
        agentSilentSeconds: 120,
      }),
    ).toEqual({});
  });
  test('who is installing is ahead, and who has waited for longer; all replicas rank alike', () => {
    const [first, last] = [waiting('a', 2_000), waiting('b', 1_000)];
    const all = [another('c').inPhase('NodeEffect').object, first, last];
    expect(capsOf(first, all, [], settings).installs?.ahead).toBe(1);
    expect(capsOf(last, all, [], settings).installs?.ahead).toBe(2);
  });
  test('the DPUs of a host, which began together, follow one another: they share its reset', () => {
    const line = ['w2', 'w1', 'w2', 'w1'].map(
      (host, i) =>
        another(`${i}`, host)
          .inPhase('Pending', 10 - i)
          .operation('preflight', 'Succeeded').object,
    );
    const ahead = line.map((one) => capsOf(one, line, [], settings).installs?.ahead);
    expect(ahead).toEqual([2, 0, 3, 1]);
  });
  test('one that is paused, or goes, stands in nobody’s way', () => {
    const paused = another('a').spec({ paused: true }).inPhase('Pending', 2_000).operation('preflight', 'Succeeded').object;
    expect(capsOf(waiting('b', 0), [paused], [], settings).installs?.ahead).toBe(0);
  });
  /** What its Dpu was found to wait for when it was looked at last. */
  const waitsFor = (of: Dpu, reason: string): Dpu => ({
    ...of,
    status: { ...of.status, conditions: [{ type: 'Ready', status: 'False', reason, message: '', lastTransitionTime: ago(0) }] },
  });
  test.each([
    ['its cluster, which cannot be used', 'ClusterUnreachable', 0],
    ['its image, which failed', 'ImageFailed', 0],
    ['its flavor, which is gone', 'FlavorNotFound', 0],
    ['its Node, which is gone', 'NodeNotFound', 0],
    ['a place', 'InstallLimitReached', 1],
    ['a Node', 'UnavailableNodesLimitReached', 1],
    ['nothing that was looked for since the preflight', 'Preflight', 1],
  ])('one that waited longer, for %s', (_, reason, ahead) => {
    const first = waitsFor(waiting('a', 2_000), reason);
    expect(capsOf(waiting('b', 0), [first], [], settings).installs?.ahead).toBe(ahead);
  });
  test('what waited for something else joins the line, where it began, before it goes on', () => {
    const [first, last] = [waitsFor(waiting('a', 2_000), 'ImageFailed'), waiting('b', 1_000)];
    const before = capsOf(first, [first, last], [], settings);
    expect(before).toMatchObject({ joins: true, installs: { ahead: 0 } });
    const joined = waitsFor(first, 'InstallLimitReached');
    expect(capsOf(joined, [joined, last], [], settings)).toEqual({ installs: { limit: 2, ahead: 0 }, nodes: { limit: 2, ahead: 0 } });
    expect(capsOf(last, [joined, last], [], settings).installs?.ahead).toBe(1);
  });
  test('an install that waits for its next try takes no place', () => {
    const failed = another('a').inPhase('OSInstalling');
    failed.status({ attempt: { ...failed.object.status!.attempt!, nextRetryTime: ago(-1_000) } });
    expect(capsOf(waiting('b', 0), [failed.object], [], settings).installs?.ahead).toBe(0);
  });
  test('Nodes are counted once, and one’s own not if it is unavailable already', () => {
    const nodesOnly = { ...settings, maxParallelInstalls: undefined };
    const held = { ...node().held(1, 'x').object, metadata: { ...node().held(1, 'x').object.metadata, name: 'host-1' } };
    const all = [another('a', 'host-2').inPhase('OSInstalling').object, another('b', 'host-2').inPhase('OSInstalling').object];
    expect(capsOf(waiting('c', 0), all, [held], nodesOnly).nodes?.ahead).toBe(2);
    expect(capsOf(another('d', 'host-1').object, all, [held], nodesOnly).nodes?.ahead).toBe(0);
  });
});
