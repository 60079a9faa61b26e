import { DPU_ANNOTATIONS, NODE_ANNOTATIONS, TENANT_NODE_LABELS } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { HASH, INPUTS, MINUTES, PCI, SECONDS, SHA, UID, ago, dpu, node, observed, type DpuBuilder } from '../../test/builders.ts';
import { conclusion, decide } from '../decide.ts';
import type { Observed } from '../observed.ts';

/** What a decision comes to, in short: where it stays, why, and what it does. */
function told(o: Observed) {
  const decision = decide(o);
  const { reason } = conclusion(decision);
  return { phase: decision.status?.phase, reason, does: decision.effects.map((effect) => effect.do) };
}
const other = { uid: 'uid-2', name: 'other', pci: '0000-b1-00', deleting: false };

describe('Initializing', () => {
  const fresh = () => dpu();
  test.each<[string, Observed, { phase?: string; reason: string; does: string[] }]>([
    [
      'Rule finalizer-first: without our finalizer nothing is claimed',
      observed(fresh().meta({ finalizers: [] }), { host: node().agent() }),
      { reason: 'AddingFinalizer', does: ['addFinalizer'] },
    ],
    [
      'a host that does not exist is waited for',
      observed(fresh(), { host: 'absent' }),
      { phase: 'Initializing', reason: 'NodeNotFound', does: [] },
    ],
    [
      'the card is claimed without a status write',
      observed(fresh(), { host: node().agent() }),
      { reason: 'ClaimingCard', does: ['claimCard'] },
    ],
    [
      'a missing flavor is said, and the card claimed meanwhile',
      observed(fresh(), { host: node().agent(), flavor: 'absent' }),
      { phase: 'Initializing', reason: 'FlavorNotFound', does: ['claimCard'] },
    ],
    ['a missing Bfb is said', observed(fresh(), { bfb: 'absent' }), { phase: 'Initializing', reason: 'BfbNotFound', does: [] }],
    [
      'a cluster that is not granted is said',
      observed(fresh(), { tenant: { state: 'ClusterNotGranted', message: 'set tenantClusters' } }),
      { phase: 'Initializing', reason: 'ClusterNotGranted', does: [] },
    ],
    [
      'a card that another Dpu holds is a conflict',
      observed(fresh(), { host: node().agent().claimed('uid-2'), siblings: [] }),
      { reason: 'Conflict', does: ['sweep'] },
    ],
    [
      'all there: the preflight is opened in the same decision',
      observed(fresh()),
      { phase: 'Pending', reason: 'Preflight', does: ['submit'] },
    ],
  ])('%s', (_, o, expected) => {
    expect(told(o)).toEqual(expected);
  });

  test('a card that neither labels nor agent show is waited for', () => {
    const host = node();
    host.object.metadata.labels = {};
    expect(told(observed(fresh(), { host }))).toMatchObject({ reason: 'CardNotFound' });
  });
  test('the first decision of a Dpu freezes the inputs of attempt 1', () => {
    expect(decide(observed(fresh())).status?.attempt).toMatchObject({ number: 1, retries: 0, inputs: INPUTS, generation: 1 });
  });
});

