import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject, Node, Secret } from '@dpf/api';
import { connect, CORE, type Cluster } from '@dpf/kube';
import { clientKubeconfig } from '@dpf/pki';
import { knownAssets, startControlPlane, type ControlPlane } from '../src/index.ts';
import { bootstrapToken, SIGNING_REQUEST, signingRequest, type SigningRequest } from './joining.ts';

const assets = knownAssets();
const folder = 'folder' in assets ? assets.folder : '';
const real = folder ? describe : describe.skip;

const isRunning = (pid: number) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** Waits for what a process brings about by itself; 20 s at most. */
async function eventually<R>(what: string, look: () => R | Promise<R>): Promise<NonNullable<R>> {
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`it never came to pass: ${what}`);
  }
}

real('a host and a tenant control plane, side by side', () => {
  let host: ControlPlane;
  let tenant: ControlPlane;
  const open: Cluster[] = [];
  const as = async (kubeconfig: string) => {
    const cluster = await connect({ kubeconfig, userAgent: 'story/1' });
    open.push(cluster);
    return cluster;
  };
  beforeAll(async () => {
    [host, tenant] = (await Promise.all(['host', 'tenant'].map((name) => startControlPlane({ assets: folder, name })))) as [
      ControlPlane,
      ControlPlane,
    ];
  }, 90_000);
  afterAll(async () => {
    await Promise.all(open.map((cluster) => cluster.close()));
    await Promise.all([host?.stop(), tenant?.stop()]);
  });

  test('a service account without a role is known and may read nothing', async () => {
    const kubeconfig = await host.kubeconfigFor('default/default');
    await expect((await as(kubeconfig)).resource(CORE.Secret).list({ namespace: 'default' })).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining('system:serviceaccount:default:default'),
    });
  });

  test('there is no token for a service account that does not exist', async () => {
    await expect(host.kubeconfigFor('default/nobody')).rejects.toThrow(/serviceaccounts \\"nobody\\" not found/);
    await expect(host.kubeconfigFor('nobody')).rejects.toThrow('say <namespace>/<name>');
  });

  test('a machine joins by a bootstrap token: signed cluster-info, a request that is approved, a certificate for its own Node only', async () => {
    const admin = await as(tenant.adminKubeconfig);
    await admin.resource<Secret>(CORE.Secret).create(bootstrapToken('abcdef', '0123456789abcdef'));
    await eventually('cluster-info is signed by the token', async () => {
      const info = await admin
        .resource<KubeObject & { data: Record<string, string> }>(CORE.ConfigMap)
        .get({ namespace: 'kube-public', name: 'cluster-info' });
      return info?.data['jws-kubeconfig-abcdef'];
    });

    const known = JSON.parse(await tenant.kubeconfigFor('default/default'));
    known.users[0].user = { token: 'abcdef.0123456789abcdef' };
    const machine = await as(JSON.stringify(known));
    const { request, keyPem } = await signingRequest('dpu-1');
    await machine.resource<SigningRequest>(SIGNING_REQUEST).create(request);
    const certPem = await eventually('the certificate is issued', async () => {
      const { status } = (await machine.resource<SigningRequest>(SIGNING_REQUEST).get({ name: request.metadata.name! }))!;
      return status?.certificate && Buffer.from(status.certificate, 'base64').toString();
    });

    const node = await as(clientKubeconfig(tenant.url, tenant.caPem, { certPem, keyPem }));
    const nodes = node.resource<Node>(CORE.Node);
    await nodes.create({ metadata: { name: 'dpu-1' } });
    await expect(nodes.create({ metadata: { name: 'dpu-2' } })).rejects.toMatchObject({ code: 403 });
  });

  test('what was written, who is known and who watches outlive a restart and a crash of the API server', async () => {
    const admin = await as(host.adminKubeconfig);
    const maps = admin.resource(CORE.ConfigMap);
    const { uid } = (await maps.create({ metadata: { name: 'kept', namespace: 'default' } })).metadata;
    const account = await as(await host.kubeconfigFor('default/default'));
    let answeredWhileDown = true;
    await host.restart({
      signal: 'SIGKILL',
      meanwhile: async () => {
        answeredWhileDown = await admin.version().then(
          () => true,
          () => false,
        );
      },
    });
    expect(answeredWhileDown).toBe(false);
    expect((await maps.get({ namespace: 'default', name: 'kept' }))?.metadata.uid).toBe(uid);
    await expect(account.resource(CORE.Secret).list({ namespace: 'default' })).rejects.toMatchObject({ code: 403 });
  });

  test('the audit log tells bodies of writes to Nodes, nothing of Secrets but who asked, and nothing of the control plane itself', async () => {
    const admin = await as(host.adminKubeconfig);
    await admin.resource<Node>(CORE.Node).create({ metadata: { name: 'worker', labels: { told: 'yes' } } });
    await admin
      .resource<Secret>(CORE.Secret)
      .create({ metadata: { name: 'hidden', namespace: 'default' }, stringData: { a: 'secret word' } } as KubeObject as Secret);
    const text = readFileSync(host.auditLog, 'utf8');
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const of = (resource: string, name: string) =>
      events.filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === resource && (objectRef.name ?? name) === name);
    expect(of('nodes', 'worker')).toMatchObject([
      {
        level: 'RequestResponse',
        userAgent: 'story/1',
        requestObject: { metadata: { labels: { told: 'yes' } } },
        responseStatus: { code: 201 },
      },
    ]);
    expect(of('secrets', 'hidden')).toMatchObject([{ level: 'Metadata', responseStatus: { code: 201 } }]);
    expect(text).not.toContain('secret word');
    expect(events.filter(({ user }) => /^system:(apiserver|kube-controller-manager)$/.test(user.username))).toEqual([]);
  });
});

real('the end of a control plane', () => {
  test('a stop leaves no process and no folder, and may be asked for twice', async () => {
    const plane = await startControlPlane({ assets: folder, controllers: false });
    const pids = plane.pids();
    expect(pids).toHaveLength(2);
    await plane.stop();
    await plane.stop();
    expect([pids.filter(isRunning), existsSync(plane.folder)]).toEqual([[], false]);
  });

  test('a program that ends at the start is told with its words, and leaves nothing', async () => {
    const start = startControlPlane({ assets: folder, name: 'broken', controllers: false, auditPolicy: { kind: 'Nonsense' } });
    await expect(start).rejects.toThrow(/a program ended with exit code 1:[^]*audit policy/i);
  });

  test('a parent that is killed leaves no process and no folder', async () => {
    const script = `
      import { startControlPlane } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
      const plane = await startControlPlane({ assets: ${JSON.stringify(folder)}, controllers: false });
      console.log(JSON.stringify([plane.pids(), plane.folder]));
      setInterval(() => undefined, 1000);`;
    const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout! }), 'line')) as [string];
    const [pids, place] = JSON.parse(line) as [number[], string];
    expect(pids.filter(isRunning)).toEqual(pids);
    parent.kill('SIGKILL');
    await eventually('its children are gone', () => !pids.some(isRunning) && !existsSync(place));
  });
});
