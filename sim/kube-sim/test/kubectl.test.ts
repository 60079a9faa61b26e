/** The real kubectl on our kinds: what a user types in the demo. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { helmPath, kubectlPath } from '../../../hack/kubectl.ts';
import type { KubeSim } from '../src/index.ts';
import type { Body, Client } from './client.ts';
import { WIDGETS, embedded, fresh, widget } from './server.ts';

const CRDS = join(import.meta.dirname, '../../../crds');
const run = promisify(execFile);

let sim: KubeSim;
let client: Client;
let binary: string;
const home = mkdtempSync(join(tmpdir(), 'kube-sim-kubectl-'));
beforeAll(async () => {
  ({ sim, client } = await embedded({ crds: [join(import.meta.dirname, 'widget-crd.yaml'), CRDS] }));
  binary = await kubectlPath();
  writeFileSync(join(home, 'config'), sim.kubeconfig);
}, 60_000);
afterAll(async () => {
  client.close();
  await sim.close();
  rmSync(home, { recursive: true });
});

/** Runs kubectl and returns what it prints; throws with what it says when it fails. */
const kubectl = async (...argv: string[]): Promise<string> =>
  (await run(binary, argv, { env: { HOME: home, KUBECONFIG: join(home, 'config'), KUBECACHEDIR: join(home, 'cache') } })).stdout;
const fails = async (...argv: string[]): Promise<string> => {
  try {
    return `it does not fail: ${await kubectl(...argv)}`;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
};
const file = (object: Body): string => {
  const path = join(home, `${fresh('file')}.yaml`);
  writeFileSync(path, stringify(object));
  return path;
};
const made = async (spec: Body = {}): Promise<string> => {
  const name = fresh();
  await client.post(WIDGETS, widget(name, spec));
  return name;
};

describe('apply', () => {
  test('creates, says when nothing changed, and configures', async () => {
    const name = fresh();
    const tags = ['a'];
    expect(await kubectl('apply', '-f', file(widget(name, { tags })))).toBe(`widget.example.com/${name} created\n`);
    expect(await kubectl('apply', '-f', file(widget(name, { tags })))).toBe(`widget.example.com/${name} unchanged\n`);
    expect(await kubectl('apply', '-f', file(widget(name, { tags: ['b'], size: 5 })))).toBe(`widget.example.com/${name} configured\n`);
    expect((await client.get(`${WIDGETS}/${name}`)).body['spec']).toEqual({ size: 5, color: 'red', tags: ['b'] });
  });

  test('names a field that the kind does not have', async () => {
    expect(await fails('apply', '-f', file(widget(fresh(), { bogus: 1 })))).toContain('strict decoding error: unknown field "spec.bogus"');
  });

  test('--server-side, also over an object that was applied by the client before, with conflicts', async () => {
    const name = fresh();
    await kubectl('apply', '-f', file(widget(name)));
    expect(await kubectl('apply', '--server-side', '-f', file(widget(name, { size: 4 })))).toBe(
      `widget.example.com/${name} serverside-applied\n`,
    );
    const other = file(widget(name, { size: 5 }));
    expect(await fails('apply', '--server-side', '--field-manager=other', '-f', other)).toContain('conflict with "kubectl"');
    await kubectl('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', other);
    expect((await client.get(`${WIDGETS}/${name}`)).body['spec'].size).toBe(5);
  });

  test('a Node is patched with a strategic merge', async () => {
    const name = fresh('node');
    const node = (labels: Body) => file({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
    await kubectl('apply', '-f', node({ a: '1', b: '2' }));
    expect(await kubectl('apply', '-f', node({ a: '1' }))).toBe(`node/${name} configured\n`);
    expect((await client.get(`/api/v1/nodes/${name}`)).body['metadata'].labels).toEqual({ a: '1' });
    await kubectl('taint', 'node', name, 'k=v:NoSchedule');
    expect((await client.get(`/api/v1/nodes/${name}`)).body['spec'].taints).toEqual([{ key: 'k', value: 'v', effect: 'NoSchedule' }]);
  });

  test('the founding document, unchanged', async () => {
    await client.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'dpf-provisioning' } });
    const out = await kubectl('apply', '-f', join(CRDS, 'samples', 'founding-document.yaml'));
    expect(out.trim().split('\n')).toEqual(
      out
        .trim()
        .split('\n')
        .map(() => expect.stringMatching(/ created$/)),
    );
    const get = async (kind: string) => (await kubectl('get', kind, '-A')).split('\n')[0]!.split(/\s{2,}/);
    expect(await get('bfb')).toEqual(['NAMESPACE', 'NAME', 'PHASE', 'PROGRESS', 'VERSION', 'SIZE', 'AGE']);
    expect(await kubectl('get', 'dpf', '-A')).toContain('dpuset.provisioning.dpu.nvidia.com/');
  });
});

