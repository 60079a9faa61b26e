import { describe, expect, test } from '@jest/globals';
import type { Body, Client } from '../client.ts';
import { fresh } from '../server.ts';

const NS = '/api/v1/namespaces/default';

export function coreStories(client: () => Client): void {
  const make = async (plural: string, kind: string, more: Body = {}, metadata: Body = {}) => {
    const name = fresh(plural);
    const { code, body } = await client().post(`${NS}/${plural}`, { apiVersion: 'v1', kind, metadata: { name, ...metadata }, ...more });
    return { name, path: `${NS}/${plural}/${name}`, code, body };
  };

  describe('built-in kinds', () => {
    test('the first namespaces are there and active', async () => {
      for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
        expect((await client().get(`/api/v1/namespaces/${name}`)).body).toMatchObject({
          metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
          spec: { finalizers: ['kubernetes'] },
          status: { phase: 'Active' },
        });
    });

    test('stringData of a Secret becomes data, its type is fixed', async () => {
      const { path, body } = await make('secrets', 'Secret', { stringData: { a: 'b' }, data: { c: 'ZA==' } });
      expect(body).toMatchObject({ type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } });
      expect(body).not.toHaveProperty('stringData');
      expect((await client().merge(path, { type: 'other' })).body).toMatchObject({ code: 422 });
      expect((await client().merge(path, { data: { c: null } })).body['data']).toEqual({ a: 'Yg==' });
    });

    test('what is immutable stays', async () => {
      const { path } = await make('configmaps', 'ConfigMap', { data: { a: 'b' }, immutable: true });
      expect((await client().merge(path, { data: { a: 'c' } })).body).toMatchObject({ code: 422, reason: 'Invalid' });
      expect((await client().merge(path, { metadata: { labels: { x: 'y' } } })).code).toBe(200);
    });

    test('a Node keeps the status that it is created with, has no generation, and is told apart from its status', async () => {
      const name = fresh('node');
      const status = { conditions: [{ type: 'Ready', status: 'True' }] };
      const { body } = await client().post('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name }, status });
      expect(body['status']).toMatchObject(status);
      expect(body['metadata'].generation).toBeUndefined();
      const patched = await client().merge(`/api/v1/nodes/${name}`, { spec: { unschedulable: true } });
      expect(patched.body).toMatchObject({ spec: { unschedulable: true }, status });
    });

    test('a Pod starts Pending whatever it says, and stays on its node', async () => {
      const spec = { containers: [{ name: 'c', image: 'i' }], nodeName: 'n1', serviceAccountName: 'a' };
      const { path, body } = await make('pods', 'Pod', { spec, status: { phase: 'Running' } });
      expect(body).toMatchObject({ spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 }, status: { phase: 'Pending' } });
      expect((await client().merge(path, { spec: { nodeName: 'n2' } })).code).toBe(422);
      expect((await client().merge(`${path}/status`, { status: { phase: 'Running' } })).body['status'].phase).toBe('Running');
    });

    test('one event under two APIs, found by what it is about', async () => {
      const uid = fresh('uid');
      const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p', uid };
      const { name, body } = await make('events', 'Event', {
        involvedObject,
        reason: 'R',
        message: 'm',
        type: 'Normal',
        count: 2,
        source: { component: 'c' },
      });
      expect(body['kind']).toBe('Event');
      const other = await client().get(`/apis/events.k8s.io/v1/namespaces/default/events/${name}`);
      expect(other.body).toMatchObject({
        apiVersion: 'events.k8s.io/v1',
        regarding: involvedObject,
        note: 'm',
        deprecatedCount: 2,
        deprecatedSource: { component: 'c' },
      });
      const found = await client().get(`${NS}/events?fieldSelector=involvedObject.uid=${uid},involvedObject.kind=Pod`);
      expect(found.body['items']).toHaveLength(1);
      const elsewhere = await make('events', 'Event', { involvedObject: { ...involvedObject, namespace: 'kube-system' } });
      expect(elsewhere.code).toBe(422);
    });

    test('a Lease is renewed by its version', async () => {
      const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
      const name = fresh('lease');
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name },
        spec: { holderIdentity: 'a', leaseDurationSeconds: 15 },
      };
      const { body } = await client().post(path, lease);
      const renewed = { ...body, spec: { ...body['spec'], holderIdentity: 'b' } };
      expect((await client().put(`${path}/${name}`, renewed)).body['spec'].holderIdentity).toBe('b');
      expect((await client().put(`${path}/${name}`, renewed)).code).toBe(409);
    });

    test.each([
      ['Deployment', 'deployments', 1],
      ['DaemonSet', 'daemonsets', undefined],
    ])('a %s has a generation and no status of its own making', async (kind, plural, replicas) => {
      const path = `/apis/apps/v1/namespaces/default/${plural}`;
      const labels = { app: 'x' };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
      const { code, body } = await client().post(path, {
        apiVersion: 'apps/v1',
        kind,
        metadata: { name: fresh('workload') },
        spec: { selector: { matchLabels: labels }, template },
      });
      expect([code, body['metadata'].generation, body['spec'].replicas]).toEqual([201, 1, replicas]);
    });
  });

  describe('service accounts', () => {
    const AUDIENCE = 'dpf-provisioning-agent';
    const request = (path: string, spec: Body) =>
      client().post(`${path}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
    const review = async (token: string, audiences?: string[]) =>
      (
        await client().post('/apis/authentication.k8s.io/v1/tokenreviews', {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token, audiences },
        })
      ).body['status'] as Body;
    const agent = async (serviceAccountName: string) =>
      make('pods', 'Pod', { spec: { containers: [{ name: 'c', image: 'i' }], nodeName: 'n1', serviceAccountName } });

    test('a token bound to a Pod says who, in which Pod, on which node, for which audience', async () => {
      const account = await make('serviceaccounts', 'ServiceAccount');
      const pod = await agent(account.name);
      const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: pod.name, uid: pod.body['metadata'].uid };
      const { code, body } = await request(account.path, { audiences: [AUDIENCE], expirationSeconds: 3600, boundObjectRef });
      expect(code).toBe(201);
      const left = Date.parse(body['status'].expirationTimestamp) - Date.now();
      expect(left).toBeGreaterThan(3_500_000);
      const status = await review(body['status'].token, [AUDIENCE]);
      expect(status).toMatchObject({
        authenticated: true,
        audiences: [AUDIENCE],
        user: {
          username: `system:serviceaccount:default:${account.name}`,
          uid: account.body['metadata'].uid,
          groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
          extra: {
            'authentication.kubernetes.io/pod-name': [pod.name],
            'authentication.kubernetes.io/pod-uid': [pod.body['metadata'].uid],
            'authentication.kubernetes.io/node-name': ['n1'],
          },
        },
      });
      expect(await review(body['status'].token, ['another'])).toMatchObject({ error: expect.stringContaining('audience') });
      expect((await review(body['status'].token)).authenticated ?? false).toBe(false);
    });

    test('a token dies with its Pod, and with its account', async () => {
      const account = await make('serviceaccounts', 'ServiceAccount');
      const pod = await agent(account.name);
      const bound = await request(account.path, {
        audiences: [AUDIENCE],
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: pod.name },
      });
      const free = await request(account.path, { audiences: [AUDIENCE] });
      await client().remove(pod.path, { gracePeriodSeconds: 0 });
      // A real server remembers a good token for some seconds.
      const dead = async (token: string) => {
        while ((await review(token, [AUDIENCE])).authenticated) await new Promise((resolve) => setTimeout(resolve, 100));
      };
      await dead(bound.body['status'].token);
      expect(await review(free.body['status'].token, [AUDIENCE])).toMatchObject({ authenticated: true });
      await client().remove(account.path);
      await dead(free.body['status'].token);
    }, 30_000);

    test('a token is refused for a Pod that is not there, is another, or runs as another account', async () => {
      const account = await make('serviceaccounts', 'ServiceAccount');
      const pod = await agent('somebody-else');
      const ref = (name: string, uid?: string) => ({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, ...(uid && { uid }) } });
      expect((await request(account.path, ref('none'))).code).toBe(404);
      expect((await request(account.path, ref(pod.name))).code).toBe(400);
      const own = await agent(account.name);
      expect((await request(account.path, ref(own.name, 'another'))).code).toBe(409);
      expect((await request(account.path, { expirationSeconds: 10 })).code).toBe(422);
      expect((await request(`${NS}/serviceaccounts/none`, {})).code).toBe(404);
    });

    test('what is no token is not authenticated', async () => {
      expect((await review('garbage')).authenticated ?? false).toBe(false);
    });

    test('who am I, may I', async () => {
      const self = await client().post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      });
      expect(self.body['status'].userInfo.groups).toEqual(expect.arrayContaining(['system:masters', 'system:authenticated']));
      const { code, body } = await client().post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'list', resource: 'nodes' } },
      });
      expect([code, body['status'].allowed]).toEqual([201, true]);
    });
  });
}
