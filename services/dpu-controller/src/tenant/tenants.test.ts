/** Tenant clusters, with two API servers: the host's, which holds the kubeconfigs, and the tenant's. */
import type { KubeObject, Node, Secret } from '@dpf/api';
import { connect, connectTo, CORE, type Cluster } from '@dpf/kube';
import { onBothApis, type ApiServer } from '@dpf/kube-sim/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TenantFacts } from '../lifecycle/observed.ts';
import type { TenantClusters, TenantUser } from '../ports.ts';
import { createTenantClusters } from './tenants.ts';

const CLUSTER = { name: 'tenant-00', namespace: 'tenant-00-ns' };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Math.floor(Date.now() / 1000) * 1000;
let [host, tenant]: ApiServer[] = [];
let hostApi: Cluster;
let tenantApi: Cluster;
let tenants: TenantClusters;
let time = START;
let users = 0;
let user: TenantUser;

const secretOf = (kubeconfig: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'tenant-00-admin-kubeconfig', namespace: CLUSTER.namespace },
  data: { 'admin.conf': Buffer.from(kubeconfig).toString('base64') },
});
const putKubeconfig = async (kubeconfig: string) => {
  const secrets = hostApi.resource<Secret>(CORE.Secret);
  await secrets.delete({ name: 'tenant-00-admin-kubeconfig', namespace: CLUSTER.namespace });
  await secrets.create(secretOf(kubeconfig));
};
const aNode = (labels: Record<string, string> = {}): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: user.name, labels } });
const nodes = () => tenantApi.resource<Node>(CORE.Node);
const tokens = async () => (await tenantApi.resource<Secret>(CORE.Secret).list({ namespace: 'kube-system' })).items;
const markReady = () =>
  nodes().patchStatus(
    { name: user.name },
    { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }] } },
  );

/** Observes until it is so; every look follows an event of the tenant or the host. */
async function until(matches: (facts: TenantFacts) => boolean): Promise<TenantFacts> {
  for (;;) {
    const event = Promise.withResolvers<void>();
    const unsubscribe = tenants.onNodeEvent(() => event.resolve());
    const facts = await tenants.observe(CLUSTER, user);
    if (matches(facts)) return (unsubscribe(), facts);
    await event.promise.finally(unsubscribe);
  }
}

