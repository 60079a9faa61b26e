import { NODE_ANNOTATIONS } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { hostNetworkOf, resetSpec } from './answers.ts';
import { node } from './test/builders.ts';

test.each([
  ['the flavor’s hostNetwork', { hostNetwork: { numberOfVfs: 8, mtu: 9000, channelVf: 2 } }, { numberOfVfs: 8, mtu: 9000, channelVf: 2 }],
  [
    'NUM_OF_VFS of nvconfig where it says nothing',
    { nvconfig: [{ device: '*', parameters: ['SRIOV_EN=1', 'NUM_OF_VFS=46'] }] },
    { numberOfVfs: 46, mtu: 1500, channelVf: 1 },
  ],
  ['the defaults', {}, { numberOfVfs: 16, mtu: 1500, channelVf: 1 }],
])('VFs and MTU come from %s', (_, flavor, expected) => {
  expect(hostNetworkOf(flavor)).toEqual(expected);
});

describe('the reset of a host', () => {
  const host = () => node().record(NODE_ANNOTATIONS.powercycleCommand, 'reset').record(NODE_ANNOTATIONS.rebootCommand, 'cycle').object;
  test.each([
    ['warm', node().object, false, { method: 'systemLevelReset', command: 'reset' }],
    ['a power cycle, if a DPU needs one', node().object, true, { method: 'powerCycle', command: 'cycle' }],
    ['warm, as the Node’s annotation says', host(), false, { method: 'systemLevelReset', command: 'cycle' }],
    ['a power cycle, as the Node’s annotation says', host(), true, { method: 'powerCycle', command: 'reset' }],
  ])('%s', (_, object, powerCycle, expected) => {
    expect(resetSpec(object, 3, ['b', 'a'], powerCycle)).toEqual({
      kind: 'reset',
      id: 'reset.worker-1.3',
      boot: 3,
      pcis: ['a', 'b'],
      ...expected,
    });
  });
});
