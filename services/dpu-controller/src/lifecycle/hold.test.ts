import { NODE_ANNOTATIONS, type NodeEffect } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { MINUTES, UID, ago, dpu, node, observed, type DpuBuilder, type NodeBuilder } from '../test/builders.ts';
import { decide } from './decide.ts';

const installing = () => dpu().inPhase('OSInstalling').operation('install', 'Claimed');
const network = () => dpu().inPhase('HostNetworkConfiguration').operation('hostNetwork', 'Open');
const manual = () => dpu().inPhase('Rebooting').spec({ automaticNodeReboot: false }).operation('install', 'Succeeded', { bootToLeave: 1 });
const attempt = (of: DpuBuilder, change: object) => of.status({ attempt: { ...of.object.status!.attempt!, ...change } });
/** The Node was made again, and the claim put back. */
const anew = () => node().agent().claimed();
/** Somebody took the taint off. */
const untainted = () => {
  const of = anew().held();
  of.object.spec = { taints: [] };
  return of;
};
const does = (of: DpuBuilder, host: NodeBuilder) => decide(observed(of, { host })).effects.map((effect) => effect.do);

describe('the node effect, from the installation to Ready', () => {
  test.each<[string, () => DpuBuilder, string[]]>([
    ['the card is being flashed', installing, ['hold', 'submit']],
    ['the installation is to be cancelled', () => installing().operation('install', 'Cancelling'), ['hold', 'submit']],
    ['a deletion lets the installation end', () => installing().deleted(), ['hold', 'submit']],
    ['a person has to reboot the host', manual, ['hold', 'extendToken']],
    ['the host network is configured', network, ['hold', 'submit', 'extendToken']],
    [
      'the next try of the host network is waited for',
      () => attempt(network(), { nextRetryTime: ago(-MINUTES) }).operation('hostNetwork', 'Failed'),
      ['hold', 'extendToken'],
    ],
    ['the DPU joins its cluster', () => dpu().inPhase('DPUClusterConfig'), ['hold', 'extendToken']],
  ])('is put back while %s: the Node was made again, or the taint was taken off', (_, of, expected) => {
    expect(does(of(), anew())).toEqual(expected);
    expect(does(of(), untainted())).toEqual(expected);
    expect(does(of(), anew().held())).toEqual(expected.slice(1));
  });
  test('not before the card is claimed again', () => {
    expect(does(network(), node().agent())).toEqual(['claimCard', 'extendToken']);
  });
  test('not by one whose card another Dpu has claimed meanwhile, whatever its agent reports', () => {
    const report = { instance: 'agent-1', boot: 1, state: 'running', percent: 50, message: 'pushes' } as const;
    const { effects } = decide(observed(installing(), { host: node().agent().claimed('uid-2'), report }));
    expect(effects).not.toContainEqual(expect.objectContaining({ do: 'hold' }));
  });
  test.each([
    ['as another holder set it: two that put it back would never rest', 'b', false],
    ['as nobody set it', 'c', true],
  ])('a label that stands %s', (_, value, isPutBack) => {
    const holder = (role: string) => ({ attempt: 1, namespace: 'dpf', name: role, pci: '0000-4b-00', labels: { role } });
    const host = anew().record(NODE_ANNOTATIONS.holders, { [UID]: holder('a'), 'uid-2': holder('b') });
    host.object.metadata.labels = { ...host.object.metadata.labels, role: value };
    expect(does(installing(), host).includes('hold')).toBe(isPutBack);
  });
  test('not anew for each repetition of the host network: the holder of the attempt before serves', () => {
    expect(does(attempt(network(), { number: 2, installed: 1 }).operation('hostNetwork', 'Open'), anew().held(1))).not.toContain('hold');
  });
  test('nor for a Dpu that lets go of its host', () => {
    expect(does(dpu().inPhase('Deleting').deleted(), anew())).toEqual(['release']);
    expect(does(dpu().inPhase('Ready'), anew())).toEqual([]);
    expect(does(dpu().inPhase('Error'), anew())).toEqual([]);
  });
  test.each<[string, NodeEffect]>([
    ['noEffect needs the holder alone', { noEffect: true }],
    ['another effect in the spec is for the next attempt', { taint: { key: 'other', effect: 'NoExecute' } }],
  ])('%s', (_, nodeEffect) => {
    expect(does(network().spec({ nodeEffect }), anew().held())).not.toContain('hold');
  });
});
