import { NODE_ANNOTATIONS, NODE_LABELS, type Announcement, type Node } from '@dpf/api';
import { describe, expect, test } from '@jest/globals';
import { NOW, PCI, UID, node, type NodeBuilder } from '../test/builders.ts';
import { announced } from './announce.ts';
import { claimCard, hold, release, releaseByForce, unhold, type Owner } from './entries.ts';
import { nodePatch } from './patch.ts';
import { recordsOf } from './records.ts';
import { claimReset, giveUpReset, isQuiet } from './reset.ts';
import { sweep } from './sweep.ts';

const owner = (uid = UID, pci = PCI): Owner => ({ uid, pci, namespace: 'dpf', name: `dpu-${uid}` });
const taint = { key: 'dpu', value: 'provisioning', effect: 'NoSchedule' as const };
const effect = { taint };
const bare = () => node().object;
const holdersOf = (object: Node) =>
  Object.fromEntries(Object.entries(recordsOf(object).holders).map(([uid, { attempt }]) => [uid, attempt]));

describe('the card', () => {
  test('is claimed by the first; a second claim changes nothing', () => {
    const claimed = claimCard(bare(), owner());
    expect(recordsOf(claimed).claims[PCI]).toEqual({ uid: UID, namespace: 'dpf', name: 'dpu-uid-1' });
    expect(claimCard(claimed, owner('uid-2'))).toBe(claimed);
  });
  test('is one patch that holds nothing else, with the version that was read', () => {
    const before = node().agent().object;
    expect(nodePatch(before, claimCard(before, owner()))).toEqual({
      metadata: { annotations: { [NODE_ANNOTATIONS.card(PCI)]: expect.any(String) } },
    });
    expect(nodePatch(before, before)).toBeUndefined();
  });
});

describe('the node effect', () => {
  test('holder and taint come and go in one change', () => {
    const held = hold(bare(), owner(), 1, effect);
    expect(held.spec?.taints).toEqual([taint]);
    expect(holdersOf(held)).toEqual({ [UID]: 1 });
    const patch = nodePatch(held, unhold(held, UID, 1));
    expect(patch).toEqual({ metadata: { annotations: { [NODE_ANNOTATIONS.holders]: null } }, spec: { taints: [] } });
  });
  test('stays until the last of its holders leaves', () => {
    const both = hold(hold(bare(), owner(), 1, effect), owner('uid-2', 'b'), 1, effect);
    const one = unhold(both, UID, 1);
    expect(one.spec?.taints).toEqual([taint]);
    expect(unhold(one, 'uid-2', 1).spec?.taints).toEqual([]);
  });
  test('a taint that was there before any of us is never removed, whoever leaves last', () => {
    const tainted: Node = { ...bare(), spec: { taints: [taint] } };
    const both = hold(hold(tainted, owner(), 1, effect), owner('uid-2', 'b'), 1, effect);
    expect(unhold(unhold(both, UID, 1), 'uid-2', 1).spec?.taints).toEqual([taint]);
  });
  test('the same goes for labels', () => {
    const label = { customLabel: { maintenance: 'yes', mine: '1' } };
    const before: Node = { ...bare(), metadata: { ...bare().metadata, labels: { maintenance: 'yes' } } };
    const held = hold(before, owner(), 1, label);
    expect(held.metadata.labels).toEqual({ maintenance: 'yes', mine: '1' });
    expect(unhold(held, UID, 1).metadata.labels).toEqual({ maintenance: 'yes' });
  });
  test('noEffect leaves the Node as it is, but for the holder', () => {
    const held = hold(bare(), owner(), 1, { noEffect: true });
    expect([held.spec?.taints, holdersOf(held)]).toEqual([[], { [UID]: 1 }]);
  });
  test('another effect in the next attempt replaces the first', () => {
    const next = { key: 'other', effect: 'NoExecute' as const };
    expect(hold(hold(bare(), owner(), 1, effect), owner(), 2, { taint: next }).spec?.taints).toEqual([next]);
  });
  test('foreign taints are kept in every change', () => {
    const foreign = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' as const };
    const before: Node = { ...bare(), spec: { taints: [foreign] } };
    const held = hold(before, owner(), 1, effect);
    expect(held.spec?.taints).toEqual([foreign, taint]);
    expect(unhold(held, UID, 1).spec?.taints).toEqual([foreign]);
  });
  test('Rule holder-has-attempt: a late worker neither sets back nor removes a newer holder', () => {
    const held = hold(bare(), owner(), 2, effect);
    expect(hold(held, owner(), 1, effect)).toBe(held);
    expect(unhold(held, UID, 1)).toBe(held);
  });
});

