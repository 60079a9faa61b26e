/** What the chart renders, put before a real API server: everything is accepted as it is, and the Pods pass the Pod Security level that they should. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { knownAssets, startControlPlane, type ControlPlane } from '../../hack/control-plane/src/index.ts';
import { connectTo, type Api, type AskedResource } from './api.ts';
import { foreignCrds } from './foreign.ts';
import { notes, objects, podOf, type Rendered } from './helm.ts';
import { MATRIX } from './matrix.ts';

const assets = knownAssets('api');
const real = 'folder' in assets ? describe : describe.skip;
const foreign = 'folder' in assets ? await foreignCrds() : { skip: '' };
/** Groups of other projects: without their CRDs those objects are only rendered. */
const FOREIGN = ['cert-manager.io/', 'nfd.k8s-sigs.io/', 'security.openshift.io/', 'monitoring.coreos.com/'];
const KINDS = ['Certificate', 'Issuer', 'NodeFeatureRule', 'PodMonitor', 'SecurityContextConstraints'];
const isOurs = ({ apiVersion }: Rendered) => !FOREIGN.some((group) => apiVersion.startsWith(group));
const isCrd = ({ kind }: Rendered) => kind === 'CustomResourceDefinition';
const TENANT = { namespace: 'tenant-00-ns', usableFrom: ['*'], names: ['tenant-00'] };
const GROUP = 'provisioning.dpu.nvidia.com';

