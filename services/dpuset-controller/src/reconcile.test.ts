/** The rules of grants at the API server itself: a replica that stops between what it read and what it writes does no harm. */
import { KINDS, type Dpu, type DpuSet, type KindInfo, type KubeObject, type Node } from '@dpf/api';
import { CORE, type Cluster, type Reflector, type ResourceClient } from '@dpf/kube';
import { onBothApis, type ApiServer } from '@dpf/kube-sim/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { aNode, aSet } from '../test/builders.ts';
import { CRDS, Fleet, NAMESPACE } from '../test/fleet.ts';
import { reconcile } from './reconcile.ts';

const SET = { name: 'fleet', namespace: NAMESPACE };
let fleet: Fleet;
let nodes: Reflector<Node>;

type Calls = { before?: (verb: string, kind: string) => Promise<void> | void };
/** One reconcile of a replica of its own; `before` is awaited before each of its requests. */
const run = (calls: Calls = {}) =>
  reconcile(
    {
      cluster: hooked(fleet.api, calls),
      events: { record: () => undefined },
      nodes: nodes.store,
      now: () => new Date(),
      listed: () => undefined,
    },
    SET,
    AbortSignal.timeout(8_000),
  );
const settle = async () => {
  while ((await run()).requeueAfterMs !== 300_000);
};
/** A reconcile that stops before its first request of this kind, until it is let go on. */
async function stopped(verb: string, kind: string): Promise<() => ReturnType<typeof run>> {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const result = run({
    before: (asked, of) => {
      if (asked !== verb || of !== kind) return undefined;
      reached.resolve();
      return goOn.promise;
    },
  });
  await reached.promise;
  return () => (goOn.resolve(), result);
}
const dpu = async (host: string): Promise<Dpu> => {
  const found = await fleet.api.resource<Dpu>(KINDS.Dpu).get({ name: `${host}-0000-4b-00`, namespace: NAMESPACE });
  if (!found) throw new Error(`${host} has no Dpu`);
  return found;
};
const granted = async () =>
  (await fleet.api.resource<DpuSet>(KINDS.DpuSet).get(SET))?.status?.rollout?.granted?.map(({ host, number }) => `${host}/${number}`);
const specs = async () =>
  Promise.all(['w1', 'w2'].map(async (host) => ((one) => `${one.spec.bfb}/${one.spec.grant ?? 0}`)(await dpu(host))));

onBothApis((name, startApi) => {
  describe(`on ${name}`, () => {
    let api: ApiServer;
    beforeAll(async () => {
      api = await startApi({ crds: CRDS });
    }, 90_000);
    afterAll(() => api?.close());
    /** A fleet of two hosts, provisioned, and a template that is new since. */
    beforeEach(async () => {
      fleet = await Fleet.start(api);
      await Promise.all(['w1', 'w2'].map((name) => fleet.host(aNode(name))));
      nodes = fleet.api.reflect<Node>(CORE.Node);
      nodes.start();
      await nodes.synced();
      await fleet.create(aSet());
      await settle();
      for (const name of ['w1', 'w2']) await fleet.provision(await dpu(name));
      await settle();
      await fleet.patchSet('fleet', fleet.template('bfb-b'));
    });
    afterEach(() => fleet.close());

    test('Rule set-before-list: the set is read first, then its Dpus are listed once; grants are written before any Dpu is patched', async () => {
      const asked: string[] = [];
      await run({ before: (verb, kind) => void asked.push(`${verb} ${kind}`) });
      expect(asked).toEqual(['get DpuSet', 'list Dpu', 'patchStatus DpuSet', 'patch Dpu']);
    });

    test('Rule set-before-list: of two replicas that decided on the same, one grants', async () => {
      const goOn = await stopped('patchStatus', 'DpuSet');
      await settle();
      await fleet.provision(await dpu('w1'));
      await settle();
      expect(await granted()).toEqual(['w2/2']);
      await goOn();
      expect([await granted(), await specs()]).toEqual([['w2/2'], ['bfb-b/1', 'bfb-b/2']]);
    });

    test('Rule grant-numbered: a patch under an older grant is refused', async () => {
      const goOn = await stopped('patch', 'Dpu');
      await run();
      await fleet.patchSet('fleet', fleet.template('bfb-c'));
      await settle();
      expect(await specs()).toEqual(['bfb-c/2', 'bfb-a/0']);
      await goOn();
      expect(await specs()).toEqual(['bfb-c/2', 'bfb-a/0']);
    });

    test('Rule grant-names-uid: the Dpu that came in place of the granted one is not patched', async () => {
      const goOn = await stopped('patch', 'Dpu');
      const old = await dpu('w1');
      const { bfb: _bfb, ...spec } = old.spec;
      await fleet.api.resource<Dpu>(KINDS.Dpu).delete({ name: old.metadata.name, namespace: NAMESPACE });
      await fleet.release(old);
      const { name, namespace, labels, ownerReferences } = old.metadata;
      await fleet.api
        .resource<Dpu>(KINDS.Dpu)
        .create({ ...old, metadata: { name, namespace, labels, ownerReferences }, spec: { ...spec, bfb: 'bfb-a' } });
      await goOn();
      expect((await specs())[0]).toBe('bfb-a/0');
    });

    test('Rule release-numbered: a Dpu that is Ready with what it had before keeps its grant', async () => {
      await run();
      const { metadata } = await dpu('w1');
      await fleet.api
        .resource<Dpu>(KINDS.Dpu)
        .patchStatus({ name: metadata.name, namespace: NAMESPACE }, { status: { observedGeneration: metadata.generation } });
      await settle();
      expect(await granted()).toEqual(['w1/1']);
      await fleet.provision(await dpu('w1'));
      await settle();
      expect(await granted()).toEqual(['w2/2']);
    });
  });
});

/** The cluster, with a word before each request. */
function hooked(cluster: Cluster, { before }: Calls): Pick<Cluster, 'resource'> {
  return {
    resource: <T extends KubeObject>(kind: KindInfo) =>
      new Proxy(cluster.resource<T>(kind), {
        get: (client, verb: keyof ResourceClient<T> & string) => {
          const call = client[verb];
          if (typeof call !== 'function') return call;
          return async (...args: unknown[]) => {
            await before?.(verb, kind.kind);
            return (call as (...args: unknown[]) => unknown).apply(client, args);
          };
        },
      }),
  };
}
