import { describe, expect, test } from '@jest/globals';
import { NODE_ANNOTATIONS, NODE_LABELS, type Node } from '@dpf/api';
import { aNode, aSet } from '../test/builders.ts';
import { bfbLetGo, isNews, setsConcerned, trimNode } from './watch.ts';

const changed = (old: Node, object: Node) =>
  setsConcerned({ type: 'updated', old: trimNode(old), object: trimNode(object) }, [
    aSet({ nodeSelector: { matchLabels: { [NODE_LABELS.dpuEnabled]: 'true', rack: 'a' } } }, 'a'),
    aSet({ nodeSelector: { matchLabels: { rack: 'b' } } }, 'b'),
  ]).map(({ metadata }) => metadata.name);
const annotated = (node: Node, annotations: Record<string, string>, resourceVersion = '2'): Node => ({
  ...node,
  metadata: { ...node.metadata, resourceVersion, annotations },
});

describe('a change of a Node wakes the sets', () => {
  const node = aNode('w1', 1, { rack: 'a' });
  test.each<[string, Node, string[]]>([
    ['a heartbeat: none', { ...node, metadata: { ...node.metadata, resourceVersion: '2' } }, []],
    ['an annotation of somebody else: none', annotated(node, { other: 'x' }), []],
    ['a card that is claimed: those that select it', annotated(node, { [NODE_ANNOTATIONS.card('0000-4b-00')]: '{}' }), ['a']],
    ['a label that moves it: the one before and the one after', aNode('w1', 1, { rack: 'b' }), ['a', 'b']],
    ['discovery labels that vanish: those that would select it', { metadata: { name: 'w1', labels: { rack: 'a' } } }, ['a']],
  ])('%s', (_, after, sets) => expect(changed(node, after)).toEqual(sets));
});

describe('a change of a set', () => {
  const set = aSet();
  const withBfb = aSet({ bfb: 'bfb-b' });
  test('is news when the user or its deletion made it, not when we wrote its status', () => {
    expect(isNews({ type: 'updated', old: set, object: { ...set, status: { ready: 1 } } })).toBe(false);
    expect(isNews({ type: 'updated', old: set, object: { ...set, metadata: { ...set.metadata, generation: 2 } } })).toBe(true);
    expect(isNews({ type: 'deleted', object: set })).toBe(false);
  });
  test('lets a Bfb go when it names another one, or is gone', () => {
    expect(bfbLetGo({ type: 'updated', old: set, object: withBfb })).toBe('bfb-a');
    expect(bfbLetGo({ type: 'deleted', object: withBfb })).toBe('bfb-b');
    expect(bfbLetGo({ type: 'added', object: set })).toBeUndefined();
  });
});
