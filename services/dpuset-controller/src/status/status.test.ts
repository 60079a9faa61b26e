import { describe, expect, test } from '@jest/globals';
import { PHASES, type Dpu, type DpuSet } from '@dpf/api';
import { aNode, aSet, inPhase, madeReady, NOW } from '../../test/builders.ts';
import { plan } from '../plan/plan.ts';
import { statusOf, statusPatch } from './status.ts';

const LATER = new Date(NOW.getTime() + 60_000);
const nodes = new Map(['w1', 'w2', 'w3'].map((name) => [name, aNode(name)]));

/** The set's status when its Dpus are as `change` makes them (by index). */
function status(change: (dpu: Dpu, index: number) => Dpu = madeReady, set: DpuSet = aSet(), now = NOW) {
  const dpus = plan({ set, dpus: [], nodes, now }).create.map((dpu, i) =>
    change({ ...dpu, metadata: { ...dpu.metadata, uid: `u${i}`, generation: 1 } }, i),
  );
  return statusOf(set, plan({ set, dpus, nodes, now }), now);
}
const condition = (of: ReturnType<typeof status>, type: string) => of.conditions?.find((one) => one.type === type);
const waiting = (dpu: Dpu, reason: string, message: string): Dpu =>
  inPhase(dpu, 'Pending', { conditions: [{ type: 'Ready', status: 'False', reason, message, lastTransitionTime: NOW.toISOString() }] });

describe('the status of a set', () => {
  test('counts every phase, also those that no Dpu is in', () => {
    const { dpuStatistics, ...counts } = status((dpu, i) =>
      i === 0 ? inPhase(dpu, 'NodeEffect') : i === 1 ? inPhase(dpu, 'Rebooting') : madeReady(dpu),
    );
    expect(Object.keys(dpuStatistics ?? {})).toEqual([...PHASES]);
    expect(dpuStatistics).toMatchObject({ NodeEffect: 1, Rebooting: 1, Ready: 1, Error: 0 });
    expect(counts).toMatchObject({ desired: 3, current: 3, ready: 1, unavailable: 2, failed: 0, updated: 1, observedGeneration: 1 });
  });

  test('a Dpu is updated once the attempt for its spec is done; one that has drifted is not', () => {
    expect(status((dpu) => inPhase(madeReady(dpu), 'Ready')).updated).toBe(3);
    expect(status((dpu, i) => (i ? madeReady(dpu) : { ...madeReady(dpu), spec: { ...dpu.spec, grant: 5 } })).updated).toBe(2);
    const drifted = (dpu: Dpu): Dpu => ({
      ...madeReady(dpu),
      status: { ...madeReady(dpu).status, outdated: { reason: 'ImageReplaced', message: '' } },
    });
    expect(status((dpu, i) => (i ? madeReady(dpu) : drifted(dpu))).updated).toBe(2);
  });

  test('Ready is False until all are ready and as the template says', () => {
    expect(condition(status(), 'Ready')).toMatchObject({ status: 'True', reason: 'AllDpusReady', message: '3 of 3 DPUs ready' });
    const older = (dpu: Dpu, i: number) => madeReady(i ? dpu : { ...dpu, spec: { ...dpu.spec, bfb: 'older' } });
    expect(condition(status(older), 'Ready')).toMatchObject({ status: 'False', reason: 'DpusNotUpdated' });
    expect(condition(status(older, aSet({ strategy: { type: 'OnDelete' } })), 'Ready')).toMatchObject({ status: 'True' });
  });

  test('the sentence is that of the largest group of those that wait', () => {
    const of = status((dpu, i) =>
      i
        ? waiting(dpu, 'FlavorNotFound', 'waiting for DPUFlavor dpf/hbn to exist')
        : waiting(dpu, 'AgentNotSeen', 'waiting for the agent of host w1'),
    );
    expect(condition(of, 'Ready')?.message).toBe(
      '0 of 3 DPUs ready; 2 of 3 waiting for DPUFlavor dpf/hbn to exist (and others for another reason)',
    );
  });

  test('a person is asked for when Dpus failed', () => {
    const error = { reason: 'InstallFailed', message: 'the image is broken', at: NOW.toISOString() };
    expect(
      condition(
        status((dpu, i) => (i ? madeReady(dpu) : inPhase(dpu, 'Error', { lastError: error }))),
        'Stalled',
      ),
    ).toMatchObject({
      status: 'True',
      reason: 'DpusFailed',
      message: '1 of 3 failed: the image is broken',
    });
  });

  test('nothing changed: nothing is written, and a condition keeps the time of its last change', () => {
    const before = status();
    const after = status(madeReady, { ...aSet(), status: before }, LATER);
    expect(statusPatch(before, after)).toBeUndefined();
    const fallen = status((dpu) => inPhase(madeReady(dpu), 'Ready'), { ...aSet(), status: before }, LATER);
    expect(condition(fallen, 'Ready')?.lastTransitionTime).toBe(LATER.toISOString());
    expect(condition(fallen, 'Paused')?.lastTransitionTime).toBe(NOW.toISOString());
  });
});
