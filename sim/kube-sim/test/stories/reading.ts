import { describe, expect, test } from '@jest/globals';
import type { Body, Client, WatchEvent } from '../client.ts';
import { WIDGETS, fresh, widget } from '../server.ts';

const names = (list: Body): string[] => (list['items'] as Body[]).map(({ metadata }) => metadata.name as string);
const told = ({ type, object }: WatchEvent) => `${type} ${object['metadata'].name}`;
const version = (object: Body): string => object['metadata'].resourceVersion as string;

export function readingStories(client: () => Client): void {
  const make = async (name: string, labels: Body) => (await client().post(WIDGETS, widget(name, {}, { labels }))).body;

  describe('lists', () => {
    test('a list has a kind, a version and items in order; items of built-in kinds bear no kind', async () => {
      const group = fresh('list');
      for (const suffix of ['b', 'a', 'c']) await make(`${group}-${suffix}`, { group });
      const { body } = await client().get(`${WIDGETS}?labelSelector=group=${group}`);
      expect(body).toMatchObject({ kind: 'WidgetList', apiVersion: 'example.com/v1' });
      expect(names(body)).toEqual(['a', 'b', 'c'].map((suffix) => `${group}-${suffix}`));
      expect(body['items'][0]).toMatchObject({ kind: 'Widget', apiVersion: 'example.com/v1' });
      expect(Number(version(body))).toBeGreaterThan(0);
      const namespaces = (await client().get('/api/v1/namespaces')).body;
      expect(namespaces['kind']).toBe('NamespaceList');
      expect(namespaces['items'][0]).not.toHaveProperty('kind');
      expect(namespaces['items'][0]).toHaveProperty('metadata.name', 'default');
    });

    test('pages show one state: what changes in between is not in later pages', async () => {
      const group = fresh('page');
      for (const suffix of ['a', 'b', 'c', 'd']) await make(`${group}-${suffix}`, { group });
      const path = `${WIDGETS}?labelSelector=group=${group}&limit=2`;
      const first = (await client().get(path)).body;
      await client().remove(`${WIDGETS}/${group}-c`);
      await make(`${group}-e`, { group });
      const second = (await client().get(`${path}&continue=${first['metadata'].continue}`)).body;
      expect([names(first), names(second)]).toEqual([
        [`${group}-a`, `${group}-b`],
        [`${group}-c`, `${group}-d`],
      ]);
      expect(version(second)).toBe(version(first));
    });

    test('remainingItemCount counts what a list without selector leaves', async () => {
      await make(fresh(), {});
      await make(fresh(), {});
      const all = names((await client().get(WIDGETS)).body).length;
      expect((await client().get(`${WIDGETS}?limit=1`)).body['metadata'].remainingItemCount).toBe(all - 1);
    });

    test.each([
      ['env=a', ['1']],
      ['env!=a', ['2', '3']],
      ['env in (a,b)', ['1', '2']],
      ['env notin (a)', ['2', '3']],
      ['env', ['1', '2']],
      ['!env', ['3']],
      ['env==b,tier=x', ['2']],
    ])('label selector %s', async (selector, expected) => {
      const group = fresh('sel');
      await make(`${group}-1`, { group, env: 'a' });
      await make(`${group}-2`, { group, env: 'b', tier: 'x' });
      await make(`${group}-3`, { group });
      const { body } = await client().get(`${WIDGETS}?labelSelector=${encodeURIComponent(`group=${group},${selector}`)}`);
      expect(names(body)).toEqual(expected.map((suffix) => `${group}-${suffix}`));
    });

    test('field selectors: name and namespace of every kind, nodeName of Pods, type of Secrets; others are refused', async () => {
      const name = fresh();
      await make(name, {});
      expect(names((await client().get(`${WIDGETS}?fieldSelector=metadata.name=${name},metadata.namespace=default`)).body)).toEqual([name]);
      expect((await client().get(`/api/v1/pods?fieldSelector=spec.nodeName=none`)).code).toBe(200);
      expect((await client().get(`/api/v1/secrets?fieldSelector=type=none`)).code).toBe(200);
      expect((await client().get(`${WIDGETS}?fieldSelector=spec.size=3`)).body['message']).toBe('field label not supported: spec.size');
      expect((await client().get(`${WIDGETS}?labelSelector=${encodeURIComponent('a b')}`)).code).toBe(400);
    });

    test('a version that is not there yet is a timeout that says when to try again', async () => {
      const { code, body } = await client().get(`${WIDGETS}?resourceVersion=99999999`);
      expect(code).toBe(504);
      expect(body).toMatchObject({ reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 } });
    });

    test('a broken continue token is a bad request', async () => {
      expect((await client().get(`${WIDGETS}?continue=xxx`)).code).toBe(400);
    });

    test('tables have the columns of the definition', async () => {
      const name = fresh();
      await make(name, {});
      await client().merge(`${WIDGETS}/${name}/status`, { status: { phase: 'A', conditions: [{ type: 'Ready', status: 'True' }] } });
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const { body } = await client().get(`${WIDGETS}/${name}`, { accept });
      expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      expect((body['columnDefinitions'] as Body[]).map((column) => [column['name'], column['type'], column['priority']])).toEqual([
        ['Name', 'string', 0],
        ['Size', 'integer', 0],
        ['Phase', 'string', 0],
        ['Color', 'string', 1],
        ['Ready', 'string', 0],
        ['Age', 'date', 0],
      ]);
      expect(body['rows'][0].cells).toEqual([name, 3, 'A', 'red', 'True', expect.stringMatching(/^\d+s$/)]);
      expect(body['rows'][0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name } });
      const list = await client().get(`${WIDGETS}?limit=1`, { accept });
      expect(list.body['rows']).toHaveLength(1);
    });
  });

  describe('watches', () => {
    test('from a version: everything after it, in order, each with a version of its own', async () => {
      const group = fresh('watch');
      const from = version((await client().get(WIDGETS)).body);
      const name = `${group}-1`;
      await make(name, { group });
      await client().merge(`${WIDGETS}/${name}`, { spec: { size: 4 } });
      const watch = await client().watch(`${WIDGETS}?watch=1&resourceVersion=${from}&labelSelector=group=${group}`);
      await client().remove(`${WIDGETS}/${name}`);
      const events = [await watch.next(), await watch.next(), await watch.next()];
      watch.stop();
      expect(events.map(told)).toEqual([`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
      const versions = events.map(({ object }) => Number(version(object)));
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
      expect(new Set(versions).size).toBe(3);
    });

    test('without a version: what is there comes first as ADDED', async () => {
      const name = fresh();
      await make(name, {});
      const watch = await client().watch(`${WIDGETS}?watch=1&fieldSelector=metadata.name=${name}`);
      expect(told(await watch.next())).toBe(`ADDED ${name}`);
      await client().merge(`${WIDGETS}/${name}/status`, { status: { phase: 'A' } });
      expect(told(await watch.next())).toBe(`MODIFIED ${name}`);
      watch.stop();
    });

    test('an object that leaves the selection is DELETED, one that enters it ADDED', async () => {
      const group = fresh('move');
      const name = `${group}-1`;
      const from = version(await make(name, { group: 'none' }));
      const watch = await client().watch(`${WIDGETS}?watch=1&resourceVersion=${from}&labelSelector=group=${group}`);
      await client().merge(`${WIDGETS}/${name}`, { metadata: { labels: { group } } });
      await client().merge(`${WIDGETS}/${name}`, { metadata: { labels: { group: 'gone' } } });
      await client().merge(`${WIDGETS}/${name}`, { spec: { size: 5 } });
      await client().merge(`${WIDGETS}/${name}`, { metadata: { labels: { group } } });
      const events = [await watch.next(), await watch.next(), await watch.next()];
      watch.stop();
      expect(events.map(told)).toEqual([`ADDED ${name}`, `DELETED ${name}`, `ADDED ${name}`]);
    });

    test('what changes nothing is no event', async () => {
      const name = fresh();
      const from = version(await make(name, {}));
      const watch = await client().watch(`${WIDGETS}?watch=1&resourceVersion=${from}&fieldSelector=metadata.name=${name}`);
      await client().merge(`${WIDGETS}/${name}`, { spec: { size: 3 } });
      await client().merge(`${WIDGETS}/${name}`, { spec: { size: 6 } });
      expect((await watch.next()).object['spec'].size).toBe(6);
      watch.stop();
    });

    test('timeoutSeconds ends it cleanly', async () => {
      const from = version((await client().get(WIDGETS)).body);
      const watch = await client().watch(`${WIDGETS}?watch=1&resourceVersion=${from}&timeoutSeconds=1&labelSelector=no=thing`);
      expect(await watch.rest()).toEqual([]);
    });

    test('sendInitialEvents: the state, then a bookmark that says it is whole', async () => {
      const name = fresh();
      await make(name, {});
      const query = 'watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';
      const watch = await client().watch(`${WIDGETS}?${query}&fieldSelector=metadata.name=${name}`);
      expect(told(await watch.next())).toBe(`ADDED ${name}`);
      const { type, object } = await watch.next();
      watch.stop();
      expect([type, object['kind'], object['metadata'].annotations]).toEqual([
        'BOOKMARK',
        'Widget',
        { 'k8s.io/initial-events-end': 'true' },
      ]);
      expect(Number(version(object))).toBeGreaterThan(0);
    });

    test('a version that is forgotten is an ERROR event with code 410', async () => {
      const watch = await client().watch(`${WIDGETS}?watch=1&resourceVersion=1`);
      const { type, object } = await watch.next();
      expect([type, object['code'], object['reason']]).toEqual(['ERROR', 410, 'Expired']);
    });
  });
}
