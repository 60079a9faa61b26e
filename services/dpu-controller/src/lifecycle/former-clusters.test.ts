/** A DPU is moved from one tenant cluster to another: what becomes of its Node in the first. */
import { TENANT_NODE_LABELS } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { INPUTS, UID, dpu, observed } from '../test/builders.ts';
import { conclusion, decide } from './decide.ts';
import { clustersOf } from './facts.ts';
import type { FormerCluster, Observed, TenantFacts, TenantNode } from './observed.ts';

const OLD = { name: 'old', namespace: 'tenant' };
const NEW = { name: 't', namespace: 'tenant' };
const NODE: TenantNode = { uid: 'old-node', ready: true, cordoned: false, labels: { [TENANT_NODE_LABELS.dpuUid]: UID }, dpuUid: UID };
const old = (facts: TenantFacts): { former: FormerCluster[] } => ({ former: [{ cluster: OLD, facts }] });
const reachable = (node?: TenantNode, clusterUid = 'cluster-old'): TenantFacts => ({
  state: 'Reachable',
  clusterUid,
  ...(node && { node }),
});
const away: TenantFacts = { state: 'ClusterUnreachable', message: 'the API server at h:1 cannot be used: ECONNREFUSED' };
const joined = { type: 'OSInstalled', status: 'True', reason: 'Installed', message: '', lastTransitionTime: '' } as const;

/** Installed in the old cluster, its spec names the new one. */
const moving = (phase: 'OSInstalling' | 'Ready' | 'Deleting') =>
  dpu()
    .inPhase(phase)
    .status({ tenantCluster: OLD, tenantNodeUid: 'old-node', conditions: [joined] });
/** Installed in the new cluster, the old one could not be used then. */
const moved = (phase: 'OSInstalling' | 'Ready' | 'Deleting' | 'Error') =>
  dpu()
    .inPhase(phase)
    .status({ tenantCluster: NEW, formerClusters: [OLD], conditions: [joined] });
const does = (o: Observed) => decide(o).effects.map((effect) => [effect.do, 'cluster' in effect ? effect.cluster : undefined]);
const left = (o: Observed) => decide(o).status?.conditions?.find(({ type }) => type === 'FormerNodeLeft');

describe('before the next install', () => {
  test('the Node is removed by uid from the old cluster, and nothing begins before it is gone', () => {
    const o = observed(moving('OSInstalling'), old(reachable(NODE)));
    expect(conclusion(decide(o))).toMatchObject({ reason: 'TenantNodeLeaving', message: expect.stringContaining('tenant/old') });
    expect(decide(o).effects).toContainEqual({ do: 'deleteTenantNode', uid: 'old-node', cluster: OLD });
    expect(decide(o).status?.operation).toBeUndefined();
  });
  test('once it is gone the install begins, and its cluster is noted', () => {
    const { status } = decide(observed(moving('OSInstalling'), old(reachable())));
    expect(status).toMatchObject({ operation: { kind: 'install' }, tenantCluster: NEW });
    expect(status?.formerClusters).toBeUndefined();
  });
  test('one that cannot be used does not stop the install: it is noted, and a condition says what is left there', () => {
    const o = observed(moving('OSInstalling'), old(away));
    expect(decide(o).status).toMatchObject({ operation: { kind: 'install' }, tenantCluster: NEW, formerClusters: [OLD] });
    expect(left(o)).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/tenant\/old could not be removed: .*ECONNREFUSED.*by hand/),
    });
  });
  test('a DPU that joins no cluster any more leaves the one that it was in', () => {
    const of = moving('OSInstalling').spec({ cluster: undefined });
    of.status({ attempt: { ...of.object.status!.attempt!, inputs: { ...INPUTS, clusterUid: undefined } } });
    const o = observed(of, { tenant: 'absent', ...old(reachable(NODE)) });
    expect(does(o)).toContainEqual(['deleteTenantNode', OLD]);
  });
});

describe('afterwards', () => {
  test.each(['Ready', 'Error'] as const)('in %s the Node goes as soon as the old cluster can be used', (phase) => {
    const o = observed(moved(phase), old(reachable(NODE)));
    expect(does(o)).toContainEqual(['deleteTenantNode', OLD]);
    expect(decide(o).status?.formerClusters).toEqual([OLD]);
  });
  test.each<[string, TenantFacts]>([
    ['the Node is gone', reachable()],
    ['the cluster is gone', { state: 'ClusterNotFound', message: 'm' }],
    ['it is the same cluster by another name, with the Node of the present software', reachable(NODE, INPUTS.clusterUid)],
    ['the Node of that name is somebody else’s', reachable({ ...NODE, dpuUid: 'other', labels: {} })],
  ])('nothing is done or told any more: %s', (_, facts) => {
    const o = observed(moved('Ready'), old(facts));
    expect(does(o).filter(([, cluster]) => cluster)).toEqual([]);
    expect(decide(o).status?.formerClusters).toBeUndefined();
    expect(left(o)).toBeUndefined();
  });
  test('as long as it cannot be used it is told', () => {
    expect(left(observed(moved('Ready'), old(away)))).toMatchObject({ status: 'True' });
    expect(clustersOf(moved('Ready').object)).toEqual([NEW, OLD]);
  });
});

describe('a deletion', () => {
  test.each([
    ['before the move', moving],
    ['after it', moved],
  ])('%s waits until the Node in the old cluster is gone', (_, of) => {
    expect(does(observed(of('Deleting').deleted(), old(reachable(NODE))))).toContainEqual(['deleteTenantNode', OLD]);
    const waits = decide(observed(of('Deleting').deleted(), old(away)));
    expect(conclusion(waits)).toMatchObject({ reason: 'ClusterUnreachable', message: expect.stringContaining('tenant/old') });
    expect(waits.effects).not.toContainEqual({ do: 'removeFinalizer' });
  });
  test('by force leaves it', () => {
    const of = moved('Deleting').deleted().annotated({ 'provisioning.dpu.nvidia.com/force-delete': 'true' });
    expect(conclusion(decide(observed(of, old(away)))).reason).not.toBe('ClusterUnreachable');
  });
});
