/** State that outlives the process. */
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeSim } from '../src/index.ts';
import { embedded, fresh, widget, WIDGETS } from './server.ts';
import type { Client } from './client.ts';

let dataDir: string;
let sim: KubeSim;
let client: Client;
const start = async () => ({ sim, client } = await embedded({ dataDir }));
const stop = async () => {
  client.close();
  await sim.close();
};
const restart = async () => {
  await stop();
  await start();
};
const version = (object: { metadata: { resourceVersion: string } }) => Number(object.metadata.resourceVersion);

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'kube-sim-data-'));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(dataDir, { recursive: true });
});

describe('a server that starts again with its folder', () => {
  test('has every object as it was, none that was deleted, and versions that go on', async () => {
    const [kept, gone] = [fresh(), fresh()];
    await client.post(WIDGETS, widget(kept));
    await client.post(WIDGETS, widget(gone));
    await client.remove(`${WIDGETS}/${gone}`);
    const before = (await client.merge(`${WIDGETS}/${kept}`, { spec: { size: 7 } })).body;
    const last = version((await client.get(WIDGETS)).body as never);
    await restart();
    expect((await client.get(`${WIDGETS}/${kept}`)).body).toEqual(before);
    expect((await client.get(`${WIDGETS}/${gone}`)).code).toBe(404);
    expect(version((await client.get(WIDGETS)).body as never)).toBeGreaterThanOrEqual(last);
    expect(version((await client.post(WIDGETS, widget(fresh()))).body as never)).toBeGreaterThan(last);
  });

  test('keeps its CA and its service-account tokens', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await client.post(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' } });
    const { body } = await client.post(`${accounts}/a/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} });
    const { caPem } = sim;
    await restart();
    expect(sim.caPem).toBe(caPem);
    expect((await client.get(WIDGETS, { token: body['status'].token as string })).code).toBe(200);
    expect(statSync(join(dataDir, 'keys.json')).mode & 0o777).toBe(0o600);
  });

  test('collects by owner what was there before', async () => {
    const owner = (await client.post(WIDGETS, widget(fresh()))).body['metadata'];
    const name = fresh();
    const ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: owner.name, uid: owner.uid }];
    await client.post(WIDGETS, widget(name, {}, { ownerReferences }));
    await restart();
    const watch = await client.watch(`${WIDGETS}?watch=1&resourceVersion=${(await client.get(WIDGETS)).body['metadata'].resourceVersion}`);
    await client.remove(`${WIDGETS}/${owner.name}`);
    expect([(await watch.next()).object['metadata'].name, (await watch.next()).object['metadata'].name]).toEqual([owner.name, name]);
    watch.stop();
  });

  test('a watch from the last version goes on, one from an older version gets 410', async () => {
    const old = (await client.get(WIDGETS)).body['metadata'].resourceVersion as string;
    const last = (await client.post(WIDGETS, widget(fresh()))).body['metadata'].resourceVersion as string;
    await restart();
    const name = fresh();
    const present = await client.watch(`${WIDGETS}?watch=1&resourceVersion=${last}`);
    const expired = await client.watch(`${WIDGETS}?watch=1&resourceVersion=${old}`);
    expect(await expired.rest()).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
    await client.post(WIDGETS, widget(name));
    expect((await present.next()).object['metadata'].name).toBe(name);
    present.stop();
  });

  test('half a line at the end of the log is a change that was never answered', async () => {
    const name = fresh();
    await client.post(WIDGETS, widget(name));
    await stop();
    appendFileSync(join(dataDir, 'state.jsonl'), '{"collection":"example.com/widgets","re');
    await start();
    expect((await client.get(`${WIDGETS}/${name}`)).code).toBe(200);
  });

  test('bootstrap tokens sign cluster-info again', async () => {
    const data = (text: string) => Buffer.from(text).toString('base64');
    await client.post('/api/v1/namespaces/kube-system/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'bootstrap.kubernetes.io/token',
      metadata: { name: 'bootstrap-token-abcdef' },
      data: { 'token-id': data('abcdef'), 'token-secret': data('0123456789abcdef'), 'usage-bootstrap-signing': data('true') },
    });
    await restart();
    const info = (await client.get('/api/v1/namespaces/kube-public/configmaps/cluster-info')).body['data'] as Record<string, string>;
    expect(Object.keys(info)).toEqual(['kubeconfig', 'jws-kubeconfig-abcdef']);
    expect(info['kubeconfig']).toContain(sim.url);
  });
});