onBothApis((name, startApi, kind) => {
  describe(`on ${name}`, () => {
    beforeAll(async () => {
      [host, tenant] = await Promise.all([startApi(), startApi({ clock: () => new Date(time) })]);
      hostApi = await connect({ kubeconfig: host!.kubeconfig, userAgent: 'test' });
      tenantApi = await connect({ kubeconfig: tenant!.kubeconfig, userAgent: 'test' });
      await hostApi.resource(CORE.Namespace).create({ metadata: { name: CLUSTER.namespace } });
    }, 90_000);
    beforeEach(async () => {
      await putKubeconfig(tenant!.kubeconfig);
      time = START;
      users++;
      user = { namespace: 'dpf', name: `w${users}-0000-4b-00`, uid: `uid-${users}` };
      tenants = createTenantClusters({
        host: hostApi,
        grants: [{ namespace: CLUSTER.namespace, usableFrom: ['dpf'] }],
        userAgent: 'dpu-controller/test',
        now: () => time,
      });
    });
    afterEach(() => tenants.close());
    afterAll(async () => {
      await Promise.all([hostApi?.close(), tenantApi?.close()]);
      await Promise.all([host?.close(), tenant?.close()]);
    });

    describe('what is observed', () => {
      test('a cluster in use: its uid, and the Node with the Dpu’s name as soon as it is there and whenever it changes', async () => {
        const system = await tenantApi.resource<KubeObject>(CORE.Namespace).get({ name: 'kube-system' });
        expect(await tenants.observe(CLUSTER, user)).toEqual({ state: 'Reachable', clusterUid: system?.metadata.uid });
        const { metadata } = await nodes().create(aNode());
        const seen = await until((facts) => facts.state === 'Reachable' && facts.node !== undefined);
        expect(seen).toMatchObject({ node: { uid: metadata.uid, ready: false, cordoned: false } });
        await markReady();
        await until((facts) => facts.state === 'Reachable' && facts.node?.ready === true);
      });

      test('looking again asks neither API server', async () => {
        await tenants.observe(CLUSTER, user);
        const asked = () => host!.requests() + tenant!.requests();
        const before = asked();
        for (let i = 0; i < 20; i++) await tenants.observe(CLUSTER, user);
        expect(asked()).toBe(before);
      });

      test('a heartbeat of a Node is no event', async () => {
        await nodes().create(aNode());
        await markReady();
        await until((facts) => facts.state === 'Reachable' && facts.node?.ready === true);
        const heard: string[] = [];
        tenants.onNodeEvent(({ name }) => heard.push(name));
        const beat = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: '2026-01-01T00:00:10Z' };
        await nodes().patchStatus({ name: user.name }, { status: { conditions: [beat] } });
        await nodes().patch({ name: user.name }, { spec: { unschedulable: true } });
        await until((facts) => facts.state === 'Reachable' && facts.node?.cordoned === true);
        expect(heard).toEqual([user.name]);
      });

      test('no grant: nothing is read, and the chart value is named', async () => {
        const before = host!.requests();
        expect(await tenants.observe(CLUSTER, { ...user, namespace: 'other' })).toMatchObject({
          state: 'ClusterNotGranted',
          message: expect.stringContaining('tenantClusters'),
        });
        expect(host!.requests()).toBe(before);
      });

      test('no Secret, then one that is refused, then a good one: each is told to those who wait, and heals by itself', async () => {
        await hostApi.resource<Secret>(CORE.Secret).delete({ name: 'tenant-00-admin-kubeconfig', namespace: CLUSTER.namespace });
        expect(await until(({ state }) => state !== 'Reachable')).toEqual({
          state: 'ClusterNotFound',
          message: 'Secret tenant-00-ns/tenant-00-admin-kubeconfig with the admin kubeconfig does not exist',
        });
        await putKubeconfig(tenant!.kubeconfig.replace('user:\n', 'user:\n      exec: { command: sh }\n'));
        expect(await until(({ state }) => state === 'ClusterInvalid')).toMatchObject({
          message: expect.stringContaining('its user has exec'),
        });
        await putKubeconfig(tenant!.kubeconfig);
        await until(({ state }) => state === 'Reachable');
      });

      test('a server that does not answer, and one that refuses us, are facts with a sentence', async () => {
        await putKubeconfig(tenant!.kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
        expect(await tenants.observe(CLUSTER, user)).toMatchObject({
          state: 'ClusterUnreachable',
          message: expect.stringMatching(/^the API server at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/),
        });
        await putKubeconfig(await kubeconfigOfStranger());
        expect(await until(({ state }) => state === 'ClusterInvalid')).toMatchObject({
          message: expect.stringContaining('refuses the identity'),
        });
      });

      test('a cluster that is used no more is watched no more', async () => {
        const watches = async (count: number) => {
          for (let i = 0; i < 200 && tenant!.openWatches() !== count; i++) await tenantApi.version();
          return tenant!.openWatches();
        };
        expect(await watches(0)).toBe(0);
        await tenants.observe(CLUSTER, user);
        expect(await watches(1)).toBe(1);
        tenants.inUse([]);
        expect(await watches(0)).toBe(0);
      });
    });

    describe('the Node of a Dpu', () => {
      test('is cordoned, then deleted by its uid, when it bears our label', async () => {
        const { metadata } = await nodes().create(aNode({ 'provisioning.dpu.nvidia.com/dpu-uid': 'earlier' }));
        await tenants.cordonAndDeleteNode(CLUSTER, user, metadata.uid ?? '');
        expect(await nodes().get({ name: user.name })).toBeUndefined();
        const writes = tenant!
          .writes()
          .filter(({ objectRef }) => objectRef?.name === user.name)
          .map(({ verb }) => verb);
        expect(writes).toEqual(['create', 'patch', 'delete']);
        await tenants.cordonAndDeleteNode(CLUSTER, user, metadata.uid ?? '');
      });

      test('is left alone when it is another one by now, and refused when it was never ours', async () => {
        const { metadata } = await nodes().create(aNode());
        await tenants.cordonAndDeleteNode(CLUSTER, user, 'another');
        await tenants.labelNode(CLUSTER, user, 'another', { role: 'worker' });
        await expect(tenants.cordonAndDeleteNode(CLUSTER, user, metadata.uid ?? '')).rejects.toThrow('it is not ours and is not deleted');
        expect((await nodes().get({ name: user.name }))?.metadata.labels ?? {}).not.toHaveProperty('role');
        await tenants.labelNode(CLUSTER, user, metadata.uid ?? '', { role: 'worker' });
        expect((await nodes().get({ name: user.name }))?.metadata.labels).toHaveProperty('role', 'worker');
      });
    });

    describe('bootstrap tokens', () => {
      const mine = async () =>
        (await tokens()).filter(({ metadata }) => metadata.labels?.['provisioning.dpu.nvidia.com/dpu-uid'] === user.uid);
      const expiry = (secret?: Secret) => Date.parse(Buffer.from(secret?.data?.['expiration'] ?? '', 'base64').toString());
      /** As a DPU: with the token and nothing else, as far as the way to its certificate. 401 as soon as the token is worth nothing. */
      const joins = async (token: string): Promise<boolean> => {
        const dpu = connectTo({ server: tenant!.url, caData: Buffer.from(tenant!.caPem).toString('base64'), token, userAgent: 'kubeadm' });
        return dpu
          .resource({
            apiVersion: 'certificates.k8s.io/v1',
            kind: 'CertificateSigningRequest',
            plural: 'certificatesigningrequests',
            namespaced: false,
          })
          .list()
          .then(
            () => true,
            () => false,
          )
          .finally(() => dpu.close());
      };

      /** A server follows the Secrets by a watch. */
      const worth = async (token: string, something: boolean) => {
        for (let tries = 0; tries < 100 && (await joins(token)) !== something; tries++) await pause(50);
        expect(await joins(token)).toBe(something);
      };

      test('are one per attempt, the same when asked again; those of earlier attempts go', async () => {
        const first = await tenants.ensureJoin(CLUSTER, user, 1);
        expect(first).toMatchObject({ endpoint: new URL(tenant!.url).host, caCertHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
        expect(await tenants.ensureJoin(CLUSTER, user, 1)).toEqual(first);
        const second = await tenants.ensureJoin(CLUSTER, user, 2);
        expect(second.token).not.toBe(first.token);
        await worth(second.token, true);
        await worth(first.token, false);
        expect(await mine()).toHaveLength(1);
        expect((await mine())[0]).toMatchObject({ type: 'bootstrap.kubernetes.io/token' });
      });

      test('live an hour, are extended while they are waited for, and only when half of it is gone', async () => {
        const { token } = await tenants.ensureJoin(CLUSTER, user, 1);
        time += HOUR / 2 - 1000;
        await tenants.ensureJoin(CLUSTER, user, 1);
        expect(expiry((await mine())[0])).toBe(START + HOUR);
        time += 2000;
        await tenants.extendToken(CLUSTER, user, 2);
        expect(expiry((await mine())[0])).toBe(START + HOUR);
        await tenants.extendToken(CLUSTER, user, 1);
        expect((await tenants.ensureJoin(CLUSTER, user, 1)).token).toBe(token);
        expect(expiry((await mine())[0])).toBe(time + HOUR);
        // Their end is the server's to see, and the time of a real one cannot be moved.
        if (kind === 'real') return;
        time += HOUR - 1000;
        await worth(token, true);
        time += 2000;
        await worth(token, false);
      });

      test('are kept at every look, which costs a request or two per half of their life', async () => {
        await tenants.observe(CLUSTER, user);
        await tenants.ensureJoin(CLUSTER, user, 1);
        const lookUntil = async (end: number) => {
          for (; time < end; time += MINUTE) await tenants.extendToken(CLUSTER, user, 1);
          return tenant!.requests();
        };
        const before = await lookUntil(START + MINUTE);
        expect(await lookUntil(START + HOUR / 2)).toBe(before);
        expect((await lookUntil(START + 3 * HOUR)) - before).toBeLessThanOrEqual(2 * 5);
        expect(expiry((await mine())[0])).toBeGreaterThan(time + HOUR / 2 - MINUTE);
      });

      test('are not asked for again and again of a server that does not answer', async () => {
        await putKubeconfig(tenant!.kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
        await until(({ state }) => state === 'ClusterUnreachable');
        await expect(tenants.extendToken(CLUSTER, user, 1)).rejects.toMatchObject({ facts: { state: 'ClusterUnreachable' } });
      });

      test('a revoked token joins nothing', async () => {
        const { token } = await tenants.ensureJoin(CLUSTER, user, 1);
        // A real server believes for 10 s what it has verified itself.
        if (kind === 'embedded') await worth(token, true);
        await tenants.deleteToken(CLUSTER, user);
        await worth(token, false);
        expect(await mine()).toEqual([]);
        await tenants.deleteToken(CLUSTER, user);
      });

      test('a worker that extends late, after the DPU has joined, leaves nothing behind', async () => {
        await tenants.ensureJoin(CLUSTER, user, 1);
        time += HOUR / 2 + 1000;
        await tenants.deleteToken(CLUSTER, user);
        await tenants.extendToken(CLUSTER, user, 1);
        expect(await mine()).toEqual([]);
      });

      test('a cluster that cannot be used is a TenantError with the facts', async () => {
        await expect(tenants.ensureJoin({ name: 'no', namespace: CLUSTER.namespace }, user, 1)).rejects.toMatchObject({
          name: 'TenantError',
          facts: { state: 'ClusterNotFound' },
        });
      });
    });
  });
});

/** A kubeconfig whose token the tenant does not know. */
async function kubeconfigOfStranger(): Promise<string> {
  return tenant!.kubeconfig.replace(
    /user:\n\s+client-certificate-data: [^\n]*(\n {8,}[^\n]*)*\n\s+client-key-data: [^\n]*(\n {8,}[^\n]*)*/,
    'user:\n      token: nobody',
  );
}