describe('Pending', () => {
  const pending = () => dpu().inPhase('Pending');
  test.each<[string, Observed, { phase?: string; reason: string; does: string[] }]>([
    [
      'an image that is being downloaded is waited for',
      observed(pending(), { bfb: { phase: 'Downloading' } }),
      { phase: 'Pending', reason: 'ImageNotReady', does: [] },
    ],
    [
      'a failed image is said',
      observed(pending(), { bfb: { phase: 'Error', message: '404' } }),
      { phase: 'Pending', reason: 'ImageFailed', does: [] },
    ],
    [
      'a bf.cfg that is too large is said',
      observed(pending(), { bfcfg: { reason: 'ConfigTooLarge', message: 'it to fit' } }),
      { phase: 'Pending', reason: 'ConfigTooLarge', does: [] },
    ],
    [
      'a Node of that name that is not ours stops it before anything is touched',
      observed(pending(), {
        tenant: { state: 'Reachable', clusterUid: 'cluster-1', node: { uid: 'n', ready: true, cordoned: false, labels: {} } },
      }),
      { phase: 'Pending', reason: 'TenantNodeForeign', does: [] },
    ],
    [
      'without an agent nothing is submitted',
      observed(pending(), { host: node().claimed() }),
      { phase: 'Pending', reason: 'AgentNotSeen', does: [] },
    ],
    [
      'an open preflight is submitted again and again',
      observed(pending().operation('preflight', 'Open')),
      { phase: 'Pending', reason: 'Preflight', does: ['submit'] },
    ],
    [
      'not taken for two minutes: the agent is silent',
      observed(pending().operation('preflight', 'Open', { openedAt: ago(2 * MINUTES) })),
      { phase: 'Pending', reason: 'AgentSilent', does: ['submit'] },
    ],
    [
      'an image replaced meanwhile begins the attempt anew',
      observed(pending().operation('preflight', 'Open'), { bfb: { phase: 'Ready', sha256: 'b'.repeat(64), size: 1 } }),
      { phase: 'Pending', reason: 'Preflight', does: ['withdraw', 'submit'] },
    ],
    [
      'passed: the node effect is put on the Node',
      observed(pending().operation('preflight', 'Succeeded'), { host: node().agent().claimed() }),
      { phase: 'NodeEffect', reason: 'ApplyingNodeEffect', does: ['hold'] },
    ],
    [
      'as many installs as allowed: it waits with its preflight passed',
      observed(pending().operation('preflight', 'Succeeded'), { caps: { installs: { limit: 2, ahead: 2 } } }),
      { phase: 'Pending', reason: 'InstallLimitReached', does: [] },
    ],
    [
      'paused: nothing new is started',
      observed(pending().spec({ paused: true }).operation('preflight', 'Open')),
      { phase: 'Pending', reason: 'Paused', does: ['withdraw'] },
    ],
  ])('%s', (_, o, expected) => {
    expect(told(o)).toEqual(expected);
  });
  test('what a person has to cure is tried again at once when the agent announces a change', () => {
    const failed = pending()
      .operation('preflight', 'Failed')
      .status({ lastError: { reason: 'RshimOwnedByBmc', message: 'm', at: ago(2 * MINUTES), class: 'needsHuman' } });
    failed.status({ attempt: { ...failed.object.status!.attempt!, nextRetryTime: ago(-3 * MINUTES) } });
    expect(
      told(
        observed(failed, {
          host: node()
            .agent({ at: ago(3 * MINUTES) })
            .claimed(),
        }),
      ),
    ).toMatchObject({ phase: 'Pending', reason: 'RshimOwnedByBmc', does: [] });
    expect(
      told(
        observed(failed, {
          host: node()
            .agent({ at: ago(MINUTES) })
            .claimed(),
        }),
      ),
    ).toMatchObject({ phase: 'Pending', reason: 'Preflight' });
  });
});

