import { describe, expect, test } from '@jest/globals';
import { isAlreadyExists, isConflict, isInvalid, isNotFound, type ApiError } from '../api-error.ts';
import { CORE } from '../core.ts';
import type { Widget, World } from './world.ts';

const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as ApiError,
  );

export function writeStories(world: () => World): void {
  const create = (spec: Widget['spec'] = {}, metadata: Partial<Widget['metadata']> = {}) => {
    const { widgets, namespace, name } = world();
    return widgets.create({ metadata: { namespace, name: name(), ...metadata }, spec });
  };
  const ref = (widget: Widget) => ({ namespace: widget.metadata.namespace as string, name: widget.metadata.name });

  describe('creating', () => {
    test('the server gives uid, version, generation and defaults', async () => {
      const made = await create();
      expect(made.metadata).toMatchObject({ generation: 1, uid: expect.any(String), resourceVersion: expect.stringMatching(/^\d+$/) });
      expect(made.spec.size).toBe(1);
      expect(await world().widgets.get(ref(made))).toEqual(made);
    });

    test('a name that is taken is AlreadyExists, which is no conflict', async () => {
      const made = await create();
      const error = await failure(create({}, { name: made.metadata.name }));
      expect([isAlreadyExists(error), isConflict(error)]).toEqual([true, false]);
    });

    test('what the schema refuses names the field', async () => {
      const error = await failure(create({ size: 1000 }));
      expect(isInvalid(error)).toBe(true);
      expect(error.causes.map((cause) => cause.field)).toContain('spec.size');
      expect(error.message).toMatch(/^cannot create Widget contract\/w-\d+: 422 Invalid: .*spec\.size/);
    });

    test('a dry run writes nothing', async () => {
      const { widgets, namespace } = world();
      const dry = await widgets.create({ metadata: { namespace, name: 'dry' }, spec: {} }, { dryRun: true });
      expect(dry.spec.size).toBe(1);
      expect(await widgets.get({ namespace, name: 'dry' })).toBeUndefined();
    });

    test('a namespace that is not there is NotFound', async () => {
      expect(isNotFound(await failure(create({}, { namespace: 'nowhere' })))).toBe(true);
    });
  });

  describe('changing', () => {
    test('replace is a compare-and-swap', async () => {
      const made = await create({ color: 'red' });
      const { widgets } = world();
      const next = await widgets.replace({ ...made, spec: { ...made.spec, color: 'green' } });
      expect(next).toMatchObject({ spec: { color: 'green' }, metadata: { generation: 2 } });
      expect(isConflict(await failure(widgets.replace({ ...made, spec: { color: 'blue' } })))).toBe(true);
    });

    test('a patch with a version is a compare-and-swap, null removes, and the rest stays', async () => {
      const made = await create({ color: 'red', note: 'keep' }, { annotations: { a: '1' } });
      const { widgets } = world();
      const resourceVersion = made.metadata.resourceVersion as string;
      const next = await widgets.patch(ref(made), { metadata: { annotations: { b: '2' } }, spec: { color: null } }, { resourceVersion });
      expect(next.spec).toEqual({ size: 1, note: 'keep' });
      expect(next.metadata.annotations).toEqual({ a: '1', b: '2' });
      expect(isConflict(await failure(widgets.patch(ref(made), { spec: { size: 2 } }, { resourceVersion })))).toBe(true);
    });

    test('a patch that changes nothing leaves the version', async () => {
      const made = await create({ color: 'red' });
      const same = await world().widgets.patch(ref(made), { spec: { color: 'red' } });
      expect(same.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    });

    test('of many who patch one version exactly one wins', async () => {
      const made = await create();
      const resourceVersion = made.metadata.resourceVersion as string;
      const tries = Array.from({ length: 8 }, (_, i) => world().widgets.patch(ref(made), { spec: { size: i + 2 } }, { resourceVersion }));
      const ends = await Promise.allSettled(tries);
      expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
      expect(ends.filter((end) => end.status === 'rejected').every((end) => isConflict(end.reason))).toBe(true);
    });

    test('status and spec are written apart, and status leaves the generation', async () => {
      const made = await create();
      const { widgets } = world();
      const both = { spec: { size: 9 }, status: { seen: 1, phase: 'Ready' } };
      const status = await widgets.patchStatus(ref(made), both, { resourceVersion: made.metadata.resourceVersion as string });
      expect(status).toMatchObject({ spec: { size: 1 }, status: { seen: 1, phase: 'Ready' }, metadata: { generation: 1 } });
      const spec = await widgets.patch(ref(made), { spec: { size: 9 }, status: { seen: 7 } });
      expect(spec).toMatchObject({ spec: { size: 9 }, status: { seen: 1 }, metadata: { generation: 2 } });
      const replaced = await widgets.replaceStatus({ ...spec, status: { seen: 2 } });
      expect(replaced).toMatchObject({ spec: { size: 9 }, status: { seen: 2 } });
      expect(replaced.status).not.toHaveProperty('phase');
      expect(isConflict(await failure(widgets.replaceStatus(spec)))).toBe(true);
    });

    test('apply creates, then removes what its manager no longer states and leaves what others state', async () => {
      const { widgets, namespace, name } = world();
      const metadata = { namespace, name: name('applied') };
      await widgets.apply({ metadata, spec: { color: 'red', note: 'mine' } }, { fieldManager: 'one' });
      await widgets.apply({ metadata, spec: { size: 5 } }, { fieldManager: 'two' });
      const last = await widgets.apply({ metadata, spec: { color: 'green' } }, { fieldManager: 'one' });
      expect(last.spec).toEqual({ size: 5, color: 'green' });
      const taken = { metadata, spec: { color: 'blue' } };
      expect(isConflict(await failure(widgets.apply(taken, { fieldManager: 'two', force: false })))).toBe(true);
      expect((await widgets.apply(taken, { fieldManager: 'two' })).spec.color).toBe('blue');
      const status = { metadata, status: { phase: 'Ready' } } as Widget;
      expect((await widgets.apply(status, { fieldManager: 'one', subresource: 'status' })).status).toEqual({ phase: 'Ready' });
    });

    test('a taint list of a Node is replaced whole by a patch', async () => {
      const nodes = world().cluster.resource<import('@dpf/api').Node>(CORE.Node);
      const name = world().name('node');
      await nodes.create({ metadata: { name } });
      const taints = [{ key: 'dpf', effect: 'NoSchedule' as const }];
      expect((await nodes.patch({ name }, { spec: { taints } })).spec?.taints).toEqual(taints);
      expect((await nodes.patch({ name }, { spec: { taints: null } })).spec?.taints).toBeUndefined();
    });

    test('the bytes of a Secret come back as they were', async () => {
      const { cluster, namespace, name } = world();
      const secrets = cluster.resource<import('@dpf/api').Secret>(CORE.Secret);
      const metadata = { namespace, name: name('secret') };
      const made = await secrets.create({ metadata, type: 'example/token', stringData: { plain: 'text' }, data: { raw: 'AAEC' } });
      expect(made).toMatchObject({ type: 'example/token', data: { raw: 'AAEC', plain: Buffer.from('text').toString('base64') } });
    });
  });

  describe('deleting', () => {
    test('only the object meant, by uid and version', async () => {
      const made = await create();
      const { widgets } = world();
      const { resourceVersion } = await widgets.patch(ref(made), { spec: { size: 3 } }).then((next) => next.metadata);
      const stale = { resourceVersion: made.metadata.resourceVersion as string };
      expect(isConflict(await failure(widgets.delete(ref(made), { uid: 'another' })))).toBe(true);
      expect(isConflict(await failure(widgets.delete(ref(made), stale)))).toBe(true);
      await widgets.delete(ref(made), { uid: made.metadata.uid as string, resourceVersion: resourceVersion as string });
      expect(await widgets.get(ref(made))).toBeUndefined();
      expect(await widgets.delete(ref(made))).toBeUndefined();
    });

    test('with a finalizer it is only marked, until the finalizer goes', async () => {
      const made = await create({}, { finalizers: ['contract.dpf.example/hold'] });
      const { widgets } = world();
      const going = await widgets.delete(ref(made));
      expect(going?.metadata.deletionTimestamp).toMatch(/Z$/);
      expect(await widgets.get(ref(made))).toBeDefined();
      await widgets.patch(ref(made), { metadata: { finalizers: null } }, { resourceVersion: going?.metadata.resourceVersion as string });
      expect(await widgets.get(ref(made))).toBeUndefined();
    });
  });
}