describe('a reset of the host', () => {
  const record = { boot: 1, uid: UID, attempt: 1, requestedAt: '2026-03-01T12:00:00.000Z' };
  test('Rule reset-on-node: the first claim stands, and no holder or claim leaves meanwhile', () => {
    const reset = claimReset(hold(claimCard(bare(), owner()), owner(), 1, effect), record);
    expect(claimReset(reset, { ...record, uid: 'uid-2' })).toBe(reset);
    expect([unhold(reset, UID, 1), release(reset, UID)]).toEqual([reset, reset]);
  });
  test('Rule reset-on-node: it ends with a greater boot, or when the agent gives that very one up', () => {
    const reset = claimReset(node().agent({ boot: 1 }).object, record);
    expect(recordsOf(announced(reset, announcement({ boot: 2 }), 'nfd', NOW)!).reset).toBeUndefined();
    expect(recordsOf(announced(reset, announcement({ boot: 1, sequence: 2 }), 'nfd', NOW)!).reset).toEqual(record);
    expect(recordsOf(giveUpReset(reset, 1)).reset).toBeUndefined();
    expect(giveUpReset(reset, 2)).toBe(reset);
  });
  test.each([
    ['in Pending with nothing asked of the agent', 'Pending', undefined, true],
    ['in the middle of its preflight', 'Pending', { kind: 'preflight', state: 'Open' }, false],
    ['with a failed preflight', 'Pending', { kind: 'preflight', state: 'Failed' }, true],
    ['in NodeEffect', 'NodeEffect', undefined, false],
    ['in OSInstalling, claimed or not', 'OSInstalling', { kind: 'install', state: 'Open' }, false],
    ['in Error', 'Error', { kind: 'install', state: 'Failed' }, true],
    ['Ready', 'Ready', undefined, true],
  ] as const)('a sibling %s: quiet %#', (_, phase, operation, quiet) => {
    expect(isQuiet({ uid: 'u', name: 'n', pci: PCI, deleting: false, phase, ...(operation ? { operation } : {}) })).toBe(quiet);
  });
});

test.each([
  ['in NodeEffect', 'NodeEffect', undefined, true],
  ['in OSInstalling, not claimed', 'OSInstalling', { kind: 'install', state: 'Open' }, true],
  ['in OSInstalling, claimed', 'OSInstalling', { kind: 'install', state: 'Claimed' }, false],
  ['in OSInstalling, to be cancelled', 'OSInstalling', { kind: 'install', state: 'Cancelling' }, false],
] as const)('a paused sibling %s: it holds up the reset only while the agent may be at work on it %#', (_, phase, operation, quiet) => {
  expect(isQuiet({ uid: 'u', name: 'n', pci: PCI, deleting: false, paused: true, phase, operation })).toBe(quiet);
});

