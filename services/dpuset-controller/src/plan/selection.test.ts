import { describe, expect, test } from '@jest/globals';
import { DPU_LABELS, NODE_ANNOTATIONS, NODE_LABELS, type DpuSet, type Node } from '@dpf/api';
import { aNode, aSet, NOW, pciOf } from '../../test/builders.ts';
import { dpuName, labelValue } from './names.ts';
import { plan } from './plan.ts';
import { unwanted, wantedCards } from './selection.ts';

const pcis = (set: DpuSet, node: Node) => wantedCards(set.spec, node).cards.map(({ pci }) => pci);

describe('the cards that a set wants', () => {
  test('without dpuSelector: every DPU of every selected Node', () => {
    expect(pcis(aSet(), aNode('w1', 2))).toEqual(['0000-4b-00', '0000-4c-00']);
    expect(pcis(aSet(), aNode('w1', 2, { [NODE_LABELS.dpuEnabled]: 'false' }))).toEqual([]);
  });
  test('dpuSelector picks indexes: all its keys of an index have to hold, an index that it does not name is not picked', () => {
    const node = aNode('w1', 3, { [NODE_LABELS.psid(0)]: 'MT_1', [NODE_LABELS.psid(1)]: 'MT_2' });
    expect(pcis(aSet({ dpuSelector: { [NODE_LABELS.psid(1)]: 'MT_2' } }), node)).toEqual([pciOf(1)]);
    expect(pcis(aSet({ dpuSelector: { [NODE_LABELS.psid(0)]: 'MT_1', [NODE_LABELS.psid(1)]: 'MT_2' } }), node)).toEqual([
      pciOf(0),
      pciOf(1),
    ]);
    expect(pcis(aSet({ dpuSelector: { [NODE_LABELS.psid(0)]: 'MT_1', [NODE_LABELS.pciAddress(0)]: 'ffff-00-00' } }), node)).toEqual([]);
  });
  test.each<[string, DpuSet['spec']['nodeSelector'], boolean]>([
    ['In', { matchExpressions: [{ key: 'rack', operator: 'In', values: ['a', 'b'] }] }, true],
    ['NotIn', { matchExpressions: [{ key: 'rack', operator: 'NotIn', values: ['a'] }] }, false],
    ['Exists', { matchExpressions: [{ key: 'rack', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'rack', operator: 'DoesNotExist' }] }, false],
    ['labels and expressions together', { matchLabels: { rack: 'a' }, matchExpressions: [{ key: 'row', operator: 'Exists' }] }, false],
  ])('nodeSelector with %s', (_, nodeSelector, selected) => {
    expect(pcis(aSet({ nodeSelector }), aNode('w1', 1, { rack: 'a' })).length > 0).toBe(selected);
  });
  test('a label that is no PCI address is a problem of that card alone', () => {
    const { cards, problems } = wantedCards(aSet().spec, aNode('w1', 2, { [NODE_LABELS.pciAddress(0)]: 'unknown' }));
    expect(cards.map(({ pci }) => pci)).toEqual(['0000-4c-00']);
    expect(problems).toEqual([
      'label feature.node.kubernetes.io/dpu-0-pci-address of Node w1 is "unknown", no PCI address like 0000-4b-00',
    ]);
  });
});

describe('a Dpu goes', () => {
  const set = aSet({ nodeSelector: { matchLabels: { [NODE_LABELS.dpuEnabled]: 'true', rack: 'a' } } });
  const kept = (node: Node | undefined, spec = set.spec) => unwanted(spec, '0000-4b-00', node, 'w1');
  test('not when discovery labels vanish: our own flash makes the card leave the bus', () => {
    expect(kept({ metadata: { name: 'w1', labels: { rack: 'a' } } })).toBeUndefined();
  });
  test('when its Node is gone, when the user’s label changes, when discovery says no, when dpuSelector picks another', () => {
    expect(kept(undefined)).toBe('Node w1 is gone');
    expect(kept(aNode('w1', 1, { rack: 'b' }))).toBe('Node w1 no longer matches spec.nodeSelector');
    expect(kept(aNode('w1', 1, { rack: 'a', [NODE_LABELS.dpuEnabled]: 'false' }))).toContain('no longer matches');
    expect(kept(aNode('w1', 1, { rack: 'a' }), { ...set.spec, dpuSelector: { [NODE_LABELS.psid(1)]: 'x' } })).toContain('dpuSelector');
  });
});

describe('names and labels', () => {
  test('a Dpu is named after Node and card, shortened with a hash where that is too long', () => {
    expect(dpuName('Worker1', '0000-4B-00')).toBe('worker1-0000-4b-00');
    const [a, b] = [dpuName(`${'n'.repeat(60)}-a`, '0000-4b-00'), dpuName(`${'n'.repeat(60)}-b`, '0000-4b-00')];
    expect(a).toMatch(/^n+-[0-9a-f]{8}-0000-4b-00$/);
    expect(a).toHaveLength(63);
    expect(a).not.toBe(b);
  });
  test('what is no label value is sanitised and hashed', () => {
    expect(labelValue('10.0.0.1')).toBe('10.0.0.1');
    expect(labelValue('fd00::1')).toMatch(/^fd00--1-[0-9a-f]{8}$/);
    expect(labelValue('x'.repeat(80))).toHaveLength(63);
    expect(labelValue('::1')).not.toBe(labelValue('::2'));
  });
  test('a new Dpu carries its finalizer, its owner, the template’s labels and ours, which win', () => {
    const set = aSet();
    set.spec.dpuTemplate.metadata = { labels: { team: 'net', [DPU_LABELS.setName]: 'spoofed' }, annotations: { note: 'x' } };
    const [dpu] = plan({ set, dpus: [], nodes: new Map([['w1', aNode('w1')]]), now: NOW }).create;
    expect(dpu?.metadata).toMatchObject({
      name: 'w1-0000-4b-00',
      finalizers: ['provisioning.dpu.nvidia.com/dpu-protection'],
      labels: { team: 'net', [DPU_LABELS.setName]: 'fleet', [DPU_LABELS.setNamespace]: 'dpf', [DPU_LABELS.hostIp]: '10.0.0.1' },
      annotations: { note: 'x' },
      ownerReferences: [{ kind: 'DpuSet', name: 'fleet', uid: 'uid-of-fleet', controller: true }],
    });
    expect(dpu?.spec).toMatchObject({ nodeName: 'w1', pciAddress: '0000-4b-00', bfb: 'bfb-a', automaticNodeReboot: true });
  });
});

describe('a card that somebody else has', () => {
  const claimedBy = (name: string, uid: string): Node => {
    const node = aNode('w1');
    const claim = JSON.stringify({ uid, namespace: 'dpf', name });
    return { ...node, metadata: { ...node.metadata, annotations: { [NODE_ANNOTATIONS.card('0000-4b-00')]: claim } } };
  };
  test('is a conflict, and no Dpu is made for it', () => {
    const { create, conflicts } = plan({ set: aSet(), dpus: [], nodes: new Map([['w1', claimedBy('by-hand', 'u7')]]), now: NOW });
    expect(create).toEqual([]);
    expect(conflicts).toEqual([{ node: 'w1', pci: '0000-4b-00', holder: 'Dpu dpf/by-hand' }]);
  });
  test('is none when the claim is left from a Dpu of the same name: dpu-controller sweeps it', () => {
    const { create, conflicts } = plan({ set: aSet(), dpus: [], nodes: new Map([['w1', claimedBy('w1-0000-4b-00', 'u7')]]), now: NOW });
    expect([create.length, conflicts]).toEqual([1, []]);
  });
});