describe('NodeEffect and OSInstalling', () => {
  const installing = () => dpu().inPhase('OSInstalling');
  const oldNode = { uid: 'old', ready: true, cordoned: false, labels: { [TENANT_NODE_LABELS.dpuUid]: UID }, dpuUid: UID };
  test.each<[string, Observed, { phase?: string; reason: string; does: string[] }]>([
    [
      'Rule holder-has-attempt: a holder of an older attempt does not serve',
      observed(
        dpu()
          .inPhase('NodeEffect')
          .status({ attempt: { number: 2, retries: 0, startedAt: ago(0), inputs: INPUTS } }),
      ),
      { phase: 'NodeEffect', reason: 'ApplyingNodeEffect', does: ['hold'] },
    ],
    [
      'observed on the Node: the install is opened',
      observed(dpu().inPhase('NodeEffect')),
      { phase: 'OSInstalling', reason: 'Installing', does: ['submit'] },
    ],
    [
      'the old software leaves the cluster before the install is submitted',
      observed(installing().operation('install', 'Open'), { tenant: { state: 'Reachable', clusterUid: 'cluster-1', node: oldNode } }),
      { phase: 'OSInstalling', reason: 'TenantNodeLeaving', does: ['deleteTenantNode'] },
    ],
    [
      'claimed: what changes meanwhile waits for the next attempt',
      observed(installing().spec({ grant: 9 }).operation('install', 'Claimed'), { flavor: { hash: 'x', spec: {} } }),
      { phase: 'OSInstalling', reason: 'Installing', does: ['submit'] },
    ],
    [
      'Rule end-before-next: past its deadline the agent is asked to cancel, and nothing else begins',
      observed(installing().operation('install', 'Claimed', { openedAt: ago(66 * MINUTES), reportedAt: ago(SECONDS) })),
      { phase: 'OSInstalling', reason: 'InstallOverdue', does: ['submit'] },
    ],
    [
      'no sign of the agent for three minutes: silent, and still nothing else begins',
      observed(installing().operation('install', 'Claimed', { reportedAt: ago(4 * MINUTES) })),
      { phase: 'OSInstalling', reason: 'AgentSilent', does: ['submit'] },
    ],
    [
      'the holder vanished: it is put back before the install is submitted',
      observed(installing().operation('install', 'Open'), { host: node().agent().claimed() }),
      { phase: 'OSInstalling', reason: 'ApplyingNodeEffect', does: ['hold'] },
    ],
    [
      'paused before the agent took it: withdrawn',
      observed(installing().spec({ paused: true }).operation('install', 'Open')),
      { phase: 'OSInstalling', reason: 'Paused', does: ['withdraw'] },
    ],
    [
      'paused while it runs: it ends',
      observed(installing().spec({ paused: true }).operation('install', 'Claimed')),
      { phase: 'OSInstalling', reason: 'Installing', does: ['submit'] },
    ],
  ])('%s', (_, o, expected) => {
    expect(told(o)).toEqual(expected);
  });
  test('Rule end-before-next: the cancel is asked for in the status', () => {
    const o = observed(installing().operation('install', 'Claimed', { openedAt: ago(66 * MINUTES), reportedAt: ago(SECONDS) }));
    expect(decide(o).status?.operation?.state).toBe('Cancelling');
  });
  test('a new grant before the agent took the install begins a new attempt', () => {
    const decision = decide(observed(installing().spec({ grant: 9 }).meta({ generation: 2 }).operation('install', 'Open')));
    expect(decision.status?.attempt).toMatchObject({ number: 2, grant: 9, generation: 2 });
    expect(decision.effects).toContainEqual({ do: 'withdraw', id: `install.${UID}.1` });
  });
});