describe('what others left behind', () => {
  const left = () => hold(claimCard(bare(), owner('gone')), owner('gone'), 1, effect);
  test('Rule sweep: entries of a uid that no longer exists are removed, with their taint', async () => {
    const swept = await sweep(left(), ['gone'], async () => undefined);
    expect([recordsOf(swept).claims, recordsOf(swept).holders, swept.spec?.taints]).toEqual([{}, {}, []]);
  });
  test('Rule sweep-reads-node-first: the Dpu is read live after the Node; one that exists after all keeps its entries', async () => {
    const alive = async () => ({ metadata: { name: 'dpu-gone', uid: 'gone' }, spec: {} }) as never;
    const before = left();
    expect(await sweep(before, ['gone'], alive)).toBe(before);
  });
  test('Rule force-leaves-claim: a forced deletion marks claim and holder, and nothing but the agent’s word removes them', async () => {
    const forced = releaseByForce(hold(claimCard(node().agent().object, owner()), owner(), 1, effect), UID);
    expect(recordsOf(forced).claims[PCI]).toMatchObject({ uid: UID, forced: true });
    expect(holdersOf(forced)).toEqual({ [UID]: 1 });
    expect(release(forced, UID)).toBe(forced);
    expect(await sweep(forced, [UID], async () => undefined)).toBe(forced);
    const holds = announced(forced, announcement({ sequence: 2, holds: [UID] }), 'nfd', NOW)!;
    expect(holdersOf(holds)).toEqual({ [UID]: 1 });
    const pushes = announced(
      forced,
      announcement({ sequence: 3, journal: [{ pci: PCI, uid: UID, attempt: 1, kind: 'install', state: 'running' }] }),
      'nfd',
      NOW,
    )!;
    expect(holdersOf(pushes)).toEqual({ [UID]: 1 });
    // Also by an agent that says the same as before.
    const said = node().agent({ ...announcement({}), sequence: 3 });
    const same = announced(releaseByForce(claimCard(said.object, owner()), UID), announcement({ sequence: 4 }), 'nfd', NOW)!;
    expect(recordsOf(same).claims).toEqual({});
    // Rule reset-on-node: not while a reset of this boot is claimed.
    const pinned = claimReset(forced, { boot: 1, uid: UID, attempt: 1, requestedAt: '2026-03-01T12:00:00.000Z' });
    expect(holdersOf(announced(pinned, announcement({ sequence: 4 }), 'nfd', NOW)!)).toEqual({ [UID]: 1 });
    const nothing = announced(forced, announcement({ sequence: 4 }), 'nfd', NOW)!;
    expect([recordsOf(nothing).claims, holdersOf(nothing), nothing.spec?.taints]).toEqual([{}, {}, []]);
  });
});

describe('an announcement', () => {
  const known = (builder: NodeBuilder = node().agent({ boot: 2, bootId: 'boot-2', sequence: 5 })) => builder.object;
  test.each([
    ['an older boot', { boot: 1, sequence: 9 }, false],
    ['an older one of the same boot', { boot: 2, sequence: 4 }, false],
    ['the same one once more', { boot: 2, sequence: 5 }, false],
    ['a later one of the same boot', { boot: 2, sequence: 6 }, true],
    ['a greater boot, whatever its number', { boot: 3, sequence: 1 }, true],
    ['the same boot under a greater number, of a journal that was lost', { boot: 900, bootId: 'boot-2', sequence: 6 }, false],
    ['another boot under the same number, of a journal that was lost', { boot: 2, bootId: 'boot-3', sequence: 6 }, false],
  ])('Rule boots-are-ordered: %s', (_, said, accepted) => {
    expect(announced(known(), announcement(said), 'nfd', NOW) !== undefined).toBe(accepted);
  });
  test('the same said again is no write', () => {
    const first = announced(bare(), announcement({}), 'nfd', NOW)!;
    expect(announced(first, announcement({ sequence: 2 }), 'nfd', NOW + 1)).toBe(first);
  });
  test('without NFD it makes the discovery labels, and takes those of a card that is away', () => {
    const first = announced({ ...bare(), metadata: { ...bare().metadata, labels: { keep: 'me' } } }, announcement({}), 'agent', NOW)!;
    expect(first.metadata.labels).toEqual({
      keep: 'me',
      [NODE_LABELS.dpuEnabled]: 'true',
      [NODE_LABELS.pciAddress(0)]: PCI,
      [NODE_LABELS.pfName(0)]: 'ens1f0np0',
    });
    const away = announcement({ sequence: 2 });
    const second = announced(first, { ...away, cards: away.cards.map((card) => ({ ...card, present: false })) }, 'agent', NOW)!;
    expect(second.metadata.labels).toEqual({ keep: 'me' });
  });
  test('an annotation that is no record of ours counts as absent', () => {
    const broken = node()
      .record(NODE_ANNOTATIONS.agent, 'x')
      .record(NODE_ANNOTATIONS.holders, '[')
      .record(NODE_ANNOTATIONS.card(PCI), '{}').object;
    expect(recordsOf(broken)).toEqual({ claims: {}, holders: {} });
  });
});

function announcement(change: Partial<Announcement>): Announcement {
  const cards = [{ pci: PCI, index: 0, generation: 'BlueField-3' as const, rshim: 'host' as const, present: true, pf0Name: 'ens1f0np0' }];
  return {
    node: 'worker-1',
    instance: 'agent-9',
    boot: 1,
    bootId: `boot-${change.boot ?? 1}`,
    sequence: 1,
    agentVersion: '0',
    cards,
    journal: [],
    holds: [],
    ...change,
  };
}
