/** The rollout, told step by step. */
import { describe, expect, test } from '@jest/globals';
import { aNode, aSet, inPhase, madeReady } from '../../test/builders.ts';
import { World } from '../../test/world.ts';

/** A fleet that is Ready at revision bfb-a; the log starts empty. */
function aFleet(dpusPerHost: Record<string, number>, maxUnavailable: number | string = 1): World {
  const world = new World(
    aSet({ maxUnavailable }),
    Object.entries(dpusPerHost).map(([name, count]) => aNode(name, count)),
  );
  world.settle();
  world.ready(...world.dpus.keys());
  world.settle();
  world.log.length = 0;
  return world;
}
const card = (host: string, index = 0) => `${host}-0000-4${'bcdef'[index]}-00`;

test('a thousand hosts are granted at a time, whatever the budget and though they were never in service; the others are said to wait', () => {
  const world = new World(
    aSet({ maxUnavailable: '100%' }),
    Array.from({ length: 1_200 }, (_, i) => aNode(`w${i + 1}`)),
  );
  world.settle();
  world.template('bfb-b');
  world.settle();
  expect(world.set.status?.rollout?.granted).toHaveLength(1_000);
  expect(world.read().plan.rollout.held).toBe('200 hosts (w1001 …) wait: 1000 hosts are granted at a time');
  world.ready(card('w1'));
  world.settle();
  expect(world.set.status?.rollout?.granted?.at(-1)).toMatchObject({ host: 'w1001' });
});

describe('a card that comes to a host in service', () => {
  /** Hosts with a DPU each that is Ready, and a second card on every one of them. */
  function widened(spec: Parameters<typeof aSet>[0] = {}): World {
    const world = aFleet({ w1: 1, w2: 1, w3: 1 });
    world.spec((present) => Object.assign(present, spec));
    for (const host of ['w1', 'w2', 'w3']) world.nodes.set(host, aNode(host, 2));
    world.settle();
    return world;
  }
  const seconds = ['w1', 'w2', 'w3'].map((host) => card(host, 1));

  test('is granted host by host within maxUnavailable, for its installation resets the DPU beside it', () => {
    const world = widened();
    world.wait(...seconds);
    world.settle();
    expect(world.set.status?.rollout?.granted).toMatchObject([
      { host: 'w1', number: 1, uids: [world.dpus.get(card('w1', 1))?.metadata.uid] },
    ]);
    world.ready(card('w1', 1));
    world.settle();
    expect(world.log.filter((line) => !line.startsWith('creates'))).toEqual([
      'grants w1 (grant 1)',
      'patches w1-0000-4c-00 to bfb-a (grant 1)',
      'gives back w1 (grant 1)',
      'grants w2 (grant 2)',
      'patches w2-0000-4c-00 to bfb-a (grant 2)',
    ]);
  });

  test('waits while the set is paused', () => {
    const world = widened();
    world.spec((spec) => (spec.paused = true));
    world.wait(...seconds);
    world.settle();
    expect(world.set.status?.rollout?.granted).toEqual([]);
  });

  test('with OnDelete waits for nobody: there is no rollout that would grant it', () => {
    const world = widened();
    world.wait(...seconds.slice(0, 2));
    world.spec((spec) => (spec.strategy = { type: 'OnDelete' }));
    world.settle();
    expect(seconds.map((name) => world.dpus.get(name)?.spec.grant)).toEqual([1, 1, undefined]);
  });
});

