/** What a control plane does by itself: garbage collection, emptying of namespaces and definitions, ends of Pods. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeSim } from '../src/index.ts';
import type { Body, Client } from './client.ts';
import { eventsOf } from './on-both.ts';
import { WIDGETS, embedded, fresh, widget } from './server.ts';

let sim: KubeSim;
let client: Client;
const folder = mkdtempSync(join(tmpdir(), 'kube-sim-'));
const auditLog = join(folder, 'audit.jsonl');
beforeAll(async () => {
  ({ sim, client } = await embedded({ auditLog }));
});
afterAll(async () => {
  client.close();
  await sim.close();
  rmSync(folder, { recursive: true });
});

const NS = '/api/v1/namespaces/default';
const owner = async (metadata: Body = {}) => (await client.post(WIDGETS, widget(fresh('owner'), {}, metadata))).body;
const referenceTo = ({ metadata }: Body, blockOwnerDeletion = false) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  name: metadata.name,
  uid: metadata.uid,
  ...(blockOwnerDeletion && { blockOwnerDeletion }),
});
const ownedBy = async (...owners: Body[]) => {
  const name = fresh('owned');
  await client.post(`${NS}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ownerReferences: owners } });
  return `${NS}/configmaps/${name}`;
};
const pathOf = ({ metadata }: Body) => `${WIDGETS}/${metadata.name}`;

/** Resolves once the object at the path is gone (looked up after every change of anything). */
async function gone(path: string): Promise<void> {
  while ((await client.get(path)).code !== 404);
}

describe('garbage collection', () => {
  test('what an object owns goes after it', async () => {
    const set = await owner();
    const owned = await ownedBy(referenceTo(set));
    await client.remove(pathOf(set));
    await gone(owned);
    const event = eventsOf(auditLog).find(({ verb, requestURI }) => verb === 'delete' && requestURI === owned);
    expect(event?.user).toMatchObject({ username: 'system:serviceaccount:kube-system:generic-garbage-collector' });
  });

  test('what another owner still holds stays, and forgets the one that is gone', async () => {
    const [one, two] = [await owner(), await owner()];
    const owned = await ownedBy(referenceTo(one), referenceTo(two));
    await client.remove(pathOf(one));
    let references: Body[] = [];
    while (references.length !== 1) references = (await client.get(owned)).body['metadata'].ownerReferences as Body[];
    expect(references).toEqual([referenceTo(two)]);
  });

  test('an object whose owner never was is collected', async () => {
    await gone(await ownedBy({ apiVersion: 'example.com/v1', kind: 'Widget', name: 'never', uid: 'never' }));
  });

  test('Orphan leaves the owned behind, without the reference', async () => {
    const set = await owner();
    const owned = await ownedBy(referenceTo(set));
    await client.remove(pathOf(set), { propagationPolicy: 'Orphan' });
    await gone(pathOf(set));
    const { code, body } = await client.get(owned);
    expect([code, body['metadata'].ownerReferences]).toEqual([200, undefined]);
  });

  test('Foreground waits for what blocks the owner', async () => {
    const set = await owner();
    const child = (
      await client.post(WIDGETS, widget(fresh('child'), {}, { ownerReferences: [referenceTo(set, true)], finalizers: ['a.b/c'] }))
    ).body;
    await client.remove(pathOf(set), { propagationPolicy: 'Foreground' });
    let marked: Body = {};
    while (!marked['metadata']?.deletionTimestamp) marked = (await client.get(pathOf(child))).body;
    expect((await client.get(pathOf(set))).code).toBe(200);
    await client.merge(pathOf(child), { metadata: { finalizers: null } });
    await gone(pathOf(set));
  });

  test('an owner that a finalizer holds keeps what it owns until it is gone', async () => {
    const set = await owner({ finalizers: ['a.b/c'] });
    const owned = await ownedBy(referenceTo(set));
    await client.remove(pathOf(set));
    expect((await client.get(owned)).code).toBe(200);
    await client.merge(pathOf(set), { metadata: { finalizers: [] } });
    await gone(owned);
  });
});

