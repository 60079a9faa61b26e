/** What helm uninstall runs after the release went: the order, and what the Pods on the hosts may do. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { find, objects, podOf, type Rendered } from './helm.ts';
import { MATRIX } from './matrix.ts';

const NAME = 'dpf-provisioning-uninstall-hosts';
const SETS = ['the defaults', 'OpenShift', 'the simulator', 'one replica, caps, discovery by agents, no hooks'] as const;
const rendered = new Map<string, Rendered[]>();
const of = (set: (typeof SETS)[number]): Rendered[] => rendered.get(set) ?? [];
const cleaner = (set: (typeof SETS)[number]) => {
  const pod = podOf(find(of(set), 'DaemonSet', NAME));
  if (!pod) throw new Error('no Pod');
  return pod;
};

beforeAll(async () => {
  await Promise.all(SETS.map(async (set) => rendered.set(set, await objects(MATRIX[set] ?? {}))));
});

test.each(SETS)('with %s helm makes rights, then the Pods on the hosts, then what waits for them; and removes all of it', (set) => {
  const hooks = of(set).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'post-delete');
  const weightOf = ({ kind, metadata }: Rendered) => [kind, Number(metadata.annotations?.['helm.sh/hook-weight'] ?? 0)] as const;
  const weights = hooks.map(weightOf);
  expect(weights.filter(([, weight]) => weight > -2).sort()).toEqual([
    ['DaemonSet', -1],
    ['Job', 0],
  ]);
  const policies = new Set(hooks.map(({ metadata }) => metadata.annotations?.['helm.sh/hook-delete-policy']));
  expect([...policies]).toEqual(['before-hook-creation,hook-succeeded']);
});

test('before the services went a step is one Pod’s, for helm uninstall can be run again; afterwards another Pod may end it', () => {
  const limit = (step: string) =>
    (find(of('the defaults'), 'Job', `dpf-provisioning-uninstall-${step}`)['spec'] as { backoffLimit: number }).backoffLimit;
  expect([limit('objects'), limit('nodes')]).toEqual([0, 1]);
});

describe('the Pods that remove our files from hosts', () => {
  test.each<[(typeof SETS)[number], string[][], string[][]]>([
    [
      'the defaults',
      [
        ['/var/lib', 'DirectoryOrCreate'],
        ['/etc/kubernetes/node-feature-discovery/features.d', 'DirectoryOrCreate'],
      ],
      [['/host/var/lib', '/host/etc/kubernetes/node-feature-discovery/features.d']],
    ],
    ['one replica, caps, discovery by agents, no hooks', [['/var/lib', 'DirectoryOrCreate']], [['/host/var/lib']]],
    [
      'the simulator',
      [
        ['/var/lib', 'DirectoryOrCreate'],
        ['/var/lib', 'DirectoryOrCreate'],
      ],
      [['/host/var/lib'], ['/host/var/lib']],
    ],
  ])('with %s see these of its folders: %j', (set, paths, mounts) => {
    const { volumes = [], initContainers = [], containers } = cleaner(set);
    expect(volumes.map(({ hostPath }) => [hostPath?.path, hostPath?.type])).toEqual(paths);
    expect(initContainers.map(({ volumeMounts = [] }) => volumeMounts.map(({ mountPath }) => mountPath))).toEqual(mounts);
    expect(containers.map(({ volumeMounts }) => volumeMounts)).toEqual([undefined]);
  });

  test('are root without any capability, on no host’s network, without a token', () => {
    const pod = cleaner('the simulator');
    const restricted = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
    for (const { securityContext } of pod.initContainers ?? [])
      expect(securityContext).toEqual({ ...restricted, runAsUser: 0, runAsGroup: 0, seLinuxOptions: { type: 'spc_t' } });
    expect(pod.containers[0]?.securityContext).toEqual({ ...restricted, runAsNonRoot: true, runAsUser: 65532 });
    expect([pod.hostNetwork, pod.hostPID, pod.automountServiceAccountToken]).toEqual([undefined, undefined, false]);
  });

  test('run where agents did, from images that are there, one after the other', () => {
    for (const set of SETS) {
      const agent = podOf(find(of(set), 'DaemonSet', 'dpf-provisioning-dms-agent'));
      const { nodeSelector, tolerations, priorityClassName, initContainers = [] } = cleaner(set);
      expect({ nodeSelector, tolerations, priorityClassName }).toEqual({
        nodeSelector: agent?.nodeSelector,
        tolerations: agent?.tolerations,
        priorityClassName: agent?.priorityClassName,
      });
      expect(initContainers.at(-1)?.image).toBe(agent?.containers[0]?.image);
    }
    expect(cleaner('the simulator').initContainers?.map(({ name, args }) => [name, args])).toEqual([
      ['simulator', ['main.mjs', 'uninstall']],
      ['dms-agent', ['uninstall/main.mjs']],
    ]);
  });

  test('are no other folder’s, however its path is written', async () => {
    const set = await objects({ values: { 'dmsAgent.stateDir': '/opt//agent/state/' } });
    const pod = podOf(find(set, 'DaemonSet', NAME));
    const [container] = pod?.initContainers ?? [];
    expect(pod?.volumes?.[0]?.hostPath?.path).toBe('/opt/agent');
    expect(container?.volumeMounts?.[0]).toEqual({ name: 'dms-agent', mountPath: '/host/opt/agent', mountPropagation: 'HostToContainer' });
    expect(container?.env).toContainEqual({ name: 'STATE_DIR', value: '/opt/agent/state' });
  });

  test('may on OpenShift what they need, by constraints of their own', () => {
    const scc = find(of('OpenShift'), 'SecurityContextConstraints', NAME);
    expect(scc).toMatchObject({
      allowHostDirVolumePlugin: true,
      allowPrivilegedContainer: false,
      requiredDropCapabilities: ['ALL'],
      volumes: ['hostPath'],
    });
    expect(find(of('OpenShift'), 'RoleBinding', `${NAME}-scc`)['subjects']).toEqual([
      { kind: 'ServiceAccount', name: NAME, namespace: 'dpf-provisioning' },
    ]);
  });

  test('are waited for by the Job, which may get their DaemonSet and nothing more of the kind', () => {
    const [container] = podOf(find(of('the defaults'), 'Job', 'dpf-provisioning-uninstall-nodes'))?.containers ?? [];
    expect(container?.env).toContainEqual({ name: 'CLEANERS', value: NAME });
    const { rules } = find(of('the defaults'), 'Role', 'dpf-provisioning-uninstall-nodes') as Rendered & { rules: object[] };
    expect(rules).toEqual([
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: [NAME], verbs: ['get'] },
    ]);
  });
});