real('on a real API server', () => {
  let plane: ControlPlane;
  let api: Api;
  let defaults: Rendered[];
  let kubeconfig: string;
  const namespace = (name: string, labels: Record<string, string> = {}) =>
    api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  /** API servers may be told to admit no privileged container at all; the agent is then put before them without. */
  const accepted = (object: Rendered) =>
    api.apply(object, { dryRun: true }).catch((error: Error) => {
      const agent = podOf(object)?.containers[0];
      if (!agent || !error.message.includes('disallowed by cluster policy')) throw new Error(`${object.kind}: ${error.message}`);
      delete agent.securityContext?.['privileged'];
      return api.apply(object, { dryRun: true });
    });

  beforeAll(async () => {
    if (!('folder' in assets)) return;
    [plane, defaults] = await Promise.all([
      startControlPlane({ assets: assets.folder, name: 'chart', controllers: false }),
      objects({ values: { tenantClusters: [TENANT] } }),
    ]);
    api = await connectTo(plane);
    kubeconfig = join(plane.folder, 'chart.kubeconfig');
    writeFileSync(kubeconfig, plane.adminKubeconfig, { mode: 0o600 });
    for (const name of ['dpf-provisioning', 'dpu', 'team-a', 'team-b', 'tenant-00-ns']) await namespace(name);
    await namespace('strict', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    await api.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'strict' } });
  });
  afterAll(async () => {
    api?.close();
    await plane?.stop();
  });

  test.each(Object.keys(MATRIX))('everything rendered with %s is accepted, without a warning', async (set) => {
    const all = set === 'the defaults' ? defaults : (await objects(MATRIX[set] ?? {})).filter((object) => !isCrd(object));
    await Promise.all(all.filter(isOurs).map(accepted));
  });

  test('in a namespace of the level restricted all Pods but those that reach into hosts are admitted', async () => {
    const all = await objects({ namespace: 'strict', values: { registryMirror: { enabled: true } } });
    // Pods are judged, not workloads.
    const pods = all.flatMap(({ metadata, ...object }) => {
      const spec = podOf({ metadata, ...object });
      const admitted = spec && { ...spec, priorityClassName: undefined, serviceAccountName: 'default' };
      return admitted ? [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name, namespace: 'strict' }, spec: admitted }] : [];
    });
    const refused = await Promise.all(
      pods.map((pod) =>
        accepted(pod).then(
          () => undefined,
          (error: Error) => `${pod.metadata.name}: ${error.message}`,
        ),
      ),
    );
    expect(pods.length).toBe(10);
    expect(refused.filter((one) => one !== undefined)).toEqual([
      expect.stringMatching(/^dpf-provisioning-dms-agent: .*violates PodSecurity "restricted/),
      expect.stringMatching(/^dpf-provisioning-uninstall-hosts: .*violates PodSecurity "restricted/),
    ]);
  });

  test.each([
    ['strict', true],
    ['dpu', false],
  ])('the notes say whether namespace %s lets no agent run: %s', async (namespace, refused) => {
    const text = await notes({ namespace, cluster: kubeconfig });
    const warning = /no agent will run, for Pods of the namespace must be of the level restricted[^]*kubectl label namespace strict/;
    expect(warning.test(text)).toBe(refused);
  });

  describe('under its service account', () => {
    beforeAll(async () => {
      const rbac = defaults.filter(({ apiVersion, kind }) => apiVersion.startsWith('rbac.') || kind === 'ServiceAccount');
      await Promise.all(rbac.map((object) => api.apply(object)));
      // The authorizer follows by a watch.
      for (let tries = 0; tries < 100 && !(await may('dpu-controller', 'dpf-provisioning', 'get', { resource: 'pods' })); tries++)
        await pause(50);
    });
    const may = (service: string, where: string, verb: string, what: AskedResource) =>
      api.may(`system:serviceaccount:dpf-provisioning:dpf-provisioning-${service}`, where, verb, what);
    const own = (resource: string, subresource?: string): AskedResource => ({
      group: GROUP,
      resource,
      ...(subresource ? { subresource } : {}),
    });
    const secret = (name: string): AskedResource => ({ resource: 'secrets', name });

    test.each<[string, 'may' | 'may not', string, string, AskedResource]>([
      ['dpu-controller', 'may', 'patch', 'dpf-provisioning', own('dpus', 'status')],
      ['dpu-controller', 'may', 'patch', '', { resource: 'nodes' }],
      ['dpu-controller', 'may', 'watch', 'tenant-00-ns', secret('tenant-00-admin-kubeconfig')],
      ['dpu-controller', 'may not', 'watch', 'tenant-00-ns', secret('another')],
      ['dpu-controller', 'may not', 'get', 'tenant-00-ns', secret('another')],
      ['dpu-controller', 'may not', 'list', 'dpf-provisioning', { resource: 'secrets' }],
      ['dpu-controller', 'may not', 'get', 'dpf-provisioning', secret('dpf-provisioning-redis-bfb-downloader')],
      ['bfb-downloader', 'may not', 'get', 'dpf-provisioning', secret('dpf-provisioning-agent-api-tls')],
      ['dpu-controller', 'may not', 'create', 'dpf-provisioning', own('dpus')],
      ['dpu-controller', 'may not', 'get', 'team-a', own('dpus')],
      ['dpuset-controller', 'may', 'create', 'dpf-provisioning', own('dpus')],
      ['dpuset-controller', 'may not', 'patch', 'dpf-provisioning', own('dpus', 'status')],
      ['dpuset-controller', 'may not', 'patch', '', { resource: 'nodes' }],
      ['dpuset-controller', 'may not', 'get', 'dpf-provisioning', secret('any')],
      ['bfb-downloader', 'may', 'update', 'dpf-provisioning', own('bfbs', 'status')],
      ['bfb-downloader', 'may not', 'get', '', { resource: 'nodes' }],
      ['dms-agent', 'may not', 'get', 'dpf-provisioning', own('dpus')],
      ['dms-agent', 'may not', 'get', 'dpf-provisioning', secret('any')],
      ['dms-agent', 'may not', 'get', '', { resource: 'nodes' }],
    ])('%s %s %s in “%s” %j', async (service, expected, verb, where, what) => {
      expect((await may(service, where, verb, what)) ? 'may' : 'may not').toBe(expected);
    });
  });

  describe('of people', () => {
    const PEOPLE = ['viewer', 'operator', 'flavor-admin'];
    const subject = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });
    beforeAll(async () => {
      const roles = defaults.filter(({ kind, metadata }) => kind === 'ClusterRole' && PEOPLE.some((role) => metadata.name.endsWith(role)));
      for (const role of roles) await api.apply(role);
      for (const role of PEOPLE) {
        const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `dpf-provisioning-${role}` };
        const metadata = { name: role, namespace: 'team-b' };
        await api.apply({
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata,
          ...{ roleRef, subjects: [subject(role)] },
        });
      }
      for (
        let tries = 0;
        tries < 100 && !(await api.may('flavor-admin', 'team-b', 'get', { group: GROUP, resource: 'dpuflavors' }));
        tries++
      )
        await pause(50);
    });
    test.each([
      ['viewer', { bfbs: 'get', dpuflavors: 'get', dpusets: 'get', dpus: 'get' }],
      ['operator', { bfbs: 'get create delete', dpuflavors: 'get', dpusets: 'get create delete', dpus: 'get create delete' }],
      ['flavor-admin', { bfbs: '', dpuflavors: 'get create delete', dpusets: '', dpus: '' }],
    ])('%s: %j, no status, no other namespace', async (user, rights) => {
      for (const [resource, verbs] of Object.entries(rights))
        for (const verb of ['get', 'create', 'delete']) {
          expect(await api.may(user, 'team-b', verb, { group: GROUP, resource })).toBe(verbs.includes(verb));
          expect(await api.may(user, 'team-b', 'patch', { group: GROUP, resource, subresource: 'status' })).toBe(false);
          expect(await api.may(user, 'team-a', verb, { group: GROUP, resource })).toBe(false);
        }
    });
  });

  test('an upgrade keeps the passwords and certificates that were generated, and makes what is missing', async () => {
    const secretsOf = (all: Rendered[]) =>
      new Map(all.filter(({ kind }) => kind === 'Secret').map((secret) => [secret.metadata.name, secret]));
    const first = secretsOf(await objects({ namespace: 'team-a' }));
    expect([...first.keys()].map((name) => name.replace('dpf-provisioning-', ''))).toEqual(
      expect.arrayContaining(['agent-api-tls', 'redis-tls', 'trust', 'redis-acl', 'redis-dms-agent', 'redis-dpu-controller']),
    );
    // As helm marks what it installs.
    const annotations = { 'meta.helm.sh/release-name': 'dpf-provisioning', 'meta.helm.sh/release-namespace': 'team-a' };
    for (const { metadata, ...secret } of first.values()) await api.apply({ ...secret, metadata: { ...metadata, annotations } });
    expect(secretsOf(await objects({ namespace: 'team-a', cluster: kubeconfig }))).toEqual(first);
    const lost = 'dpf-provisioning-redis-bfb-downloader';
    await api.delete(`/api/v1/namespaces/team-a/secrets/${lost}`);
    const third = secretsOf(await objects({ namespace: 'team-a', cluster: kubeconfig }));
    const changed = [...third].filter(([name, secret]) => !isDeepStrictEqual(secret, first.get(name))).map(([name]) => name);
    expect(changed.sort()).toEqual(['dpf-provisioning-redis-acl', lost]);
  });

  test('an upgrade takes Redis to a volume and back; only the volume’s own class and size are bound', async () => {
    const withRedis = async (persistence: object) => {
      const all = await objects({ namespace: 'team-b', values: { 'redis.persistence': persistence } });
      return all.filter(
        ({ kind, metadata }) => ['StatefulSet', 'PersistentVolumeClaim'].includes(kind) && metadata.name.endsWith('-redis'),
      );
    };
    const [without, small, other] = await Promise.all(
      [{}, { enabled: true }, { enabled: true, size: '2Gi', storageClassName: 'fast' }].map(withRedis),
    );
    expect([without, small, other].map((all) => all?.length)).toEqual([1, 2, 2]);
    for (const objects of [without, small, without]) for (const object of objects ?? []) await api.apply(object);
    // A claim is not as free.
    const claim = other?.find(({ kind }) => kind === 'PersistentVolumeClaim') as Rendered;
    await expect(api.apply(claim)).rejects.toThrow(/spec is immutable after creation|Forbidden/i);
    await api.delete(`/api/v1/namespaces/team-b/persistentvolumeclaims/${claim.metadata.name}`);
  });

  test('an upgrade of the CRDs takes them whole, and objects live on', async () => {
    const crds = defaults.filter(isCrd);
    await Promise.all(crds.map((crd) => api.apply(crd)));
    const bfb = {
      apiVersion: `${GROUP}/v1alpha1`,
      kind: 'Bfb',
      metadata: { name: 'kept', namespace: 'dpu' },
      spec: { url: 'http://10.0.0.7/x.bfb' },
    };
    for (let tries = 0; ; tries++) {
      const served = await api.apply(bfb).then(
        () => true,
        (error: Error) => (tries < 100 ? false : Promise.reject(error)),
      );
      if (served) break;
      await pause(50);
    }
    await Promise.all(
      crds.map(({ metadata, ...crd }) =>
        api.apply({ ...crd, metadata: { ...metadata, annotations: { ...metadata.annotations, upgraded: 'yes' } } }),
      ),
    );
    expect(await api.get(`/apis/${GROUP}/v1alpha1/namespaces/dpu/bfbs/kept`)).toMatchObject({ spec: { url: 'http://10.0.0.7/x.bfb' } });
  });

  // The last: a chart that finds cert-manager behaves otherwise.
  const schemas = 'crds' in foreign ? describe : describe.skip;
  schemas(`objects of other projects${'skip' in foreign ? ` (${foreign.skip})` : ''}`, () => {
    let all: Rendered[];
    beforeAll(async () => {
      if (!('crds' in foreign)) return;
      await Promise.all(foreign.crds.map((crd) => api.apply(crd)));
      const sets = await Promise.all(Object.values(MATRIX).map((set) => (set.apis ? objects(set) : [])));
      all = sets.flat().filter((object) => !isOurs(object));
      for (const { spec } of foreign.crds as unknown as { spec: { group: string; versions: { name: string; served: boolean }[] } }[])
        for (const { name, served } of spec.versions) if (served) await api.untilServed(`${spec.group}/${name}`);
    });

    test('of each kind there is one', () => {
      expect([...new Set(all.map(({ kind }) => kind))].sort()).toEqual(KINDS);
    });
    test.each(KINDS)('every %s is what its CRD describes, no field more', async (kind) => {
      for (const object of all.filter((one) => one.kind === kind)) await api.apply(object, { dryRun: true });
    });
    test('a wrong one would be found', async () => {
      const monitor = all.find(({ kind }) => kind === 'PodMonitor') as Rendered;
      const wrong: Rendered = { ...monitor, spec: { ...(monitor['spec'] as object), wrong: 1 } };
      await expect(api.apply(wrong, { dryRun: true })).rejects.toThrow(/spec.wrong: field not declared in schema/);
    });
  });
});
