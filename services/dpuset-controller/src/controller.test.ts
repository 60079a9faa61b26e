/** Stories of the service on both API servers, and a real Redis. */
import { KINDS, NODE_ANNOTATIONS, NODE_LABELS, type Dpu, type DpuSet, type Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { onBothApis, type ApiServer } from '@dpf/kube-sim/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { aNode, aSet } from '../test/builders.ts';
import { CRDS, Fleet, NAMESPACE } from '../test/fleet.ts';

onBothApis((name, startApi) => {
  describe(`on ${name}`, () => {
    let api: ApiServer;
    let fleet: Fleet;
    beforeAll(async () => {
      api = await startApi({ crds: CRDS });
    }, 90_000);
    afterAll(() => api?.close());
    beforeEach(async () => {
      fleet = await Fleet.start(api);
    });
    afterEach(() => fleet.close());

    const names = () =>
      fleet
        .all()
        .map(({ metadata }) => metadata.name)
        .sort();
    const nodes = () => fleet.api.resource<Node>(CORE.Node);

    describe('a set', () => {
      test('makes a Dpu for every card, says what they wait for, and is Ready when they are', async () => {
        await fleet.host(aNode('w1', 2));
        await fleet.create(aSet());
        await fleet.replica();
        await fleet.host(aNode('w2'));
        await fleet.until('three Dpus', () => fleet.all().length === 3);
        expect(names()).toEqual(['w1-0000-4b-00', 'w1-0000-4c-00', 'w2-0000-4b-00']);
        for (const { metadata } of fleet.all())
          await fleet.api
            .resource<Dpu>(KINDS.Dpu)
            .patchStatus(
              { name: metadata.name, namespace: NAMESPACE },
              { status: { phase: 'Initializing', waitingFor: 'DPUFlavor hbn to exist' } },
            );
        await fleet.until('the summary', () => fleet.condition('Ready')?.message.includes('3 of 3 waiting for DPUFlavor') === true);
        expect(fleet.condition('Ready')?.message).toBe('0 of 3 DPUs ready; 3 of 3 waiting for DPUFlavor hbn to exist');
        expect(fleet.set()?.status).toMatchObject({ desired: 3, current: 3, unavailable: 3, dpuStatistics: { Initializing: 3, Ready: 0 } });
        await Promise.all(fleet.all().map((dpu) => fleet.provision(dpu)));
        await fleet.until('Ready', fleet.ready(3));
        expect(fleet.set()?.status).toMatchObject({
          observedGeneration: fleet.set()?.metadata.generation,
          unavailable: 0,
          dpuStatistics: { Ready: 3 },
        });
        expect(fleet.errors).toEqual([]);
      });

      test('rolls a new image out host by host; each grant stands in the status before the Dpus of its host are patched', async () => {
        fleet.drive();
        for (const [name, dpus] of [
          ['w1', 1],
          ['w2', 2],
          ['w3', 1],
        ] as const)
          await fleet.host(aNode(name, dpus));
        await fleet.create(aSet());
        await fleet.replica();
        await fleet.until('provisioned', fleet.ready(4));
        await fleet.patchSet('fleet', fleet.template('bfb-b'));
        await fleet.until('updated', () => fleet.all().every(({ spec }) => spec.bfb === 'bfb-b') && fleet.ready(4)());
        expect(told(fleet)).toEqual([
          'grants w1 1',
          'patches w1-0000-4b-00 1',
          'grants w2 2',
          'patches w2-0000-4b-00 2',
          'patches w2-0000-4c-00 2',
          'grants w3 3',
          'patches w3-0000-4b-00 3',
        ]);
        expect(fleet.errors).toEqual([]);
      });

      test('is deleted only after its Dpus, each deleted by its uid, and lets its Bfb go', async () => {
        await fleet.host(aNode('w1', 2));
        await fleet.create(aSet());
        await fleet.replica();
        await fleet.until('two Dpus', () => fleet.all().length === 2);
        await fleet.api.resource<DpuSet>(KINDS.DpuSet).delete({ name: 'fleet', namespace: NAMESPACE });
        await fleet.until(
          'deleting',
          () => fleet.all().every(({ metadata }) => metadata.deletionTimestamp) && fleet.condition('Ready')?.reason === 'DpuSetDeleting',
        );
        for (const dpu of fleet.all()) await fleet.release(dpu);
        await fleet.until('gone', () => fleet.set() === undefined);
        expect(fleet.all()).toEqual([]);
        await fleet.until('the wake-up of its Bfb', () => fleet.bfbWakes.includes('bfb/dpf/bfb-a'));
      });

      test('whose Bfb is another one now wakes bfb-downloader for the one before', async () => {
        await fleet.create(aSet());
        await fleet.replica();
        await fleet.until('seen', () => fleet.condition('Ready')?.reason === 'NoDpuSelected');
        await fleet.patchSet('fleet', fleet.template('bfb-b'));
        await fleet.until('seen again', () => fleet.set()?.status?.observedGeneration === 2);
        await fleet.until('the wake-up', () => fleet.bfbWakes.length > 0);
        expect(fleet.bfbWakes).toEqual(['bfb/dpf/bfb-a']);
      });
    });

    describe('a Dpu goes', () => {
      const selected = () => aSet({ nodeSelector: { matchLabels: { [NODE_LABELS.dpuEnabled]: 'true', rack: 'a' } } });
      test('when the user’s label or its Node goes, never when discovery’s labels vanish', async () => {
        fleet.drive();
        for (const name of ['w1', 'w2', 'w3']) await fleet.host(aNode(name, 1, { rack: 'a' }));
        await fleet.create(selected());
        await fleet.replica();
        await fleet.until('provisioned', fleet.ready(3));
        await nodes().patch(
          { name: 'w1' },
          { metadata: { labels: { [NODE_LABELS.dpuEnabled]: null, [NODE_LABELS.pciAddress(0)]: null } } },
        );
        await nodes().patch({ name: 'w2' }, { metadata: { labels: { rack: null } } });
        await fleet.until('w2 gone', () => names().length === 2);
        await nodes().delete({ name: 'w3' });
        await fleet.until('w3 gone', () => names().length === 1);
        expect(names()).toEqual(['w1-0000-4b-00']);
        await fleet.until('one left', fleet.ready(1));
      });
    });

    describe('a card that a hand-made Dpu has', () => {
      test('is a conflict that names it, and is taken over once that one is gone', async () => {
        const byHand = { name: 'by-hand', namespace: NAMESPACE };
        const spec = { nodeName: 'w1', pciAddress: '0000-4b-00', bfb: 'x', dpuFlavor: 'x' };
        const { metadata } = await fleet.api
          .resource<Dpu>(KINDS.Dpu)
          .create({ apiVersion: KINDS.Dpu.apiVersion, kind: 'Dpu', metadata: byHand, spec });
        await fleet.host(aNode('w1'));
        const claim = (value: string | null) =>
          nodes().patch({ name: 'w1' }, { metadata: { annotations: { [NODE_ANNOTATIONS.card('0000-4b-00')]: value } } });
        await claim(JSON.stringify({ uid: metadata.uid, ...byHand }));
        await fleet.create(aSet());
        await fleet.replica();
        await fleet.until('the conflict', () => fleet.condition('Conflict')?.status === 'True');
        expect(fleet.condition('Conflict')?.message).toBe('Dpu dpf/by-hand has card 0000-4b-00 of Node w1, which this set wants too');
        expect(names()).toEqual(['by-hand']);
        await claim(null);
        await fleet.until('its own Dpu', () => names().includes('w1-0000-4b-00') && fleet.condition('Conflict')?.status === 'False');
      });

      test('and the name too is a conflict as well', async () => {
        const spec = { nodeName: 'w1', pciAddress: '0000-4b-00', bfb: 'x', dpuFlavor: 'x' };
        const metadata = { name: 'w1-0000-4b-00', namespace: NAMESPACE };
        await fleet.api.resource<Dpu>(KINDS.Dpu).create({ apiVersion: KINDS.Dpu.apiVersion, kind: 'Dpu', metadata, spec });
        await fleet.host(aNode('w1'));
        await fleet.create(aSet());
        await fleet.replica();
        await fleet.until('the conflict', () => fleet.condition('Conflict')?.status === 'True');
      });
    });

    describe('any number of replicas', () => {
      test('make each Dpu once and keep the budget together, while Redis loses everything', async () => {
        fleet.drive();
        const hosts = Array.from({ length: 12 }, (_, i) => `w${i + 1}`);
        await Promise.all(hosts.map((name) => fleet.host(aNode(name))));
        await Promise.all([fleet.replica(), fleet.replica(), fleet.replica()]);
        await fleet.create(aSet({ maxUnavailable: 3 }));
        await fleet.until('provisioned', fleet.ready(12));
        await fleet.patchSet('fleet', fleet.template('bfb-b'));
        await fleet.until('some updated', () => fleet.all().some(({ spec }) => spec.bfb === 'bfb-b'));
        await fleet.redis.flush();
        await fleet.until('updated', () => fleet.all().every(({ spec }) => spec.bfb === 'bfb-b') && fleet.ready(12)());
        const creates = fleet.writes().filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'dpus');
        expect(creates.map(({ objectRef }) => objectRef?.name).sort()).toEqual(hosts.map((name) => `${name}-0000-4b-00`).sort());
        const granted = fleet
          .writes()
          .map(({ requestObject }) => (requestObject as { status?: DpuSet['status'] }).status?.rollout?.granted?.length ?? 0);
        expect(Math.max(...granted)).toBe(3);
      });

      test('ask and write nothing while nothing happens; a storm of wake-ups costs few lists', async () => {
        fleet.drive();
        await fleet.host(aNode('w1'));
        await fleet.create(aSet());
        await fleet.replica();
        await fleet.until('provisioned', fleet.ready(1));
        await fleet.idle();
        const lists = () => api.requests({ verb: 'list', resource: 'dpus', userAgent: 'dpuset-controller' });
        const writes = fleet.writes().length;
        const before = lists();
        const wakes = Array.from({ length: 300 }, () => fleet.wake('fleet'));
        await Promise.all(wakes);
        await fleet.idle();
        expect(fleet.writes()).toHaveLength(writes);
        expect(lists() - before).toBeLessThan(100);
      });
    });
  });
});

/** The rollout as the API server saw it. */
function told(seen: Fleet): string[] {
  const lines: string[] = [];
  let known = 0;
  for (const { verb, objectRef, requestObject } of seen.writes()) {
    const { status, spec } = requestObject as { status?: DpuSet['status']; spec?: Dpu['spec'] };
    for (const { host, number } of status?.rollout?.granted ?? [])
      if (number > known) {
        lines.push(`grants ${host} ${number}`);
        known = number;
      }
    if (objectRef?.resource !== 'dpus' || verb !== 'patch' || objectRef.subresource !== undefined) continue;
    const line = `patches ${objectRef.name} ${spec?.grant}`;
    const last = lines.at(-1) ?? '';
    // The Dpus of a host are patched side by side.
    const comesFirst = last.startsWith('patches') && last.endsWith(` ${spec?.grant}`) && line < last;
    lines.splice(comesFirst ? -1 : lines.length, 0, line);
  }
  return lines;
}
