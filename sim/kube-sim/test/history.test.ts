/** What is remembered: the audit log, the counters of requests, and the history that watches and lists resume from. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeSim } from '../src/index.ts';
import type { Client } from './client.ts';
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

const present = async () => (await client.get(WIDGETS)).body['metadata'].resourceVersion as string;

describe('compaction', () => {
  test('a watch from before it gets the 410 in its stream, one from after it does not', async () => {
    const from = await present();
    await client.post(WIDGETS, widget(fresh()));
    sim.compact();
    const watch = await client.watch(`${WIDGETS}?watch=1&resourceVersion=${from}`);
    expect((await watch.rest()).map(({ type, object }) => [type, object['code'], object['reason']])).toEqual([['ERROR', 410, 'Expired']]);
    const later = await client.watch(`${WIDGETS}?watch=1&resourceVersion=${await present()}&timeoutSeconds=1`);
    expect(await later.rest()).toEqual([]);
  });

  test('a list that continues from before it gets 410 over HTTP', async () => {
    await client.post(WIDGETS, widget(fresh()));
    await client.post(WIDGETS, widget(fresh()));
    const token = (await client.get(`${WIDGETS}?limit=1`)).body['metadata'].continue as string;
    await client.post(WIDGETS, widget(fresh()));
    sim.compact();
    const { code, body } = await client.get(`${WIDGETS}?limit=1&continue=${token}`);
    expect([code, body['reason']]).toEqual([410, 'Expired']);
  });

  test('a bookmark ends a watch that asked for some', async () => {
    const watch = await client.watch(`${WIDGETS}?watch=1&resourceVersion=${await present()}&allowWatchBookmarks=true&timeoutSeconds=1`);
    const other = (await client.post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: fresh('node') } })).body;
    const events = await watch.rest();
    expect(events.map(({ type, object }) => [type, object['kind'], object['metadata'].resourceVersion])).toEqual([
      ['BOOKMARK', 'Widget', other['metadata'].resourceVersion],
    ]);
  });
});

describe('the audit log', () => {
  test('has every accepted write: who, what, which version came of it, with the body', async () => {
    const start = eventsOf(auditLog).length;
    const name = fresh();
    const created = (await client.post(WIDGETS, widget(name))).body;
    const patched = (await client.merge(`${WIDGETS}/${name}/status`, { status: { phase: 'A' } })).body;
    await client.merge(`${WIDGETS}/${name}/status`, { status: { phase: 'A' } });
    await client.post(WIDGETS, widget(name));
    await client.post(`${WIDGETS}?dryRun=All`, widget(fresh()));
    await client.remove(`${WIDGETS}/${name}`);
    const ref = {
      apiGroup: 'example.com',
      apiVersion: 'v1',
      resource: 'widgets',
      namespace: 'default',
      name,
      uid: created['metadata'].uid,
    };
    const common = { kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', stage: 'ResponseComplete' };
    const by = { user: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }, userAgent: 'stories/1.0' };
    const status = { requestURI: `${WIDGETS}/${name}/status`, objectRef: { ...ref, subresource: 'status' }, responseStatus: { code: 200 } };
    const moved = { ...status, requestObject: { status: { phase: 'A' } }, responseObject: patched };
    const gone = { kind: 'Status', status: 'Success', details: { name } };
    const events = eventsOf(auditLog).slice(start);
    expect(events).toMatchObject([
      { ...common, ...by, verb: 'create', requestURI: WIDGETS, objectRef: ref, responseStatus: { code: 201 }, responseObject: created },
      { ...common, ...by, verb: 'patch', ...moved },
      { ...common, ...by, verb: 'patch', ...moved },
      {
        ...common,
        ...by,
        verb: 'delete',
        requestURI: `${WIDGETS}/${name}`,
        objectRef: ref,
        responseStatus: { code: 200 },
        responseObject: gone,
      },
    ]);
    expect(events[0]?.requestObject).toMatchObject({ metadata: { name }, spec: { size: 3 } });
    expect(events[3]).not.toHaveProperty('requestObject');
  });

  test('has no content of Secrets', async () => {
    const name = fresh('secret');
    await client.post('/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      stringData: { a: 'very-secret' },
    });
    expect(eventsOf(auditLog).at(-1)).toMatchObject({ level: 'Metadata', objectRef: { resource: 'secrets', name } });
    expect(readFileSync(auditLog, 'utf8')).not.toContain('very-secret');
  });
});

describe('the counters', () => {
  test('tell requests by verb, resource and client; watches stand apart', async () => {
    const before = { lists: sim.requests.count({ verb: 'list', resource: 'widgets' }), all: sim.requests.count({ userAgent: 'stories/' }) };
    const watches = sim.requests.count({ verb: 'watch' });
    await client.get(WIDGETS);
    await client.get(`${WIDGETS}/none`);
    const watch = await client.watch(`${WIDGETS}?watch=true&timeoutSeconds=1`);
    watch.stop();
    expect(sim.requests.count({ verb: 'list', resource: 'widgets' })).toBe(before.lists + 1);
    expect(sim.requests.count({ userAgent: 'stories/' })).toBe(before.all + 2);
    expect(sim.requests.count({ verb: 'watch' })).toBe(watches + 1);
    expect(sim.requests.count({ userAgent: 'another/' })).toBe(0);
  });
});
