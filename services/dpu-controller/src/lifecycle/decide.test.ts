import { DPU_ANNOTATIONS, type Dpu, type FailureClass, type Report } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { INPUTS, MINUTES, NOW, PCI, SECONDS, UID, ago, dpu, node, observed, type DpuBuilder } from '../test/builders.ts';
import { conclusion, decide } from './decide.ts';
import { awaitsReport, withClaim, withReport } from './report.ts';

const said = (change: Partial<Report>): Report => ({
  instance: 'agent-1',
  boot: 1,
  state: 'succeeded',
  percent: 100,
  message: 'done',
  ...change,
});
const failure = (reason: string, failureClass: FailureClass, more: Partial<Report> = {}) =>
  said({ state: 'failed', reason, class: failureClass, message: 'it broke', ...more });
const installing = (retries = 0) => {
  const of = dpu().inPhase('OSInstalling');
  of.status({ attempt: { ...of.object.status!.attempt!, retries } });
  return of.operation('install', 'Claimed');
};
const condition = (status: Dpu['status'], type: string) => status?.conditions?.find((one) => one.type === type);

describe('an agent’s report is a fact', () => {
  test('a passed preflight stands with the phase that follows, and with what was learned of the card, in one status', () => {
    const report = said({ device: { serial: 'MT1', generation: 'BlueField-3' } });
    const { status, effects } = decide(
      observed(dpu().inPhase('Pending').operation('preflight', 'Open'), { host: node().agent().claimed(), report }),
    );
    expect(status).toMatchObject({ phase: 'NodeEffect', device: { serial: 'MT1' }, operation: { state: 'Succeeded' } });
    expect(effects).toEqual([{ do: 'hold', attempt: 1 }]);
  });
  test('Rule boot-of-report: the boot to be left is that of the report that ends the install', () => {
    const { status } = decide(observed(installing(), { report: said({ boot: 7 }), host: node().agent({ boot: 7 }).claimed().held() }));
    expect(status).toMatchObject({ phase: 'Rebooting', operation: { state: 'Succeeded', bootToLeave: 7 }, attempt: { installed: 1 } });
  });
  test.each([
    ['a quarter more after 10 s', 10, 35, true],
    ['a quarter more, but sooner', 9, 35, false],
    ['less than a quarter more', 60, 34, false],
    ['nothing new for 2 min: the agent is not silent', 120, 10, true],
  ])('progress of %s', (_, seconds, percent, isWritten) => {
    const { status } = installing().operation('install', 'Claimed', {
      percent: 10,
      message: 'pushes',
      reportedAt: ago(seconds * SECONDS),
    }).object;
    const after = withReport(status!, said({ state: 'running', percent, message: 'pushes' }), NOW);
    if (isWritten) expect(after.operation).toMatchObject({ percent, reportedAt: ago(0) });
    else expect(after).toBe(status);
  });
  test('Rule claim-recorded: the claim stands in the operation’s state', () => {
    const { object } = dpu().inPhase('OSInstalling').operation('install', 'Open');
    expect(withClaim(object.status!, NOW).operation).toMatchObject({ state: 'Claimed', openedAt: ago(0) });
  });
  test('Rule claim-recorded: nothing is heard of an install whose claim does not stand, nor of one that ended', () => {
    const heard = (state: 'Open' | 'Claimed' | 'Cancelling' | 'Succeeded' | 'Failed') =>
      awaitsReport(installing().operation('install', state).object.status!.operation!);
    expect([heard('Open'), heard('Claimed'), heard('Cancelling'), heard('Succeeded'), heard('Failed')]).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
  test.each([
    ['claimed', () => installing()],
    ['to be cancelled', () => installing().operation('install', 'Cancelling')],
    ['installed, before the host booted', () => dpu().inPhase('Rebooting').operation('install', 'Succeeded', { bootToLeave: 1 })],
  ])('Rule end-before-next: neither a grant nor a retry begins the next attempt of a card that is %s', (_, of) => {
    const { status } = of().object;
    for (const change of [of().spec({ grant: 2 }), of().annotated({ [DPU_ANNOTATIONS.retry]: 'now' })])
      expect(decide(observed(change)).status).toMatchObject({
        phase: status?.phase,
        attempt: { number: 1 },
        operation: { id: status?.operation?.id },
      });
  });
});

describe('failures', () => {
  test.each<[string, DpuBuilder, Report, object]>([
    [
      'transient: the next try after 30 s',
      installing(),
      failure('RshimLost', 'transient'),
      { phase: 'OSInstalling', attempt: { number: 1, retries: 1, nextRetryTime: ago(-30 * SECONDS) } },
    ],
    [
      'transient again: twice as long',
      installing(1),
      failure('RshimLost', 'transient'),
      { attempt: { retries: 2, nextRetryTime: ago(-60 * SECONDS) } },
    ],
    [
      'transient with three retries spent: Error',
      installing(3),
      failure('RshimLost', 'transient'),
      { phase: 'Error', lastError: { reason: 'RshimLost', class: 'transient' } },
    ],
    [
      'cut off by the agent’s own end: at once, and at no cost',
      installing(3),
      failure('PushCutOff', 'transient', { cutOff: true }),
      { phase: 'Pending', attempt: { number: 2, retries: 3 } },
    ],
    ['can never succeed: Error at once', installing(), failure('ConfigTooLarge', 'neverSucceeds'), { phase: 'Error' }],
    ['needs a person, after the card was touched: Error', installing(), failure('ImageRefused', 'needsHuman'), { phase: 'Error' }],
    [
      'needs a reset: Error, with the boot that has to be left',
      installing(),
      failure('FirmwareCrashed', 'needsReset', { boot: 4 }),
      { phase: 'Error', operation: { bootToLeave: 4 } },
    ],
    [
      'cancelled, as it was overdue: a try',
      installing().operation('install', 'Cancelling'),
      said({ state: 'cancelled', message: 'stopped' }),
      { phase: 'OSInstalling', attempt: { retries: 1 }, lastError: { reason: 'InstallCancelled' } },
    ],
    [
      'a preflight that needs a person: Pending, tried again at no cost',
      dpu().inPhase('Pending').operation('preflight', 'Open'),
      failure('RshimOwnedByBmc', 'needsHuman'),
      { phase: 'Pending', attempt: { retries: 0, nextRetryTime: ago(-30 * SECONDS) } },
    ],
    [
      'the host network: repeated by itself, the card is not flashed again',
      dpu().inPhase('HostNetworkConfiguration').operation('hostNetwork', 'Open'),
      failure('BridgeFailed', 'needsHuman'),
      { phase: 'HostNetworkConfiguration', attempt: { retries: 0 } },
    ],
  ])('%s', (_, of, report, expected) => {
    expect(decide(observed(of, { report })).status).toMatchObject(expected);
  });
  test('the condition says the agent’s reason, the message, when it is tried again, and what to do', () => {
    const { status } = decide(
      observed(dpu().inPhase('Pending').operation('preflight', 'Open'), { report: failure('RshimOwnedByBmc', 'needsHuman') }),
    );
    expect(condition(status, 'PreflightPassed')).toMatchObject({ status: 'False', reason: 'RshimOwnedByBmc' });
    expect(condition(status, 'Stalled')).toMatchObject({ status: 'True' });
    expect(status?.waitingFor).toMatch(/it broke.*since.*systemctl/);
  });
  test('the pause of what a person has to cure doubles up to 5 min, without a counter', () => {
    const again = (ms: number) =>
      decide(
        observed(
          dpu()
            .inPhase('Pending')
            .operation('preflight', 'Open')
            .status({ lastError: { reason: 'RshimOwnedByBmc', message: 'm', at: ago(ms) } }),
          { report: failure('RshimOwnedByBmc', 'needsHuman') },
        ),
      ).status?.attempt?.nextRetryTime;
    expect([again(40 * SECONDS), again(4 * MINUTES)]).toEqual([ago(-80 * SECONDS), ago(-5 * MINUTES)]);
  });
  test('jitter is ±20 %', () => {
    const at = (chance: number) =>
      decide(observed(installing(), { report: failure('RshimLost', 'transient'), chance })).status?.attempt?.nextRetryTime;
    expect([at(0), at(1)]).toEqual([ago(-24 * SECONDS), ago(-36 * SECONDS)]);
  });
  test('when its time comes the next attempt begins, with a number of its own', () => {
    const waiting = installing().operation('install', 'Failed');
    waiting.status({
      attempt: { ...waiting.object.status!.attempt!, retries: 1, nextRetryTime: ago(0) },
      lastError: { reason: 'RshimLost', message: 'm', at: ago(MINUTES) },
    });
    const { status } = decide(observed(waiting));
    expect(status).toMatchObject({ phase: 'Pending', attempt: { number: 2, retries: 1 }, operation: { id: `preflight.${UID}.2` } });
    expect(status?.history?.[0]).toMatchObject({ attempt: 1, result: 'Failed', reason: 'RshimLost' });
  });
  test('what was not read for the end of an attempt is read before the next one goes on', () => {
    const unread = { flavor: 'unread', bfb: 'unread', bfcfg: 'unread', tenant: 'unread' } as const;
    const decision = decide(observed(installing(), { ...unread, report: failure('PushCutOff', 'transient', { cutOff: true }) }));
    expect(decision.status).toMatchObject({ phase: 'Initializing', attempt: { number: 2 } });
    expect(decision.recheckMs).toBe(1);
  });
  test.each([
    ['the second in a row', ['PushCutOff'], 30 * SECONDS],
    ['the third', ['PushCutOff', 'PushCutOff'], 60 * SECONDS],
    ['the tenth', Array.from({ length: 9 }, () => 'PushCutOff'), 15 * MINUTES],
    ['the first after something else', ['PushCutOff', 'RshimLost'], undefined],
  ])('cut off again and again, %s: free of tries, after a pause', (_, reasons, pause) => {
    const of = installing(3);
    const number = reasons.length + 1;
    of.status({
      attempt: { ...of.object.status!.attempt!, number },
      history: reasons.map((reason, index) => ({ attempt: index + 1, result: 'Failed', reason })),
    }).operation('install', 'Claimed');
    const { status } = decide(observed(of, { report: failure('PushCutOff', 'transient', { cutOff: true }) }));
    expect(status?.attempt).toMatchObject({ retries: 3, number: pause === undefined ? number + 1 : number });
    expect(status?.attempt?.nextRetryTime).toBe(pause === undefined ? undefined : ago(-pause));
  });
  test('a repeated host network keeps what is installed', () => {
    const waiting = dpu().inPhase('HostNetworkConfiguration');
    waiting
      .status({ attempt: { ...waiting.object.status!.attempt!, installed: 1, nextRetryTime: ago(0) } })
      .operation('hostNetwork', 'Failed');
    expect(decide(observed(waiting)).status).toMatchObject({
      phase: 'HostNetworkConfiguration',
      attempt: { number: 2, installed: 1, inputs: INPUTS },
      operation: { id: `hostNetwork.${UID}.2` },
    });
  });
});

describe('deletion', () => {
  const reached = (of: DpuBuilder, ...types: string[]) =>
    of.status({
      conditions: types.map((type) => ({ type, status: 'True' as const, reason: 'x', message: '', lastTransitionTime: ago(0) })),
    });
  const does = (of: DpuBuilder, change: Parameters<typeof observed>[1] = {}) => {
    const decision = decide(observed(of, change));
    return { phase: decision.status?.phase, reason: conclusion(decision).reason, does: decision.effects.map((effect) => effect.do) };
  };
  const force = { [DPU_ANNOTATIONS.forceDelete]: 'true' };
  const deleting = () => dpu().inPhase('Deleting').deleted();
  const cancelling = (sinceMs: number) =>
    dpu()
      .inPhase('OSInstalling', sinceMs)
      .operation('install', 'Cancelling', { openedAt: ago(sinceMs) })
      .deleted();
  const joined = {
    state: 'Reachable',
    clusterUid: 'cluster-1',
    node: { uid: 'n', ready: true, cordoned: false, labels: {}, dpuUid: UID },
  } as const;

  test.each<[string, DpuBuilder, Parameters<typeof observed>[1], ReturnType<typeof does>]>([
    [
      'an install that the agent has not taken is revoked',
      dpu().inPhase('OSInstalling').operation('install', 'Open').deleted(),
      {},
      { phase: 'Deleting', reason: 'ReleasingHost', does: ['withdraw', 'release'] },
    ],
    [
      'Rule end-before-next: one that it has is let to its end',
      installing().deleted(),
      {},
      { phase: 'OSInstalling', reason: 'DeletionWaitsForInstall', does: ['submit'] },
    ],
    [
      'its end lets the deletion go on',
      installing().deleted(),
      { report: said({}) },
      { phase: 'Deleting', reason: 'ReleasingHost', does: ['release'] },
    ],
    [
      'Rule force-leaves-claim: forced in the middle of it, claim and holder stay on the Node',
      installing().deleted().annotated(force),
      {},
      { phase: 'Deleting', reason: 'Released', does: ['releaseByForce', 'removeFinalizer'] },
    ],
    [
      'the Node went too: its agent’s word is waited for as long as the installation may take',
      cancelling(65 * MINUTES - 1),
      { host: 'absent' },
      { phase: 'OSInstalling', reason: 'AgentSilent', does: ['submit'] },
    ],
    [
      'beyond that there is nobody to say it, and no host to clean',
      cancelling(65 * MINUTES),
      { host: 'absent' },
      { phase: 'Deleting', reason: 'Released', does: ['removeFinalizer'] },
    ],
    [
      'the Node is there again: the agent’s word is waited for, however late it is',
      cancelling(3 * 60 * MINUTES),
      {},
      { phase: 'OSInstalling', reason: 'AgentSilent', does: ['submit'] },
    ],
    [
      'the Node was made again and went again: an agent that was heard a moment ago is waited for',
      cancelling(3 * 60 * MINUTES).operation('install', 'Cancelling', { openedAt: ago(3 * 60 * MINUTES), reportedAt: ago(MINUTES) }),
      { host: 'absent' },
      { phase: 'OSInstalling', reason: 'CancelOverdue', does: ['submit'] },
    ],
    [
      'the tenant Node goes first',
      reached(deleting(), 'OSInstalled', 'HostNetworkReady'),
      { tenant: joined },
      { phase: 'Deleting', reason: 'RemovingTenantNode', does: ['deleteTenantNode'] },
    ],
    [
      'a Node that the DPU registered and that bears no label of ours yet gets it first',
      reached(deleting(), 'OSInstalled'),
      { tenant: { ...joined, node: { ...joined.node, dpuUid: undefined } } },
      { phase: 'Deleting', reason: 'RemovingTenantNode', does: ['labelTenantNode'] },
    ],
    [
      'a Node that is not ours stays',
      reached(deleting(), 'OSInstalled'),
      { tenant: { ...joined, node: { ...joined.node, dpuUid: 'another' } } },
      { phase: 'Deleting', reason: 'ReleasingHost', does: ['release'] },
    ],
    [
      'then the agent cleans the host',
      reached(deleting(), 'OSInstalled', 'HostNetworkReady'),
      {},
      { phase: 'Deleting', reason: 'CleaningUpHost', does: ['submit'] },
    ],
    [
      'not where no host network was ever made',
      reached(deleting(), 'OSInstalled'),
      {},
      { phase: 'Deleting', reason: 'ReleasingHost', does: ['release'] },
    ],
    [
      'then claim and holder leave the Node',
      reached(deleting(), 'HostNetworkReady').operation('cleanup', 'Succeeded'),
      {},
      { phase: 'Deleting', reason: 'ReleasingHost', does: ['release'] },
    ],
    [
      'Rule reset-on-node: not while a reset is claimed',
      deleting(),
      { host: node().agent().claimed().held().reset() },
      { phase: 'Deleting', reason: 'ReleasingHost', does: ['submitReset'] },
    ],
    [
      'nothing left: token and finalizer go',
      reached(deleting(), 'OSInstalled'),
      { host: node().agent() },
      { phase: 'Deleting', reason: 'Released', does: ['deleteToken', 'removeFinalizer'] },
    ],
    [
      'the Node object is gone: there is no host to clean',
      reached(deleting(), 'HostNetworkReady'),
      { host: 'absent' },
      { phase: 'Deleting', reason: 'Released', does: ['removeFinalizer'] },
    ],
    [
      'a cluster that is gone needs nothing',
      reached(deleting(), 'OSInstalled'),
      { host: 'absent', tenant: { state: 'ClusterNotFound', message: 'm' } },
      { phase: 'Deleting', reason: 'Released', does: ['removeFinalizer'] },
    ],
    [
      'one out of reach is waited for',
      reached(deleting(), 'OSInstalled'),
      { tenant: { state: 'ClusterUnreachable', message: 'm' } },
      { phase: 'Deleting', reason: 'ClusterUnreachable', does: [] },
    ],
    [
      'unless forced',
      reached(deleting().annotated(force), 'OSInstalled', 'HostNetworkReady'),
      { tenant: { state: 'ClusterUnreachable', message: 'm' } },
      { phase: 'Deleting', reason: 'Released', does: ['releaseByForce', 'removeFinalizer'] },
    ],
    [
      '10 min: blocked, and says by what and how to force it',
      reached(
        dpu()
          .inPhase('Deleting', 11 * MINUTES)
          .deleted(),
        'HostNetworkReady',
      ).operation('cleanup', 'Open'),
      {},
      { phase: 'Deleting', reason: 'CleanupBlocked', does: ['submit'] },
    ],
  ])('%s', (_, of, change, expected) => {
    expect(does(of, change)).toEqual(expected);
  });
  test('why a deletion waits no longer for an installation is told', () => {
    const { outcomes } = decide(observed(cancelling(65 * MINUTES), { host: 'absent' }));
    expect(outcomes[0]?.outcome.message).toMatch(/^Node worker-1 is gone, and the time in which its agent could end the installation/);
  });
  test('the end of that time is looked at when it comes', () => {
    expect(decide(observed(cancelling(64 * MINUTES), { host: 'absent' })).recheckMs).toBeLessThanOrEqual(5.5 * MINUTES);
  });
  test('Rule end-before-next: the cancel that a deletion asks for stands in the status', () => {
    expect(decide(observed(installing().deleted())).status?.operation?.state).toBe('Cancelling');
  });
  test('blocked: the sentence names the host and the annotation', () => {
    const { status } = decide(
      observed(
        reached(
          dpu()
            .inPhase('Deleting', 11 * MINUTES)
            .deleted(),
          'HostNetworkReady',
        ).operation('cleanup', 'Open'),
      ),
    );
    expect(status?.waitingFor).toMatch(/agent of host worker-1.*force-delete/);
    expect(condition(status, 'Stalled')?.status).toBe('True');
  });
});

describe('the status', () => {
  test('the same facts again write nothing', () => {
    const first = decide(observed(dpu(), { flavor: 'absent' })).status;
    const later = decide(observed(dpu().status(first!), { flavor: 'absent', now: NOW + 30 * SECONDS }));
    expect(later.status).toEqual(first);
  });
  test('the wait is said with its object, its beginning, and what to do', () => {
    expect(decide(observed(dpu(), { flavor: 'absent' })).status?.waitingFor).toBe(
      'DPUFlavor dpf/hbn to exist (since 2026-03-01T12:00:00.000Z). Create it, or name another one.',
    );
  });
  test('words without an end, of an API server or a tool, stay within what the API takes', () => {
    const words = 'x'.repeat(10_000);
    const tenant = { state: 'ClusterUnreachable', message: words } as const;
    const { status } = decide(observed(dpu().inPhase('DPUClusterConfig'), { tenant }));
    expect(status?.waitingFor?.length).toBeLessThan(4_096);
    expect(decide(observed(dpu().status(status!), { tenant, now: NOW + SECONDS })).status).toEqual(status);
    const failed = decide(observed(installing(), { report: failure('RshimLost', 'transient', { message: words.slice(0, 4_096) }) }));
    expect(failed.status?.lastError?.message.length).toBeLessThan(4_096);
    expect(failed.status?.waitingFor?.length).toBeLessThan(4_096);
  });
  test('kstatus: Reconciling on the way, Stalled where a person has to act, neither when Ready', () => {
    const pair = (status: Dpu['status']) => [
      condition(status, 'Reconciling')?.status,
      condition(status, 'Stalled')?.status,
      condition(status, 'Ready')?.status,
    ];
    expect(pair(decide(observed(dpu())).status)).toEqual(['True', 'False', 'False']);
    expect(pair(decide(observed(dpu(), { host: 'absent' })).status)).toEqual(['True', 'False', 'False']);
    expect(
      pair(
        decide(
          observed(
            dpu()
              .inPhase('Error')
              .status({ lastError: { reason: 'InstallFailed', message: 'm', at: ago(0) } }),
          ),
        ).status,
      ),
    ).toEqual(['False', 'True', 'False']);
    expect(pair(decide(observed(dpu().inPhase('Ready').spec({ cluster: undefined }), { tenant: 'absent' })).status)).toEqual([
      'False',
      'False',
      'True',
    ]);
  });
  test('a wait is looked at again after 15 s, then after as long as it has lasted, up to 5 min', () => {
    const recheck = (ms: number) => decide(observed(dpu().inPhase('Initializing', ms), { flavor: 'absent' })).recheckMs;
    expect([recheck(0), recheck(60 * SECONDS), recheck(60 * MINUTES)]).toEqual([15 * SECONDS, 60 * SECONDS, 5 * MINUTES]);
  });
  test('a deadline is looked at when it ends', () => {
    const open = dpu()
      .inPhase('Pending')
      .operation('preflight', 'Open', { openedAt: ago(118 * SECONDS) });
    expect(decide(observed(open)).recheckMs).toBe(2 * SECONDS);
  });
  test('Rule sweep: who sees entries of an unknown uid has them looked at', () => {
    const host = node().agent().claimed().held(1, 'gone');
    expect(decide(observed(dpu().inPhase('Ready'), { host })).effects).toContainEqual({ do: 'sweep', uids: ['gone'] });
  });
  test('the claim was lost with the Node: it is claimed again before anything else', () => {
    expect(decide(observed(dpu().inPhase('OSInstalling').operation('install', 'Open'), { host: node().agent() })).effects).toEqual([
      { do: 'claimCard' },
    ]);
  });
  test('seconds are counted per phase', () => {
    const { status } = decide(observed(dpu().inPhase('NodeEffect', 5 * SECONDS)));
    expect(status?.history).toEqual([{ attempt: 1, result: 'Running', seconds: { NodeEffect: 5 } }]);
  });
  test('a card at its PCI address is shown as the host shows it', () => {
    expect(decide(observed(dpu())).status?.pciDevice).toBe(`${PCI.replaceAll('-', ':')}.0`);
  });
});
