import { DPU_ANNOTATIONS, TENANT_NODE_LABELS, type Dpu } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { HASH, MINUTES, NOW, PCI, SECONDS, SHA, UID, ago, dpu, node, observed, type DpuBuilder } from '../../test/builders.ts';
import { conclusion, decide } from '../decide.ts';
import type { Observed } from '../observed.ts';

/** What a decision comes to, in short: where it stays, why, and what it does. */
function told(o: Observed) {
  const decision = decide(o);
  const { reason } = conclusion(decision);
  return { phase: decision.status?.phase, reason, does: decision.effects.map((effect) => effect.do) };
}

describe('HostNetworkConfiguration, DPUClusterConfig, Ready', () => {
  const labels = { role: 'dpu', [TENANT_NODE_LABELS.host]: 'worker-1', [TENANT_NODE_LABELS.dpuUid]: UID };
  const joined = { uid: 'new', ready: true, cordoned: false, labels, dpuUid: UID };
  const tenant = (tenantNode?: object): Observed['tenant'] => ({
    state: 'Reachable',
    clusterUid: 'cluster-1',
    ...(tenantNode ? { node: tenantNode as typeof joined } : {}),
  });
  const config = (sinceMs = 0) => dpu().inPhase('DPUClusterConfig', sinceMs).status({ tenantNodeUid: 'old' });
  /** Its join could have been seen for so long. */
  const awaited = (sinceMs: number, status: 'False' | 'Unknown' = 'False') =>
    config(3 * 60 * MINUTES).status({
      conditions: [{ type: 'ClusterJoined', status, reason: 'WaitingForTenantNode', message: '', lastTransitionTime: ago(sinceMs) }],
    });
  const unreachable = { state: 'ClusterUnreachable', message: 'timeout' } as const;
  const ready = () => dpu().inPhase('Ready').status({ tenantNodeUid: 'new' });
  const network = (of: DpuBuilder) => of.operation('hostNetwork', 'Succeeded');
  test.each<[string, Observed, { phase?: string; reason: string; does: string[] }]>([
    [
      'without a cluster the DPU is Ready after its host network',
      observed(network(dpu().inPhase('HostNetworkConfiguration').spec({ cluster: undefined })), { tenant: 'absent' }),
      { phase: 'Ready', reason: 'Provisioned', does: ['unhold'] },
    ],
    [
      'the Node of the old software does not count',
      observed(config(), { tenant: tenant({ ...joined, uid: 'old' }) }),
      { phase: 'DPUClusterConfig', reason: 'WaitingForTenantNode', does: ['extendToken'] },
    ],
    [
      'a new Node gets our labels, Ready or not',
      observed(config(), { tenant: tenant({ ...joined, ready: false, labels: {}, dpuUid: undefined }) }),
      { phase: 'DPUClusterConfig', reason: 'WaitingForTenantNode', does: ['labelTenantNode', 'extendToken'] },
    ],
    [
      'new, labelled and Ready: the DPU is, the token goes, the node effect is released',
      observed(config(), { tenant: tenant(joined) }),
      { phase: 'Ready', reason: 'Provisioned', does: ['deleteToken', 'unhold'] },
    ],
    [
      'not joined for 30 min: the attempt failed',
      observed(awaited(30 * MINUTES), { tenant: tenant() }),
      { phase: 'DPUClusterConfig', reason: 'TenantNodeOverdue', does: [] },
    ],
    [
      'registered, and not Ready for 30 min: the attempt failed',
      observed(awaited(30 * MINUTES), { tenant: tenant({ ...joined, ready: false }) }),
      { phase: 'DPUClusterConfig', reason: 'TenantNodeOverdue', does: [] },
    ],
    [
      'a moment before that it is waited for',
      observed(awaited(30 * MINUTES - 1), { tenant: tenant() }),
      { phase: 'DPUClusterConfig', reason: 'WaitingForTenantNode', does: ['extendToken'] },
    ],
    [
      'Ready without our labels, however late we look: it is labelled, nothing failed',
      observed(awaited(30 * MINUTES), { tenant: tenant({ ...joined, labels: {}, dpuUid: undefined }) }),
      { phase: 'DPUClusterConfig', reason: 'WaitingForTenantNode', does: ['labelTenantNode'] },
    ],
    [
      'new, labelled and Ready, however late we look: the DPU is',
      observed(awaited(30 * MINUTES), { tenant: tenant(joined) }),
      { phase: 'Ready', reason: 'Provisioned', does: ['deleteToken', 'unhold'] },
    ],
    [
      'a cluster out of reach fails nothing',
      observed(awaited(31 * MINUTES), { tenant: unreachable }),
      { phase: 'DPUClusterConfig', reason: 'ClusterUnreachable', does: [] },
    ],
    [
      'a cluster that is back after hours has the DPU’s whole time again',
      observed(awaited(2 * 60 * MINUTES, 'Unknown'), { tenant: tenant() }),
      { phase: 'DPUClusterConfig', reason: 'WaitingForTenantNode', does: ['extendToken'] },
    ],
    [
      'nobody looked for a while past its time: nothing failed',
      observed(awaited(35 * MINUTES), { tenant: tenant() }),
      { phase: 'DPUClusterConfig', reason: 'WaitingForTenantNode', does: ['extendToken'] },
    ],
    [
      'Ready and held: released',
      observed(ready(), { tenant: tenant(joined) }),
      { phase: 'Ready', reason: 'Provisioned', does: ['unhold'] },
    ],
    [
      'Rule reset-on-node: no holder leaves while a reset is claimed',
      observed(ready(), { host: node().agent().claimed().held().reset(), tenant: tenant(joined) }),
      { phase: 'Ready', reason: 'Provisioned', does: [] },
    ],
    [
      'the Node of the DPU is not Ready: neither is the Dpu',
      observed(ready(), { tenant: tenant({ ...joined, ready: false }) }),
      { phase: 'Ready', reason: 'DPUNodeNotReady', does: ['unhold'] },
    ],
    [
      'labels that went are put back',
      observed(ready(), { tenant: tenant({ ...joined, labels: { [TENANT_NODE_LABELS.dpuUid]: UID } }) }),
      { phase: 'Ready', reason: 'Provisioned', does: ['unhold', 'labelTenantNode'] },
    ],
  ])('%s', (_, o, expected) => {
    expect(told(o)).toEqual(expected);
  });
  test('the time to join runs while the DPU could be seen to, from the start again after an outage', () => {
    const joinedCondition = (status: Dpu['status']) => status?.conditions?.find(({ type }) => type === 'ClusterJoined');
    const away = decide(observed(awaited(20 * MINUTES), { tenant: unreachable })).status!;
    expect(joinedCondition(away)).toMatchObject({ status: 'Unknown', reason: 'ClusterUnreachable' });
    const back = decide(observed(config().status(away), { tenant: tenant(), now: NOW + 60 * MINUTES }));
    expect(joinedCondition(back.status)).toMatchObject({ status: 'False', lastTransitionTime: ago(-60 * MINUTES) });
    const overdue = (now: number) => conclusion(decide(observed(config().status(back.status!), { tenant: tenant(), now }))).reason;
    expect(overdue(NOW + 90 * MINUTES - 1)).toBe('WaitingForTenantNode');
    expect(overdue(NOW + 90 * MINUTES)).toBe('TenantNodeOverdue');
  });
  test('after a time in which no controller looked the DPU has its whole time again, from the next look on', () => {
    const first = decide(observed(awaited(35 * MINUTES), { tenant: tenant() }));
    expect(first.recheckMs).toBe(SECONDS);
    const next = decide(observed(config().status(first.status!), { tenant: tenant(), now: NOW + SECONDS })).status;
    expect(next?.conditions).toContainEqual(
      expect.objectContaining({ type: 'ClusterJoined', status: 'False', lastTransitionTime: ago(-SECONDS) }),
    );
  });
  test('a deadline of the join is looked at when it ends', () => {
    expect(decide(observed(awaited(29 * MINUTES), { tenant: tenant() })).recheckMs).toBe(MINUTES);
  });
  test.each([
    ['another image under the same name', { bfb: { phase: 'Ready', sha256: 'b'.repeat(64) } } as const, 'ImageReplaced'],
    ['another flavor under the same name', { flavor: { hash: 'e'.repeat(64), spec: {} } } as const, 'FlavorReplaced'],
    ['nothing', {}, undefined],
  ])('drift is reported and starts nothing: %s', (_, change, reason) => {
    const { status } = decide(observed(ready(), { tenant: tenant(joined), ...change }));
    expect(status).toMatchObject({ phase: 'Ready', attempt: { number: 1 } });
    expect(status?.outdated?.reason).toBe(reason);
  });
  test('a spec that a user changed without a grant is reported and starts nothing', () => {
    const { status } = decide(
      observed(ready().spec({ bfb: 'doca-2' }).meta({ generation: 2 }), {
        tenant: tenant(joined),
        bfb: { phase: 'Ready', sha256: 'b'.repeat(64) },
      }),
    );
    expect(status).toMatchObject({ phase: 'Ready', outdated: { reason: 'NotGranted' }, observedGeneration: 2 });
  });
  test('a Dpu made by hand is its own grant', () => {
    const { status } = decide(
      observed(ready().spec({ bfb: 'doca-2' }).meta({ generation: 2, ownerReferences: [] }), {
        tenant: tenant(joined),
        bfb: { phase: 'Downloading' },
      }),
    );
    expect(status).toMatchObject({ phase: 'Pending', attempt: { number: 2, generation: 2 } });
  });
  test('a grant of what the card has already flashes nothing', () => {
    const { status } = decide(observed(ready().spec({ grant: 3 }).meta({ generation: 2 }), { tenant: tenant(joined) }));
    expect(status).toMatchObject({ phase: 'Ready', attempt: { number: 1, grant: 3, generation: 2 }, observedGeneration: 2 });
  });
  test('a grant that comes while its card is being made just that is taken over in the end: nothing is flashed twice', () => {
    const joining = config().spec({ grant: 3 }).meta({ generation: 2 });
    // The phase asks for neither image nor flavor.
    const { status } = decide(observed(joining, { tenant: tenant(joined), bfb: 'unread', flavor: 'unread' }));
    expect(status).toMatchObject({ phase: 'Ready', attempt: { number: 1 } });
    expect(status?.attempt?.grant).toBeUndefined();
    expect(decide(observed(joining.status(status ?? {}), { tenant: tenant(joined) })).status).toMatchObject({
      phase: 'Ready',
      attempt: { number: 1, grant: 3 },
    });
  });
  test('a grant of another image begins the next attempt, the old software being in use until the preflight passed', () => {
    const decision = decide(
      observed(ready().spec({ grant: 3, bfb: 'doca-2' }).meta({ generation: 2 }), {
        tenant: tenant(joined),
        bfb: { phase: 'Ready', sha256: 'b'.repeat(64), size: 1 },
      }),
    );
    expect(decision.status).toMatchObject({
      phase: 'Pending',
      attempt: { number: 2, grant: 3, retries: 0 },
      operation: { id: `preflight.${UID}.2` },
    });
    expect(decision.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False' });
  });
  test('the card is away from the bus: a condition, and nothing is deleted or flashed', () => {
    const { status } = decide(
      observed(ready(), {
        host: node()
          .agent({ cards: [{ pci: PCI, index: 0, generation: 'Unknown', rshim: 'absent', present: false }] })
          .claimed(),
        tenant: tenant(joined),
      }),
    );
    expect(status?.phase).toBe('Ready');
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'CardMissing', status: 'True' }));
  });
  test('what was provisioned is copied from the frozen inputs', () => {
    const { status } = decide(
      observed(config(), { tenant: tenant(joined), bfb: { phase: 'Ready', sha256: 'b'.repeat(64) }, flavor: { hash: 'e', spec: {} } }),
    );
    expect(status).toMatchObject({ provisioned: { bfbSha256: SHA, flavorHash: HASH }, tenantNodeUid: 'new' });
  });
});