describe('namespaces', () => {
  test('are emptied first, take nothing new while they go, and wait for finalizers', async () => {
    const name = fresh('ns');
    await client.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const widgets = `/apis/example.com/v1/namespaces/${name}/widgets`;
    await client.post(widgets, widget('held', {}, { finalizers: ['a.b/c'] }));
    await client.post(widgets, widget('free'));
    const { code, body } = await client.remove(`/api/v1/namespaces/${name}`);
    expect([code, body['status'].phase]).toEqual([200, 'Terminating']);
    await gone(`${widgets}/free`);
    const refused = await client.post(widgets, widget('late'));
    expect(refused.body).toMatchObject({ code: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } });
    await client.merge(`${widgets}/held`, { metadata: { finalizers: null } });
    await gone(`/api/v1/namespaces/${name}`);
  });
});

describe('definitions', () => {
  const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const definition = (plural: string, schema: Body = { type: 'object' }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.things.example.com` },
    spec: {
      group: 'things.example.com',
      scope: 'Cluster',
      names: { plural, kind: `${plural[0]!.toUpperCase()}${plural.slice(1, -1)}` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });

  test('a resource is there once it is defined, and gone with all its objects once it is not', async () => {
    const resource = '/apis/things.example.com/v1/things';
    expect((await client.get(resource)).code).toBe(404);
    const created = await client.post(DEFINITIONS, definition('things'));
    expect(created.body['status'].conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Established', status: 'True' }),
        expect.objectContaining({ type: 'NamesAccepted' }),
      ]),
    );
    expect((await client.get(resource)).code).toBe(200);
    await client.post(resource, { apiVersion: 'things.example.com/v1', kind: 'Thing', metadata: { name: 'a', finalizers: ['a.b/c'] } });
    await client.remove(`${DEFINITIONS}/things.things.example.com`);
    while (!(await client.get(`${resource}/a`)).body['metadata'].deletionTimestamp);
    expect((await client.get(`${DEFINITIONS}/things.things.example.com`)).code).toBe(200);
    await client.merge(`${resource}/a`, { metadata: { finalizers: null } });
    await gone(`${DEFINITIONS}/things.things.example.com`);
    expect((await client.get(resource)).code).toBe(404);
  });

  test.each([
    ['a field without a type', { type: 'object', properties: { a: {} } }, 'properties[a].type'],
    ['an array without items', { type: 'object', properties: { a: { type: 'array' } } }, 'properties[a].items'],
    ['a rule that is no CEL', { type: 'object', 'x-kubernetes-validations': [{ rule: 'self +' }] }, 'x-kubernetes-validations[0].rule'],
    ['a pattern that is none', { type: 'object', properties: { a: { type: 'string', pattern: '(' } } }, 'properties[a].pattern'],
    [
      'a list-map without keys',
      { type: 'object', properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' } } },
      'properties[a].x-kubernetes-list-map-keys',
    ],
  ])('%s is refused at its place', async (_what, schema, place) => {
    const { code, body } = await client.post(DEFINITIONS, definition('broken', schema));
    expect([code, body['details'].causes[0].field]).toEqual([422, `spec.versions[0].schema.openAPIV3Schema.${place}`]);
  });

  test('the name has to be that of the resource', async () => {
    const object = { ...definition('things'), metadata: { name: 'other' } };
    expect((await client.post(DEFINITIONS, object)).body['message']).toContain('must be spec.names.plural+"."+spec.group');
  });
});

describe('Pods', () => {
  test('one that is given its grace ends: nothing runs in it', async () => {
    const name = fresh('pod');
    const spec = { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] };
    await client.post(`${NS}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
    const watch = await client.watch(`${NS}/pods?watch=1&fieldSelector=metadata.name=${name}`);
    await client.remove(`${NS}/pods/${name}`);
    expect([(await watch.next()).type, (await watch.next()).type, (await watch.next()).type]).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    watch.stop();
  });
});
