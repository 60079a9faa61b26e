import { DPU_ANNOTATIONS, NODE_ANNOTATIONS, TENANT_NODE_LABELS } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { INPUTS, MINUTES, NOW, SECONDS, UID, ago, dpu, node, observed } from '../../test/builders.ts';
import { conclusion, decide } from '../decide.ts';
import type { Observed } from '../observed.ts';

/** What a decision comes to, in short: where it stays, why, and what it does. */
function told(o: Observed) {
  const decision = decide(o);
  const { reason } = conclusion(decision);
  return { phase: decision.status?.phase, reason, does: decision.effects.map((effect) => effect.do).filter((what) => what !== KEPT) };
}
/** At every look from the end of the installation on: see ../token.test.ts. */
const KEPT = 'extendToken';
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
      'beside a DPU in service, whose host its installation resets: a grant is waited for',
      observed(pending(), { siblings: [{ ...other, phase: 'Ready' }] }),
      { phase: 'Pending', reason: 'WaitingForGrant', does: [] },
    ],
    [
      'beside one whose preflight passed before: the same',
      observed(pending().operation('preflight', 'Succeeded'), { siblings: [{ ...other, phase: 'Ready' }] }),
      { phase: 'Pending', reason: 'WaitingForGrant', does: [] },
    ],
    [
      'beside one that is on its way too: nobody is disturbed',
      observed(pending(), { siblings: [{ ...other, phase: 'OSInstalling' }] }),
      { phase: 'Pending', reason: 'Preflight', does: ['submit'] },
    ],
    [
      'beside a DPU in service with a grant: it goes on',
      observed(pending().spec({ grant: 1 }), { siblings: [{ ...other, phase: 'Ready' }] }),
      { phase: 'Pending', reason: 'Preflight', does: ['submit'] },
    ],
    [
      'beside a DPU in service, made by hand: whoever made it said so',
      observed(pending().meta({ ownerReferences: [] }), { siblings: [{ ...other, phase: 'Ready' }] }),
      { phase: 'Pending', reason: 'Preflight', does: ['submit'] },
    ],
    [
      'what waited for something else is seen in the line before it takes a place that is free',
      observed(pending().operation('preflight', 'Succeeded'), { caps: { joins: true, installs: { limit: 2, ahead: 0 } } }),
      { phase: 'Pending', reason: 'InstallLimitReached', does: [] },
    ],
    [
      'the same goes for the limit of unavailable Nodes',
      observed(pending().operation('preflight', 'Succeeded'), { caps: { joins: true, nodes: { limit: 2, ahead: 0 } } }),
      { phase: 'Pending', reason: 'UnavailableNodesLimitReached', does: [] },
    ],
    [
      'paused: nothing new is started',
      observed(pending().spec({ paused: true }).operation('preflight', 'Open')),
      { phase: 'Pending', reason: 'Paused', does: ['withdraw'] },
    ],
    [
      'paused after its preflight passed: no node effect, no install',
      observed(pending().spec({ paused: true }).operation('preflight', 'Succeeded')),
      { phase: 'Pending', reason: 'Paused', does: [] },
    ],
  ])('%s', (_, o, expected) => {
    expect(told(o)).toEqual(expected);
  });
  test.each([
    ['the announcement came a moment after it', -1],
    ['the clock that stamped the announcement is a minute ahead', -60],
  ])('a failure is not tried again before five seconds are over: %s', (_, secondsAgo) => {
    const failed = pending()
      .operation('preflight', 'Failed')
      .status({ lastError: { reason: 'RshimOwnedByBmc', message: 'm', at: ago(0), class: 'needsHuman' } });
    failed.status({ attempt: { ...failed.object.status!.attempt!, nextRetryTime: ago(-30 * SECONDS) } });
    const host = node()
      .agent({ at: ago(secondsAgo * SECONDS) })
      .claimed();
    const look = (now: number) => decide(observed(failed, { host, now }));
    expect(look(NOW + 2 * SECONDS)).toMatchObject({ status: { attempt: { number: 1 } }, recheckMs: 3 * SECONDS });
    expect(look(NOW + 5 * SECONDS).status?.attempt?.number).toBe(2);
  });
  test('what a person has to cure is tried again before its time when the agent announces a change', () => {
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
  test('what the Bfb says is part of a sentence that goes on', () => {
    const message = 'http://h/x.bfb was answered with 404. Correct spec.url.';
    const { status } = decide(observed(pending(), { bfb: { phase: 'Error', message } }));
    expect(status?.waitingFor).toMatch(/404\. Correct spec\.url \(since [^)]+\)\. See/);
    expect(status?.conditions?.find(({ type }) => type === 'BFBReady')?.message).toContain('Correct spec.url. See');
  });
  test('what the condition says of the node effect is as true after its release', () => {
    const { status } = decide(observed(dpu().inPhase('NodeEffect')));
    expect(status?.conditions?.find(({ type }) => type === 'NodeEffectReady')?.message).toBe('put on Node worker-1 until the DPU is Ready');
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
      'asked to cancel, and not confirmed within five minutes: stalled, and still nothing else begins',
      observed(installing().operation('install', 'Cancelling', { openedAt: ago(6 * MINUTES), reportedAt: ago(SECONDS) })),
      { phase: 'OSInstalling', reason: 'CancelOverdue', does: ['submit'] },
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
  test.each([
    ['a moment ago', () => installing(), 1 * MINUTES, 'False'],
    ['long ago', () => installing(), 6 * MINUTES, 'True'],
    ['by a deletion, which lets the installation end', () => installing().deleted(), 60 * MINUTES, 'False'],
    ['by a deletion, and nothing ended', () => installing().deleted(), 66 * MINUTES, 'True'],
  ])('a cancel that is not confirmed, asked for %s', (_, of, ms, stalled) => {
    const { status } = decide(observed(of().operation('install', 'Cancelling', { openedAt: ago(ms), reportedAt: ago(SECONDS) })));
    expect(status?.conditions?.find(({ type }) => type === 'Stalled')?.status).toBe(stalled);
    expect(status?.waitingFor?.includes('reboot the host')).toBe(stalled === 'True');
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
  const due = (ms: number) => {
    const of = rebooting();
    return of.status({ attempt: { ...of.object.status!.attempt!, resetDueAt: ago(ms) } });
  };
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
      'a sibling that waits for a place under the limit is waited for: otherwise its installation took another reset',
      observed(rebooting(), {
        siblings: [{ ...other, phase: 'Pending', inLine: true, operation: { kind: 'preflight', state: 'Succeeded' } }],
      }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: [] },
    ],
    [
      'half an hour later its place may never become free: it is waited for no longer',
      observed(
        dpu()
          .inPhase('Rebooting', 30 * MINUTES)
          .operation('install', 'Succeeded', { bootToLeave: 1 }),
        {
          siblings: [{ ...other, phase: 'Pending', inLine: true, operation: { kind: 'preflight', state: 'Succeeded' } }],
        },
      ),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
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
      '20 min after its submission the reset that the agent took led to no boot: a person is asked',
      observed(due(20 * MINUTES), {
        host: node().agent().claimed().held().reset(),
      }),
      { phase: 'Rebooting', reason: 'RebootOverdue', does: ['submitReset'] },
    ],
    [
      '20 min after its submission nobody took the reset: the agent is silent',
      observed(due(20 * MINUTES)),
      { phase: 'Rebooting', reason: 'AgentSilent', does: ['submitReset'] },
    ],
    [
      'a moment before that it is waited for',
      observed(due(20 * MINUTES - 1)),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      'as long as a sibling is being installed no reset is overdue',
      observed(due(20 * MINUTES), { siblings: [{ ...other, phase: 'OSInstalling' }] }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: [] },
    ],
    [
      'a sibling that was paused before the agent took its install is not waited for',
      observed(rebooting(), {
        siblings: [{ ...other, phase: 'OSInstalling', paused: true, operation: { kind: 'install', state: 'Open' } }],
      }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      'Rule boot-of-report: without the boot to leave nothing counts as rebooted, and nothing is reset',
      observed(dpu().inPhase('Rebooting').operation('install', 'Succeeded'), { host: node().agent({ boot: 7 }).claimed().held() }),
      { phase: 'Rebooting', reason: 'BootUnknown', does: [] },
    ],
    [
      'Rule boot-of-report: the boot in which the install ended does not count',
      observed(rebooting(), { host: node().agent({ boot: 1 }).claimed().held() }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
    ],
    [
      'Rule boots-are-ordered: a smaller boot is none after the install',
      observed(rebooting(), { host: node().agent({ boot: 0 }).claimed().held() }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: [] },
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
      'skip, once a reset is claimed: it may still land, and is asked for until the agent gives it up',
      observed(rebooting(), { host: node().agent().claimed().held().reset().record(NODE_ANNOTATIONS.rebootCommand, 'skip') }),
      { phase: 'Rebooting', reason: 'WaitingForHostReset', does: ['submitReset'] },
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

  test('the reset’s submission stands in the status that is written anyway, and keeps its time', () => {
    const { status } = decide(observed(rebooting()));
    expect(status?.attempt?.resetDueAt).toBe(ago(0));
    expect(decide(observed(due(MINUTES))).status?.attempt?.resetDueAt).toBe(ago(MINUTES));
    const booted = observed(due(MINUTES), { host: node().agent({ boot: 2 }).claimed().held() });
    expect(decide(booted).status?.attempt?.resetDueAt).toBeUndefined();
  });
  test('a silent agent is Stalled, with agent and host in the message', () => {
    const { status } = decide(observed(due(20 * MINUTES)));
    expect(status?.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({ status: 'True', reason: 'AgentSilent' });
    expect(status?.waitingFor).toMatch(/20 min: the agent of host worker-1 to reset it/);
  });
  test('the sibling that holds up the reset is named', () => {
    const siblings = ['b', 'a'].map((name) => ({ ...other, name, phase: 'OSInstalling' as const }));
    expect(decide(observed(rebooting(), { siblings })).status?.waitingFor).toContain('Dpu a to end');
  });
});