describe('get', () => {
  test('shows our columns, and the wide ones where asked', async () => {
    const name = await made();
    await client.merge(`${WIDGETS}/${name}/status`, { status: { phase: 'A' } });
    expect(await kubectl('get', 'wd', name)).toMatch(new RegExp(`^NAME +SIZE +PHASE +READY +AGE\n${name} +3 +A +\\d+s\n$`));
    expect(await kubectl('get', 'widgets.v1.example.com', name, '-o', 'wide')).toMatch(/COLOR[^]*red/);
  });

  test('-o yaml', async () => {
    expect(await kubectl('get', 'wd', await made(), '-o', 'yaml')).toMatch(/^apiVersion: example.com\/v1\nkind: Widget\n/);
  });

  test('--watch follows', async () => {
    const name = await made();
    const watch = run(binary, ['get', 'wd', name, '-w', '--output-watch-events', '--request-timeout=2s', '--no-headers'], {
      env: { HOME: home, KUBECONFIG: join(home, 'config') },
    }).catch((error: unknown) => error as { stdout: string });
    while (sim.openWatches() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await client.merge(`${WIDGETS}/${name}`, { spec: { size: 7 } });
    await client.remove(`${WIDGETS}/${name}`);
    const lines = (await watch).stdout.trim().split('\n');
    expect(lines.map((line) => line.split(/\s+/).slice(0, 3))).toEqual([
      ['ADDED', name, '3'],
      ['MODIFIED', name, '7'],
      ['DELETED', name, '7'],
    ]);
  });
});

describe('the rest', () => {
  test('describe shows the object and its events', async () => {
    const name = await made();
    const { body } = await client.get(`${WIDGETS}/${name}`);
    const { uid } = body['metadata'];
    const involvedObject = { apiVersion: 'example.com/v1', kind: 'Widget', namespace: 'default', name, uid };
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'e-' },
      involvedObject,
      reason: 'Painted',
      message: 'it is red now',
      type: 'Normal',
    };
    await client.post('/api/v1/namespaces/default/events', event);
    const out = await kubectl('describe', 'wd', name);
    expect(out).toMatch(/Color: +red/);
    expect(out).toMatch(/Painted[^]*it is red now/);
    expect(await kubectl('events', `--for=widget/${name}`)).toContain('it is red now');
  });

  test('explain reads the schema', async () => {
    expect(await kubectl('explain', 'widgets.spec.size')).toContain('How large.');
    expect(await kubectl('explain', 'dpu.status.waitingFor')).toMatch(/FIELD: waitingFor <string>/);
    expect(await kubectl('explain', 'node')).toContain('Node is a worker node');
  });

  test('wait sees a condition and a deletion', async () => {
    const name = await made();
    const ready = kubectl('wait', `wd/${name}`, '--for=condition=Ready', '--timeout=10s');
    await client.merge(`${WIDGETS}/${name}/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    expect(await ready).toContain('condition met');
    const gone = kubectl('wait', `wd/${name}`, '--for=delete', '--timeout=10s');
    await client.remove(`${WIDGETS}/${name}`);
    await gone;
  });

  test('patch, also of the status, label, delete', async () => {
    const name = await made();
    await kubectl('patch', 'wd', name, '--type=merge', '-p', '{"spec":{"size":6}}');
    await kubectl('patch', 'wd', name, '--type=json', '-p', '[{"op":"replace","path":"/spec/color","value":"green"}]');
    await kubectl('patch', 'wd', name, '--subresource=status', '--type=merge', '-p', '{"status":{"phase":"B"}}');
    await kubectl('label', 'wd', name, 'a=b');
    const { body } = await client.get(`${WIDGETS}/${name}`);
    expect(body).toMatchObject({
      metadata: { labels: { a: 'b' } },
      spec: { size: 6, color: 'green' },
      status: { phase: 'B' },
    });
    expect(await kubectl('delete', 'wd', name)).toContain('deleted');
    expect(await fails('get', 'wd', name)).toContain(`Error from server (NotFound): widgets.example.com "${name}" not found`);
  });

  test('diff shows what an apply would change', async () => {
    const name = await made();
    await expect(
      run(binary, ['diff', '-f', file(widget(name, { size: 9 }))], {
        env: { ...process.env, HOME: home, KUBECONFIG: join(home, 'config') },
      }),
    ).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('+  size: 9'),
    });
  });

  test('api-resources and version', async () => {
    expect(await kubectl('api-resources', '--categories=dpf', '-o', 'name')).toContain('dpus.provisioning.dpu.nvidia.com');
    expect(await kubectl('version')).toMatch(/Server Version: v1\.\d+/);
  });

  test.each([
    ['namespace', ['create', 'namespace', 'made-by-kubectl'], '/api/v1/namespaces/made-by-kubectl', {}],
    ['configmap', ['create', 'configmap', 'cm', '--from-literal=a=b'], '/api/v1/namespaces/default/configmaps/cm', { data: { a: 'b' } }],
    [
      'secret',
      ['create', 'secret', 'generic', 's', '--from-literal=a=b'],
      '/api/v1/namespaces/default/secrets/s',
      { data: { a: 'Yg==' }, type: 'Opaque' },
    ],
  ])('create %s', async (_kind, argv, path, expected) => {
    await kubectl(...argv);
    expect((await client.get(path)).body).toMatchObject(expected);
  });

  test('helm installs, upgrades and uninstalls a release', async () => {
    const chart = join(home, 'chart');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), stringify({ apiVersion: 'v2', name: 'chart', version: '0.1.0' }));
    const data = { value: '{{ .Values.value }}' };
    writeFileSync(
      join(chart, 'templates', 'cm.yaml'),
      stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'released' }, data }),
    );
    const tool = await helmPath();
    const helm = (...argv: string[]) => run(tool, argv, { env: { HOME: home, KUBECONFIG: join(home, 'config') } });
    const path = '/api/v1/namespaces/default/configmaps/released';
    await helm('install', 'release', chart, '--set', 'value=one');
    expect((await client.get(path)).body['data']).toEqual({ value: 'one' });
    await helm('upgrade', 'release', chart, '--set', 'value=two');
    expect((await client.get(path)).body['data']).toEqual({ value: 'two' });
    await helm('uninstall', 'release');
    expect((await client.get(path)).code).toBe(404);
  }, 30_000);

  test('create token, auth whoami', async () => {
    await kubectl('create', 'serviceaccount', 'robot');
    const token = (await kubectl('create', 'token', 'robot', '--duration=15m')).trim();
    expect(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('kubernetes-admin');
    expect((await client.get('/api/v1/nodes', { token })).code).toBe(200);
  });
});