describe('a rolling update', () => {
  test('goes host by host: granted, patched, Ready, given back, next', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('bfb-b');
    world.settle();
    world.ready(card('w1'));
    world.settle();
    world.ready(card('w2'));
    world.settle();
    expect(world.log).toEqual([
      'user: template says bfb-b',
      'grants w1 (grant 1)',
      'patches w1-0000-4b-00 to bfb-b (grant 1)',
      'gives back w1 (grant 1)',
      'grants w2 (grant 2)',
      'patches w2-0000-4b-00 to bfb-b (grant 2)',
      'gives back w2 (grant 2)',
    ]);
    expect(world.set.status).toMatchObject({ desired: 2, updated: 2, ready: 2, rollout: { granted: [], lastNumber: 2 } });
  });

  test('takes the DPUs of a host together, and a host with more DPUs than the budget alone', () => {
    const world = aFleet({ w1: 1, w2: 2, w3: 1 });
    world.template('bfb-b');
    world.settle();
    world.ready(card('w1'));
    world.settle();
    world.ready(card('w2', 0));
    world.settle();
    world.ready(card('w2', 1));
    world.settle();
    expect(world.log.filter((line) => !line.startsWith('patches'))).toEqual([
      'user: template says bfb-b',
      'grants w1 (grant 1)',
      'gives back w1 (grant 1)',
      'grants w2 (grant 2)',
      'gives back w2 (grant 2)',
      'grants w3 (grant 3)',
    ]);
    expect(world.log.filter((line) => line.includes('grant 2)') && line.startsWith('patches'))).toHaveLength(2);
  });

  test('rounds a percentage down, and never below one', () => {
    const granted = (hosts: number, percent: string) => {
      const world = aFleet(Object.fromEntries(Array.from({ length: hosts }, (_, i) => [`w${i}`, 1])), percent);
      world.template('bfb-b');
      world.settle();
      return world.set.status?.rollout?.granted?.length;
    };
    expect([granted(5, '10%'), granted(5, '50%'), granted(4, '50%'), granted(3, '100%')]).toEqual([1, 2, 2, 3]);
  });

  test('waits while a failure uses the budget up, says so, and goes on by itself when it is over', () => {
    const world = aFleet({ w1: 1, w2: 1, w3: 1 });
    world.change(card('w3'), (dpu) => inPhase(dpu, 'Ready'));
    world.change(card('w2'), (dpu) => inPhase(dpu, 'Ready'));
    world.template('bfb-b');
    world.settle();
    expect(world.log).toEqual(['user: template says bfb-b']);
    expect(world.set.status?.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'RolloutHeld',
      message: '3 hosts (w2 …) wait for maxUnavailable (1): 2 unavailable or being updated',
    });
    world.ready(card('w2'), card('w3'));
    world.settle();
    expect(world.log.at(-2)).toBe('grants w1 (grant 1)');
  });

  test('Rule set-before-list: a new unavailability is written to status first, and nothing is granted in that write', () => {
    const world = aFleet({ w1: 1, w2: 1, w3: 1 }, 2);
    world.change(card('w3'), (dpu) => inPhase(dpu, 'Ready'));
    world.template('bfb-b');
    world.write(world.read());
    expect(world.set.status).toMatchObject({ unavailable: 1, rollout: { granted: [] } });
    world.write(world.read());
    expect(world.set.status?.rollout?.granted).toMatchObject([
      { host: 'w3', number: 1 },
      { host: 'w1', number: 2 },
    ]);
  });

  test('Rule set-before-list: a replica that decided before another wrote grants nothing', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('bfb-b');
    const stopped = world.read();
    world.settle();
    world.ready(card('w1'));
    expect(world.write(stopped)).toBe(false);
    expect(world.set.status?.rollout?.granted).toMatchObject([{ host: 'w1', number: 1 }]);
  });

  test('Rule release-numbered: a Dpu that is Ready with what it had before gives nothing back', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('bfb-b');
    world.settle();
    // dpu-controller has seen the new generation, and the attempt for it has not begun.
    world.change(card('w1'), (dpu) => ({ ...dpu, status: { ...dpu.status, observedGeneration: dpu.metadata.generation ?? 0 } }));
    world.settle();
    expect(world.log.at(-1)).toBe('patches w1-0000-4b-00 to bfb-b (grant 1)');
  });

  test('Rule grant-numbered: a template that changes again takes a new number for the same slot, and a late patch of the old one is refused', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('bfb-b');
    world.settle();
    world.begin(card('w1'));
    world.template('bfb-c');
    const stopped = world.read();
    world.settle();
    world.write(stopped);
    world.ready(card('w1'));
    world.settle();
    expect(world.log.slice(3)).toEqual([
      'user: template says bfb-c',
      'gives back w1 (grant 1)',
      'grants w1 (grant 2)',
      'patches w1-0000-4b-00 to bfb-c (grant 2)',
      'gives back w1 (grant 2)',
      'grants w2 (grant 3)',
      'patches w2-0000-4b-00 to bfb-c (grant 3)',
    ]);
  });

  test('Rule grant-numbered: numbers grow over those on the Dpus even when the status was lost', () => {
    const world = aFleet({ w1: 1 });
    world.change(card('w1'), (dpu) => madeReady({ ...dpu, spec: { ...dpu.spec, grant: 41 } }));
    world.set = { ...world.set, status: {} };
    world.template('bfb-b');
    world.settle();
    expect(world.log.at(-1)).toBe('patches w1-0000-4b-00 to bfb-b (grant 42)');
  });

  test('Rule grant-names-uid: a Dpu deleted under its grant ends the grant, and the one in its place is not patched under it', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('bfb-b');
    world.write(world.read());
    world.settle();
    world.vanish(card('w1'));
    world.settle();
    expect(world.log.slice(3)).toEqual([
      'w1-0000-4b-00 is gone',
      'creates w1-0000-4b-00 (bfb-b)',
      'gives back w1 (grant 1)',
      'grants w2 (grant 2)',
      'patches w2-0000-4b-00 to bfb-b (grant 2)',
    ]);
  });

  test('Rule grant-names-uid: a Dpu made again behind our back, at the old revision, is not patched under the grant of the one before', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('bfb-b');
    world.settle();
    world.change(card('w1'), (dpu) => {
      const { grant: _grant, ...spec } = dpu.spec;
      return madeReady({ ...dpu, metadata: { ...dpu.metadata, uid: 'another', generation: 1 }, spec: { ...spec, bfb: 'bfb-a' } });
    });
    world.settle();
    expect(world.log.slice(3)).toEqual(['gives back w1 (grant 1)', 'grants w1 (grant 2)', 'patches w1-0000-4b-00 to bfb-b (grant 2)']);
  });

  test('a broken image does not spread, and a corrected template heals the host that has it, then goes on', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('broken');
    world.settle();
    world.fail(card('w1'));
    world.settle();
    expect(world.set.status?.conditions?.find(({ type }) => type === 'Stalled')?.message).toBe('1 of 2 failed: the image is broken');
    world.template('bfb-b');
    world.settle();
    world.ready(card('w1'));
    world.settle();
    expect(world.log.slice(2).filter((line) => line.startsWith('patches'))).toEqual([
      'patches w1-0000-4b-00 to broken (grant 1)',
      'patches w1-0000-4b-00 to bfb-b (grant 2)',
      'patches w2-0000-4b-00 to bfb-b (grant 3)',
    ]);
  });

  test('hosts that were never Ready follow a corrected template at once, whatever the budget', () => {
    const world = new World(aSet(), [aNode('w1'), aNode('w2'), aNode('w3')]);
    world.settle();
    world.log.length = 0;
    world.template('bfb-b');
    world.settle();
    expect(world.log.filter((line) => line.startsWith('patches'))).toHaveLength(3);
  });

  test('a paused set grants and patches nothing; what was granted stays counted and is given back once Ready', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.template('bfb-b');
    world.settle();
    world.spec((spec) => (spec.paused = true));
    world.settle();
    expect(world.set.status?.rollout?.granted).toHaveLength(1);
    world.ready(card('w1'));
    world.settle();
    expect(world.set.status?.rollout?.granted).toHaveLength(0);
    world.spec((spec) => (spec.paused = false));
    world.settle();
    expect(world.log.at(-1)).toBe('patches w2-0000-4b-00 to bfb-b (grant 2)');
  });

  test.each(['OnDelete', 'Recreate'] as const)('%s leaves Dpus as they are until they are deleted', (type) => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.spec((spec) => (spec.strategy = { type }));
    world.template('bfb-b');
    world.settle();
    world.vanish(card('w1'));
    world.settle();
    expect(world.log).toEqual(['user: template says bfb-b', 'w1-0000-4b-00 is gone', 'creates w1-0000-4b-00 (bfb-b)']);
  });

  test('what disrupts nothing is changed on all Dpus at once, without a grant', () => {
    const world = aFleet({ w1: 1, w2: 1 });
    world.spec((spec) => (spec.dpuTemplate.spec.automaticNodeReboot = false));
    world.settle();
    expect(world.log).toEqual([
      'patches w1-0000-4b-00 quietly: {"spec":{"automaticNodeReboot":false}}',
      'patches w2-0000-4b-00 quietly: {"spec":{"automaticNodeReboot":false}}',
    ]);
  });
});
