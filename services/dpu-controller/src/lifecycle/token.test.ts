import { NODE_ANNOTATIONS } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { MINUTES, ago, dpu, node, observed, type DpuBuilder } from '../test/builders.ts';
import { decide } from './decide.ts';
import type { Observed } from './observed.ts';

const rebooting = () => dpu().inPhase('Rebooting').operation('install', 'Succeeded', { bootToLeave: 1 });
const network = () => dpu().inPhase('HostNetworkConfiguration').operation('hostNetwork', 'Open');
const attempt = (of: DpuBuilder, change: object) => of.status({ attempt: { ...of.object.status!.attempt!, ...change } });
const installing = { uid: 'uid-2', name: 'other', pci: '0000-b1-00', deleting: false, phase: 'OSInstalling' as const };
const report = { instance: 'agent-1', boot: 1, state: 'succeeded', percent: 100, message: 'done' } as const;

describe('the token in the bf.cfg of a card that has not joined', () => {
  test.each<[string, Observed, string[]]>([
    ['a reset that is due', observed(rebooting()), ['submitReset', 'extendToken']],
    ['a person who reboots, however late', observed(rebooting().spec({ automaticNodeReboot: false })), ['extendToken']],
    ['the installation of another DPU of the host', observed(rebooting(), { siblings: [installing] }), ['extendToken']],
    ['the pause after a reset that failed', observed(attempt(rebooting(), { nextRetryTime: ago(-5 * MINUTES) })), ['extendToken']],
    ['a host whose Node is gone', observed(rebooting(), { host: 'absent' }), ['extendToken']],
    ['the host network', observed(network()), ['submit', 'extendToken']],
    [
      'the pause after a host network that failed',
      observed(attempt(network(), { nextRetryTime: ago(-5 * MINUTES) }).operation('hostNetwork', 'Failed')),
      ['extendToken'],
    ],
  ])('is kept while the wait is for %s, last of all, and again well before half of its hour is gone', (_, o, does) => {
    const { effects, recheckMs } = decide(o);
    expect(effects.map((effect) => effect.do)).toEqual(does);
    expect(recheckMs).toBeLessThanOrEqual(6 * MINUTES);
  });
  test('is that of the attempt which installed the card, whatever attempt repeats the host network', () => {
    const { effects } = decide(observed(attempt(network(), { number: 4, installed: 2 }).operation('hostNetwork', 'Open')));
    expect(effects).toContainEqual({ do: 'extendToken', attempt: 2 });
  });
  test.each<[string, Observed]>([
    ['of a DPU that joins nothing', observed(rebooting().spec({ cluster: undefined }), { tenant: 'absent' })],
    ['of a cluster that cannot be used', observed(network(), { tenant: { state: 'ClusterUnreachable', message: 'm' } })],
    [
      'while an agent waits for the answer to its report',
      observed(dpu().inPhase('OSInstalling').operation('install', 'Claimed'), { report }),
    ],
    ['of a DPU that has joined', observed(dpu().inPhase('Ready'), { host: node().agent().claimed().record(NODE_ANNOTATIONS.reset, 'x') })],
    ['of a Dpu that goes', observed(rebooting().deleted())],
  ])('is not asked for %s', (_, o) => {
    expect(decide(o).effects.map((effect) => effect.do)).not.toContain('extendToken');
  });
});
