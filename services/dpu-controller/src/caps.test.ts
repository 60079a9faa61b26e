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
  test('one that is paused, or goes, stands in nobody’s way', () => {
    const paused = another('a').spec({ paused: true }).inPhase('Pending', 2_000).operation('preflight', 'Succeeded').object;
    expect(capsOf(waiting('b', 0), [paused], [], settings).installs?.ahead).toBe(0);
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