describe('Error', () => {
  const readyOne = { uid: 'uid-2', name: 'other', pci: '0000-b1-00', deleting: false, phase: 'Ready' as const };
  const broken = (failureClass: 'transient' | 'needsReset' | 'neverSucceeds') =>
    dpu()
      .inPhase('Error')
      .operation('install', 'Failed', { bootToLeave: 1 })
      .status({ lastError: { reason: 'InstallFailed', message: 'm', at: ago(MINUTES), class: failureClass } });
  test.each<[string, Observed, string]>([
    ['tries spent: waits for a person', observed(broken('transient')), 'Error'],
    [
      'a change of the spec is worth a try',
      observed(broken('transient').meta({ generation: 2 }), { siblings: [{ ...readyOne, phase: 'Error' }] }),
      'Pending',
    ],
    [
      'a change without a grant flashes nothing where the reset would hit a Ready DPU of the host',
      observed(broken('transient').meta({ generation: 2 }), { siblings: [readyOne] }),
      'Error',
    ],
    ['a grant covers the host', observed(broken('transient').spec({ grant: 2 }), { siblings: [readyOne] }), 'Pending'],
    ['needs a reset, and the host has not booted', observed(broken('needsReset')), 'Error'],
    ['needs a reset, and the host has booted', observed(broken('needsReset'), { host: node().agent({ boot: 2 }).claimed() }), 'Pending'],
    ['the flavor was replaced', observed(broken('neverSucceeds'), { flavor: { hash: 'e', spec: {} } }), 'Pending'],
    ['the spec was changed', observed(broken('neverSucceeds').meta({ generation: 2 })), 'Pending'],
    ['a retry was asked for', observed(broken('transient').annotated({ [DPU_ANNOTATIONS.retry]: '1' })), 'Pending'],
    [
      'that retry was handled already',
      observed(
        broken('transient')
          .annotated({ [DPU_ANNOTATIONS.retry]: '1' })
          .status({ handledRetry: '1' }),
      ),
      'Error',
    ],
  ])('%s → %#', (_, o, phase) => {
    expect(decide(o).status?.phase).toBe(phase);
  });
  test.each<[string, Observed]>([
    ['the flavor was replaced', observed(broken('neverSucceeds'), { flavor: { hash: 'e', spec: {} }, siblings: [readyOne] })],
    ['the image was replaced', observed(broken('transient'), { bfb: { phase: 'Ready', sha256: 'b'.repeat(64) }, siblings: [readyOne] })],
    ['the host has booted', observed(broken('needsReset'), { host: node().agent({ boot: 2 }).claimed(), siblings: [readyOne] })],
    ['the spec was changed', observed(broken('transient').meta({ generation: 2 }), { siblings: [readyOne] })],
  ])('%s: without a grant nothing begins whose reset hits a Ready DPU of the host, and it says so', (_, o) => {
    const { status, effects } = decide(o);
    expect(status).toMatchObject({ phase: 'Error', attempt: { number: 1 } });
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Stalled', status: 'True', reason: 'RetryWouldDisturb' }));
    expect(status?.waitingFor).toMatch(/resets Dpu other, which is Ready: .*DpuSet/);
    expect(effects).toEqual([]);
  });
  test('a retry that a person asks for begins, Ready DPU on the host or not', () => {
    const o = observed(broken('transient').annotated({ [DPU_ANNOTATIONS.retry]: '1' }), { siblings: [readyOne] });
    expect(decide(o).status?.phase).toBe('Pending');
  });
  test('the node effect stays', () => {
    expect(decide(observed(broken('transient'))).effects).toEqual([]);
  });
});
