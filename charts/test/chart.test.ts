/** The chart as it is rendered: what holds for every set of values, and what single values do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { agentAclRules, serviceAclRules } from '../../libs/queue/src/acl.ts';
import { documentedValues, generated } from '../generate.ts';
import { CHART, find, lint, notes, objects, podOf, render, type Rendered } from './helm.ts';
import { MATRIX } from './matrix.ts';

const rendered = new Map<string, Rendered[]>();
const SETS = Object.keys(MATRIX);
const of = (set: string): Rendered[] => rendered.get(set) ?? [];
const defaults = () => of('the defaults');

beforeAll(async () => {
  await Promise.all(SETS.map(async (set) => rendered.set(set, await objects(MATRIX[set] ?? {}))));
});

describe.each(SETS)('with %s', (set) => {
  test('every object has a name once, the usual labels, and a namespace where one belongs', () => {
    const names = of(set).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    const ours = of(set).filter(({ metadata }) => metadata.name !== 'more');
    for (const { metadata } of ours) {
      const labels = ['name', 'instance', 'version', 'component', 'part-of', 'managed-by'].map((label) => `app.kubernetes.io/${label}`);
      expect(Object.keys(metadata.labels ?? {})).toEqual(expect.arrayContaining([...labels, 'helm.sh/chart']));
    }
  });

  test('every Pod pulls with the secret, mounts no token by itself, and bounds its containers', () => {
    for (const object of of(set)) {
      const pod = podOf(object);
      if (!pod) continue;
      expect(pod.imagePullSecrets).toContainEqual({ name: 'dpf-provisioning-regcred' });
      expect(pod.automountServiceAccountToken).toBe(false);
      for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(container.image).toMatch(/:[\w.-]+$|@sha256:[0-9a-f]{64}$/);
        expect(container.image).not.toMatch(/:latest$/);
        expect(container.resources).toMatchObject({ requests: expect.anything(), limits: { memory: expect.anything() } });
        expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
      }
      if (object.kind === 'Job' || object.kind === 'Pod' || object.metadata.annotations?.['helm.sh/hook']) continue;
      for (const container of pod.containers)
        expect(container).toMatchObject({
          livenessProbe: expect.anything(),
          readinessProbe: expect.anything(),
          startupProbe: expect.anything(),
        });
    }
  });

  test('no rule has a wildcard, and Secrets are listed and written only in tenants’ namespaces', () => {
    const roles = of(set).filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole');
    for (const role of roles)
      for (const rule of (role['rules'] ?? []) as { apiGroups: string[]; resources: string[]; verbs: string[] }[]) {
        const words = [...rule.apiGroups, ...rule.resources, ...rule.verbs];
        for (const bad of ['*', 'escalate', 'bind', 'impersonate', 'pods/exec', 'serviceaccounts/token']) expect(words).not.toContain(bad);
        if (!rule.resources.includes('secrets')) continue;
        expect(role.kind).toBe('Role');
        if (rule.verbs.some((verb) => verb !== 'get')) expect(role.metadata.name).toMatch(/-tenants$|-simulator-tenant-kubeconfig$/);
      }
  });

  test('no text of a Secret is found outside of Secrets', () => {
    const secrets = of(set).filter(({ kind }) => kind === 'Secret');
    const words = secrets.flatMap((secret) => Object.values((secret['stringData'] as Record<string, string>) ?? {}));
    const others = JSON.stringify(of(set).filter(({ kind }) => kind !== 'Secret'));
    for (const word of words.filter((text) => text.length === 32)) expect(others).not.toContain(word);
  });
});

test('helm lint finds nothing, with the least and the most', async () => {
  await Promise.all([lint({}), lint(MATRIX['digests, mirrors, hooks everywhere']?.values ?? {})]);
});

test('with certificates and passwords from outside, two renderings are the same text', async () => {
  const brought = MATRIX['everything of GitOps: existing certificates and passwords, Redis on a volume'] ?? {};
  const issued = { values: { 'certificates.mode': 'certManager', 'redis.auth.create': false } };
  for (const rendering of [brought, issued]) expect(await render(rendering)).toBe(await render(rendering));
});

test('the oldest Kubernetes that is supported gets what the newest gets, and one before it is refused', async () => {
  const gitops = MATRIX['everything of GitOps: existing certificates and passwords, Redis on a volume'] ?? {};
  const [oldest, newest] = await Promise.all(['1.30.0', '1.36.0'].map((kubeVersion) => render({ ...gitops, kubeVersion })));
  expect(oldest).toBe(newest);
  await expect(render({ kubeVersion: '1.29.9' })).rejects.toThrow(/requires kubeVersion: >=1\.30\.0-0/);
});

test('with namespaceOverride nothing of the release’s namespace is left', async () => {
  for (const set of ['OpenShift', 'the simulator', 'the founding document']) {
    const { values, ...rendering } = MATRIX[set] ?? {};
    expect(await render({ ...rendering, namespace: 'elsewhere', values: { ...values, namespaceOverride: 'here' } })).not.toMatch(
      /elsewhere/,
    );
  }
});

test('without rbac.create no service is given a right', async () => {
  const all = await objects({ ...MATRIX['OpenShift'], values: { 'rbac.create': false } });
  expect(all.filter(({ kind }) => /Role(Binding)?$/.test(kind))).toEqual([]);
});

test.each(['another name', 'the same name'])(
  'a release of %s in another namespace shares no object that has no namespace',
  async (which) => {
    const { apis = [] } = MATRIX['OpenShift'] ?? {};
    const release = which === 'the same name' ? 'dpf-provisioning' : 'green';
    const other = await objects({ apis, release, namespace: 'dpu', values: { 'crds.install': false } });
    const clusterWide = (all: Rendered[]) =>
      all.filter(({ metadata }) => !metadata.namespace).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    const names = new Set(clusterWide(of('OpenShift')));
    expect(clusterWide(other).length).toBeGreaterThan(0);
    expect(clusterWide(other).filter((name) => names.has(name))).toEqual([]);
  },
);

test('chart, images and programs are of one version', () => {
  const root = join(CHART, '..', '..');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
  expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toContain(`ARG VERSION=${version}\n`);
  for (const folder of ['libs', 'services'])
    for (const name of readdirSync(join(root, folder)))
      expect({ name, ...(JSON.parse(readFileSync(join(root, folder, name, 'package.json'), 'utf8')) as object) }).toMatchObject({
        version,
      });
});

describe('what is made twice is the same (npm run generate)', () => {
  test('the CRDs, and the table of values', async () => {
    for (const [file, text] of await generated()) expect({ file, text: readFileSync(file, 'utf8') }).toEqual({ file, text });
  });
  test('every value has a comment', () => {
    const text = readFileSync(join(CHART, 'values.yaml'), 'utf8');
    const documented = new Set(documentedValues(text).map(({ path }) => path));
    const leaves = (value: unknown, path: string[]): string[] =>
      documented.has(path.join('.')) || typeof value !== 'object' || value === null
        ? [path.join('.')]
        : Object.entries(value).flatMap(([key, inside]) => leaves(inside, [...path, key]));
    expect(leaves(parse(text), []).filter((path) => !documented.has(path))).toEqual([]);
  });
  test('the users of Redis may do what libs/queue says, and the probe may ping', () => {
    const acl = find(defaults(), 'Secret', 'dpf-provisioning-redis-acl')['stringData'] as Record<string, string>;
    const lines = (acl['users.acl'] ?? '').trim().split('\n');
    const rulesOf = (user: string) =>
      lines.find((line) => line.startsWith(`user ${user} on #`))?.replace(/^user \S+ on #[0-9a-f]{64} /, '');
    for (const user of ['dpuset-controller', 'dpu-controller', 'bfb-downloader']) expect(rulesOf(user)).toBe(serviceAclRules('dpf'));
    expect(rulesOf('dms-agent')).toBe(agentAclRules('dpf'));
    expect(lines.slice(0, 2)).toEqual(['user default off', 'user probe on nopass resetkeys resetchannels -@all +ping']);
  });
  test('the environment of a service has only variables that it knows', () => {
    const sources = ['libs/controller/src/backing.ts', 'libs/service/src/run.ts'];
    for (const [kind, service, file] of [
      ['Deployment', 'dpuset-controller', undefined],
      ['Deployment', 'dpu-controller', 'config.ts'],
      ['Deployment', 'bfb-downloader', 'config.ts'],
      ['DaemonSet', 'dms-agent', 'main.ts'],
    ] as const) {
      const own = file === undefined ? [] : [`services/${service}/src/${file}`];
      const text = [...sources, ...own].map((path) => readFileSync(join(CHART, '..', '..', path), 'utf8')).join('');
      const { containers } = podOf(find(of('one replica, caps, discovery by agents, no hooks'), kind, `dpf-provisioning-${service}`)) ?? {
        containers: [],
      };
      for (const { name } of containers[0]?.env ?? [])
        expect(name === 'NODE_OPTIONS' || text.includes(`'${name.replace(/_FILE$/, '')}`) ? 'known' : name).toBe('known');
    }
  });
});

describe('the agent', () => {
  const agent = (set: string) => find(of(set), 'DaemonSet', 'dpf-provisioning-dms-agent');
  test('has exactly these rights on its host', () => {
    const pod = podOf(agent('the defaults'));
    const paths = (pod?.volumes ?? []).flatMap(({ name, hostPath }) => (hostPath ? [[name, hostPath.path, hostPath.type]] : []));
    const readOnly = pod?.containers[0]?.volumeMounts?.filter((mount) => mount.readOnly).map(({ name }) => name);
    expect(paths).toEqual([
      ['state', '/var/lib/dpf-provisioning', 'DirectoryOrCreate'],
      ['host-dev', '/dev', 'Directory'],
      ['host-sys', '/sys', 'Directory'],
      ['host-proc', '/proc', 'Directory'],
      ['host-features', '/etc/kubernetes/node-feature-discovery/features.d', 'DirectoryOrCreate'],
    ]);
    expect(readOnly).toEqual(['redis', 'trust', 'token', 'bfb', 'host-proc']);
    expect([pod?.hostNetwork, pod?.hostPID, pod?.hostIPC]).toEqual([true, true, undefined]);
    expect(pod?.containers[0]?.securityContext).toEqual({ privileged: true, runAsUser: 0, readOnlyRootFilesystem: true });
  });
  test('with discovery by agents it writes nothing into /etc of its host, which may be read-only', () => {
    const paths = podOf(agent('one replica, caps, discovery by agents, no hooks'))?.volumes?.flatMap(
      ({ hostPath }) => hostPath?.path ?? [],
    );
    expect(paths).toEqual(['/var/lib/dpf-provisioning', '/dev', '/sys', '/proc']);
  });
  test('speaks to the API server with no token: its only one is for dpu-controller', () => {
    const tokens = (podOf(agent('the defaults'))?.volumes ?? [])
      .flatMap(({ projected }) => projected?.sources ?? [])
      .filter((source) => 'serviceAccountToken' in source);
    expect(tokens).toEqual([{ serviceAccountToken: { path: 'token', audience: 'dpf-provisioning-agent', expirationSeconds: 3607 } }]);
    const bound = defaults().flatMap((object) => (object['subjects'] ?? []) as { name: string }[]);
    expect(bound.map(({ name }) => name)).not.toContain('dpf-provisioning-dms-agent');
  });
  test('is never twice on a host, and stays through its own node effect', () => {
    expect(agent('the defaults')['spec']).toMatchObject({ updateStrategy: { rollingUpdate: { maxSurge: 0 } } });
    expect(podOf(agent('the defaults'))?.tolerations).toEqual([{ operator: 'Exists' }]);
  });
  test.each([
    ['the defaults', { 'feature.node.kubernetes.io/dpu-enabled': 'true' }],
    ['one replica, caps, discovery by agents, no hooks', { pool: 'dpu' }],
  ])('with %s it runs on the nodes %j', (set, nodes) => {
    expect(podOf(agent(set))?.nodeSelector).toEqual(nodes);
  });
});

describe('single values', () => {
  const count = (set: string, kind: string) => of(set).filter((object) => object.kind === kind).length;
  test('replicas of one have no disruption budget', () => {
    expect([
      count('the defaults', 'PodDisruptionBudget'),
      count('one replica, caps, discovery by agents, no hooks', 'PodDisruptionBudget'),
    ]).toEqual([3, 0]);
  });
  test('replicas of null are left to whoever scales, and have a disruption budget', () => {
    const scaled = of('several namespaces').filter(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-dpu-controller'),
    );
    expect(scaled.map(({ spec }) => Object.hasOwn(spec as object, 'replicas'))).toEqual([false]);
    expect(count('several namespaces', 'PodDisruptionBudget')).toBe(3);
  });
  test('CRDs are kept when the release goes, and left out where another release has them', () => {
    const crds = defaults().filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crds.map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'])).toEqual(['keep', 'keep', 'keep', 'keep']);
    expect(count('another release, other names, no extras', 'CustomResourceDefinition')).toBe(0);
  });
  test('cert-manager, NFD, OpenShift and the Prometheus operator get their objects where their API exists', () => {
    const kinds = ['Certificate', 'NodeFeatureRule', 'SecurityContextConstraints', 'PodMonitor'];
    expect(kinds.map((kind) => count('the defaults', kind))).toEqual([0, 0, 0, 0]);
    expect(kinds.map((kind) => count('a cluster with cert-manager, NFD and the Prometheus operator', kind))).toEqual([4, 1, 0, 1]);
    expect(kinds.map((kind) => count('OpenShift', kind))).toEqual([4, 1, 2, 0]);
  });
  test('on OpenShift the controllers leave their user to the cluster', () => {
    const pods = of('OpenShift').filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
    for (const object of pods) expect(podOf(object)).not.toMatchObject({ securityContext: { runAsUser: expect.anything() } });
  });
  test('several namespaces have a Role each, all of them ClusterRoles', () => {
    const roles = (set: string, kind: string) =>
      of(set).filter((object) => object.kind === kind && object.metadata.name.endsWith('-dpu-controller'));
    expect(roles('several namespaces', 'Role').map(({ metadata }) => metadata.namespace)).toEqual(['team-a', 'team-b']);
    expect(roles('all namespaces, tenants by name', 'Role')).toEqual([]);
  });
  test.each<[string, string, string[] | 'any' | 'none']>([
    ['the defaults', 'dpf-provisioning', 'none'],
    ['several namespaces', 'team-a', 'any'],
    ['all namespaces, tenants by name', 'team-a', ['password']],
    ['one replica, caps, discovery by agents, no hooks', 'dpf-provisioning', ['password']],
    ['the founding document', 'dpf-provisioning', 'any'],
  ])('with %s flavors and Bfbs of namespace %s may refer to these Secrets: %j', (set, namespace, expected) => {
    for (const service of ['dpu-controller', 'bfb-downloader']) {
      const roles = of(set).filter(({ metadata }) => metadata.name === `dpf-provisioning-${service}-referred`);
      const role = roles.find(({ kind, metadata }) => kind === 'Role' && metadata.namespace === namespace);
      const rules = (role?.['rules'] ?? []) as { resources: string[]; resourceNames?: string[] }[];
      const rule = rules.find(({ resources }) => resources.includes('secrets'));
      expect(rule ? (rule.resourceNames ?? 'any') : 'none').toEqual(expected);
      expect(rules.some(({ resources }) => resources.includes('configmaps'))).toBe(true);
    }
  });
  test('a tenant’s kubeconfig may be read by name only, where names are given', () => {
    const role = find(of('all namespaces, tenants by name'), 'Role', 'dpf-provisioning-dpu-controller-tenants');
    expect(role['rules']).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'], resourceNames: ['tenant-00-admin-kubeconfig'] },
    ]);
  });
  test.each(['dpuset-controller', 'dpu-controller', 'bfb-downloader', 'dms-agent'])(
    'extraEnv of %s adds variables and replaces ours',
    (service) => {
      const workload = of('digests, mirrors, hooks everywhere').find(
        ({ metadata, kind }) => ['Deployment', 'DaemonSet'].includes(kind) && metadata.name === `dpf-provisioning-${service}`,
      ) as Rendered;
      const env = podOf(workload)?.containers[0]?.env ?? [];
      expect(env.filter(({ name }) => name === 'LOG_LEVEL')).toEqual([{ name: 'LOG_LEVEL', value: 'trace' }]);
      expect(env).toContainEqual({ name: 'HTTPS_PROXY', value: 'http://proxy:3128' });
      expect(env.map(({ name }) => name)).toContain('REDIS_URL_FILE');
    },
  );
  test.each([
    ['dpuset-controller', '512Mi', 384],
    ['dpu-controller', '1Gi', 768],
    // Not in whole Mi or Gi: Node bounds itself by what the container has.
    ['bfb-downloader', '1.5Gi', undefined],
  ])('the heap of %s is three quarters of %s', async (service, memory, expected) => {
    const value = service.replace(/-(.)/, (_, letter: string) => letter.toUpperCase());
    const all = await objects({ values: { [`${value}.resources.limits.memory`]: memory } });
    const env = podOf(find(all, 'Deployment', `dpf-provisioning-${service}`))?.containers[0]?.env ?? [];
    const options = env.find(({ name }) => name === 'NODE_OPTIONS')?.value;
    expect(options?.match(/--max-old-space-size=(\d+)$/)?.[1]).toBe(expected?.toString());
  });
  test('another configuration of Redis renews its Pod, and that alone', async () => {
    const { values, ...gitops } = MATRIX['everything of GitOps: existing certificates and passwords, Redis on a volume'] ?? {};
    const [before, after] = await Promise.all(
      [20_000, 40_000].map((clients) => objects({ ...gitops, values: { ...values, 'redis.maxClients': clients } })),
    );
    const changed = (before ?? []).filter((object, index) => JSON.stringify(object) !== JSON.stringify(after?.[index]));
    expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ConfigMap dpf-provisioning-redis',
      'StatefulSet dpf-provisioning-redis',
    ]);
  });
  test('the registry mirror runs where it is told to', () => {
    expect(podOf(find(of('the founding document'), 'Deployment', 'registry'))).toMatchObject({
      priorityClassName: 'low',
      nodeSelector: { uplink: 'yes' },
      tolerations: [{ key: 'uplink', operator: 'Exists' }],
      affinity: { podAntiAffinity: {} },
    });
  });
  test.each([
    ['helm test', 'Pod', 'test'],
    ['a step of the removal', 'Job', 'uninstall-objects'],
  ])('%s runs where the controllers may run', (_, kind, name) => {
    const all = of('digests, mirrors, hooks everywhere');
    const { nodeSelector, tolerations, affinity } = podOf(find(all, 'Deployment', 'dpf-provisioning-dpu-controller')) ?? {};
    expect(nodeSelector).toEqual({ role: 'infra' });
    expect(podOf(find(all, kind, `dpf-provisioning-${name}`))).toMatchObject({ nodeSelector, tolerations, affinity });
  });
  interface Rule {
    ports: { port: number }[];
    to?: { ipBlock?: { cidr: string; except?: string[] } }[];
  }
  /** Where bfb-downloader may go; of DNS nothing is said. */
  const ways = (all: Rendered[]) => {
    const { egress } = find(all, 'NetworkPolicy', 'dpf-provisioning-bfb-downloader')['spec'] as { egress: Rule[] };
    return egress.filter(({ ports }) => ports[0]?.port !== 53);
  };
  test.each([
    ['the defaults', [['169.254.0.0/16'], ['fd00:ec2::254/128', 'fd20:ce::254/128']]],
    ['everything of GitOps: existing certificates and passwords, Redis on a volume', [[], ['fd00:7::1/128']]],
    ['Redis outside, by Secret', [['169.254.0.0/16'], ['fd00:ec2::254/128', 'fd20:ce::254/128']]],
  ])('with %s no image is fetched from a metadata service of either family, on no port of another rule either: %j', (set, except) => {
    const everything = ['0.0.0.0/0', '::/0'].map((cidr, index) => ({ ipBlock: { cidr, except: except[index] } }));
    const withoutPods = ways(of(set)).filter(({ to = [] }) => !to.some((peer) => 'podSelector' in peer));
    expect(withoutPods.map(({ to }) => to)).toEqual(withoutPods.map(() => everything));
    expect(withoutPods.length).toBe(set.startsWith('Redis outside') ? 3 : 2);
  });
  test('where images are never fetched from, the API server and Redis may be when they are named, and every service goes there only', async () => {
    const values = {
      'imageServersExcept[0]': '10.0.0.0/8',
      apiServerCidrs: ['10.1.0.1/32', 'fd00::1/128'],
      redisPeers: [{ ipBlock: { cidr: '10.2.0.1/32' } }],
    };
    const prefixed = Object.fromEntries(Object.entries(values).map(([name, value]) => [`networkPolicy.${name}`, value]));
    const all = await objects({ values: { ...prefixed, redis: { enabled: false, external: { existingSecret: 'redis' } } } });
    const to = (...cidrs: string[]) => cidrs.map((cidr) => ({ ipBlock: { cidr } }));
    expect(ways(all).map((rule) => rule.to)).toEqual([
      to('10.1.0.1/32', 'fd00::1/128'),
      to('10.2.0.1/32'),
      expect.arrayContaining([{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }]),
    ]);
    const { egress } = find(all, 'NetworkPolicy', 'dpf-provisioning-dpu-controller')['spec'] as { egress: Rule[] };
    expect(egress.slice(1).map((rule) => rule.to)).toEqual([to('10.1.0.1/32', 'fd00::1/128'), to('10.2.0.1/32')]);
  });
  test('with Cilium, to which the cluster’s nodes are in no block of addresses, the API server is allowed by its name', async () => {
    const apis = ['cilium.io/v2/CiliumNetworkPolicy'];
    const { spec } = find(await objects({ apis }), 'CiliumNetworkPolicy', 'dpf-provisioning-api-server');
    const ports = ['443', '6443', '8443', '16443'].map((port) => ({ port, protocol: 'TCP' }));
    expect(spec).toMatchObject({ egress: [{ toEntities: ['kube-apiserver'], toPorts: [{ ports }] }] });
    const services = (spec as { endpointSelector: { matchExpressions: { values: string[] }[] } }).endpointSelector.matchExpressions[0];
    expect(services?.values).toEqual(['dpuset-controller', 'dpu-controller', 'bfb-downloader', 'uninstall', 'simulator-tenant']);
    expect(await render({ apis, values: { 'networkPolicy.create': false } })).not.toMatch(/NetworkPolicy/);
  });
  test('digests and a registry for all go before tags and single registries', () => {
    const images = of('digests, mirrors, hooks everywhere').flatMap((object) => podOf(object)?.containers.map(({ image }) => image) ?? []);
    expect(images.filter((image) => !/^registry\.local:5000\/dpf\/x@sha256:([0-9a-f])\1{63}$/.test(image))).toEqual([]);
  });
});

describe('the notes say what to do next, and what is unsafe', () => {
  test.each<[object, readonly RegExp[]]>([
    [
      {},
      [
        /helm test -n dpf-provisioning/,
        /WARNING: the certificates were generated/,
        /No tenant clusters are granted/,
        /name those that may be in references.secrets/,
        /set discovery=agent/,
      ],
    ],
    [
      { 'bfbVolume.accessModes': ['ReadWriteOnce'], 'registryMirror.enabled': true },
      [/WARNING: the BFB volume is not ReadWriteMany/, /get service registry -o jsonpath/],
    ],
    [
      { watchNamespaces: ['*'], tenantClusters: [{ namespace: 'tenant-00-ns', usableFrom: ['*'] }] },
      [/WARNING: everybody who may write a DpuSet, in any namespace, may join DPUs/, /set references.namespaces/],
    ],
  ])('with %j', async (values, lines) => {
    const text = await notes({ values });
    for (const line of lines) expect(text).toMatch(line);
  });
});