describe('Rebooting', () => {
  const rebooting = () => dpu().inPhase('Rebooting').operation('install', 'Succeeded', { bootToLeave: 1 });
  const quietOnes = { ...other, phase: 'Rebooting' as const };
  test.each<[string, Observed, { phase?: string; reason: string; does: string[] }]>([
    [
      'the reset is submitted once all DPUs of the host are quiet',
      observed(rebooting(), { siblings: [quietOnes] }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      'a sibling that is being installed is waited for',
      observed(rebooting(), { siblings: [{ ...other, phase: 'OSInstalling' }] }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: [] },
    ],
    [
      'a sibling whose preflight is under way is waited for',
      observed(rebooting(), { siblings: [{ ...other, phase: 'Pending', operation: { kind: 'preflight', state: 'Open' } }] }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: [] },
    ],
    [
      'a sibling that waits for its image is not',
      observed(rebooting(), { siblings: [{ ...other, phase: 'Pending' }] }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      'a sibling that is deleted in the middle of its install is waited for',
      observed(rebooting(), {
        siblings: [{ ...other, phase: 'OSInstalling', deleting: true, operation: { kind: 'install', state: 'Cancelling' } }],
      }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: [] },
    ],
    [
      'Rule reset-on-node: a claimed reset is submitted again, nothing more',
      observed(rebooting(), { host: node().agent().claimed().held().reset() }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      '20 min after the reset without a boot: a person is asked',
      observed(rebooting(), {
        host: node()
          .agent()
          .claimed()
          .held()
          .reset(1, 20 * MINUTES),
      }),
      { phase: 'Rebooting', reason: 'RebootOverdue', does: ['submitReset'] },
    ],
    [
      'Rule boot-of-report: the boot in which the install ended does not count',
      observed(rebooting(), { host: node().agent({ boot: 1 }).claimed().held() }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      'Rule boots-are-ordered: a greater boot ends it',
      observed(rebooting(), { host: node().agent({ boot: 2 }).claimed().held() }),
      { phase: 'HostNetworkConfiguration', reason: 'ConfiguringHostNetwork', does: ['submit'] },
    ],
    [
      'without automaticNodeReboot a person reboots, without a deadline',
      observed(rebooting().spec({ automaticNodeReboot: false })),
      { phase: 'Rebooting', reason: 'WaitingForManualPowerCycleOrReboot', does: [] },
    ],
    [
      'the annotation skip goes on at once',
      observed(rebooting(), { host: node().agent().claimed().held().record(NODE_ANNOTATIONS.rebootCommand, 'skip') }),
      { phase: 'HostNetworkConfiguration', reason: 'ConfiguringHostNetwork', does: ['submit'] },
    ],
    [
      'skip of the warm reboot is none of the power cycle',
      observed(rebooting().annotated({ [DPU_ANNOTATIONS.hostPowerCycleRequired]: 'true' }), {
        host: node().agent().claimed().held().record(NODE_ANNOTATIONS.rebootCommand, 'skip'),
      }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      'a reset that failed is tried again after the pause of any of the host’s DPUs',
      observed(rebooting(), { siblings: [{ ...quietOnes, nextRetryAt: Date.parse(ago(-MINUTES)) }] }),
      { phase: 'Rebooting', reason: 'ResetFailed', does: [] },
    ],
  ])('%s', (_, o, expected) => {
    expect(told(o)).toEqual(expected);
  });
});

describe('HostNetworkConfiguration, DPUClusterConfig, Ready', () => {
  const labels = { role: 'dpu', [TENANT_NODE_LABELS.host]: 'worker-1', [TENANT_NODE_LABELS.dpuUid]: UID };
  const joined = { uid: 'new', ready: true, cordoned: false, labels, dpuUid: UID };
  const tenant = (tenantNode?: object): Observed['tenant'] => ({
    state: 'Reachable',
    clusterUid: 'cluster-1',
    ...(tenantNode ? { node: tenantNode as typeof joined } : {}),
  });
  const config = (sinceMs = 0) => dpu().inPhase('DPUClusterConfig', sinceMs).status({ tenantNodeUid: 'old' });
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
      { phase: 'DPUClusterConfig', reason: 'WaitingForTenantNode', does: ['extendToken', 'labelTenantNode'] },
    ],
    [
      'new, labelled and Ready: the DPU is, the token goes, the node effect is released',
      observed(config(), { tenant: tenant(joined) }),
      { phase: 'Ready', reason: 'Provisioned', does: ['deleteToken', 'unhold'] },
    ],
    [
      'not joined for 30 min: the attempt failed',
      observed(config(31 * MINUTES), { tenant: tenant() }),
      { phase: 'DPUClusterConfig', reason: 'TenantNodeOverdue', does: [] },
    ],
    [
      'a cluster out of reach fails nothing',
      observed(config(31 * MINUTES), { tenant: { state: 'ClusterUnreachable', message: 'timeout' } }),
      { phase: 'DPUClusterConfig', reason: 'ClusterUnreachable', does: [] },
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
  const broken = (failureClass: 'transient' | 'needsReset' | 'neverSucceeds') =>
    dpu()
      .inPhase('Error')
      .operation('install', 'Failed', { bootToLeave: 1 })
      .status({ lastError: { reason: 'InstallFailed', message: 'm', at: ago(MINUTES), class: failureClass } });
  test.each<[string, Observed, string]>([
    ['tries spent: waits for a person', observed(broken('transient')), 'Error'],
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
  test('the node effect stays', () => {
    expect(decide(observed(broken('transient'))).effects).toEqual([]);
  });
});
