import { describe, expect, test } from '@jest/globals';
import { widget, type Widget } from '../test/widgets.ts';
import { IndexedStore } from './store.ts';

const bySize = () => new IndexedStore<Widget>({ size: (object) => [String(object.spec.size), 'all', 'all'] });
const names = (objects: Widget[]) => objects.map((object) => object.metadata.name).sort();

describe('a store', () => {
  test('finds an object under the values it has now, and under no former one', () => {
    const store = bySize();
    store.set(widget('a', 1));
    store.set(widget('b', 1));
    store.set(widget('a', 2));
    expect([names(store.byIndex('size', '1')), names(store.byIndex('size', '2'))]).toEqual([['b'], ['a']]);
    expect(names(store.byIndex('size', 'all'))).toEqual(['a', 'b']);
    store.remove('ns/a');
    store.remove('ns/unknown');
    expect(names(store.byIndex('size', 'all'))).toEqual(['b']);
    expect(store.size).toBe(1);
  });

  test('tells objects of one name in two namespaces, and cluster-wide ones, apart', () => {
    const store = bySize();
    const place = (namespace?: string): Widget => ({ metadata: { name: 'a', ...(namespace && { namespace }) }, spec: { size: 1 } });
    for (const namespace of ['one', 'two', undefined]) store.set(place(namespace));
    expect(store.size).toBe(3);
    expect(store.get({ name: 'a' })?.metadata.namespace).toBeUndefined();
    expect(store.get({ namespace: 'two', name: 'a' })?.metadata.namespace).toBe('two');
  });

  test('what byIndex and list gave does not change with the store', () => {
    const store = bySize();
    store.set(widget('a', 1));
    const [listed, indexed] = [store.list(), store.byIndex('size', '1')];
    store.remove('ns/a');
    expect([listed.length, indexed.length]).toEqual([1, 1]);
  });
});
