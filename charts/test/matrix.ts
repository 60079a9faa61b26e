/** Sets of values that the chart is rendered with: each changes what the templates decide. */
import type { Rendering } from './helm.ts';

const APIS = ['cert-manager.io/v1', 'nfd.k8s-sigs.io/v1alpha1', 'security.openshift.io/v1', 'monitoring.coreos.com/v1'] as const;

const image = (digest: string) => ({ registry: '', repository: 'x', tag: '', digest: `sha256:${digest.repeat(64)}` });
const hooks = {
  extraEnv: [
    { name: 'HTTPS_PROXY', value: 'http://proxy:3128' },
    { name: 'LOG_LEVEL', value: 'trace' },
  ],
  extraVolumes: [{ name: 'more', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
};

export const MATRIX: Record<string, Rendering> = {
  'the defaults': {},
  'a cluster with cert-manager, NFD and the Prometheus operator': {
    apis: APIS.filter((api) => !api.includes('openshift')),
    values: { 'metrics.podMonitor.enabled': true },
  },
  OpenShift: { apis: APIS },
  'all namespaces, tenants by name': {
    values: {
      watchNamespaces: ['*'],
      references: { namespaces: ['team-a'], secrets: ['password'], configMaps: ['ca'] },
      tenantClusters: [{ namespace: 'tenant-00-ns', usableFrom: ['*'], names: ['tenant-00'] }],
    },
  },
  'several namespaces': {
    values: {
      'dpuController.replicas': null,
      watchNamespaces: ['team-b', 'team-a'],
      tenantClusters: [{ namespace: 'team-a', usableFrom: ['team-b'] }],
    },
  },
  'the founding document': {
    values: {
      'bfbVolume.hostPath': '/opt/dpf/bfb',
      'references.secrets': ['*'],
      registryMirror: {
        enabled: true,
        existingSecret: 'ngc',
        priorityClassName: 'low',
        nodeSelector: { uplink: 'yes' },
        tolerations: [{ key: 'uplink', operator: 'Exists' }],
        affinity: { podAntiAffinity: {} },
        podAnnotations: { a: 'b' },
      },
    },
  },
  'another release, other names, no extras': {
    release: 'green',
    namespace: 'dpu',
    values: {
      fullnameOverride: 'g',
      networkPolicy: { create: false },
      uninstall: { enabled: false },
      crds: { install: false },
      rbac: { aggregate: false },
      controllers: { pdb: { create: false }, priorityClassName: '' },
    },
  },
  'one replica, caps, discovery by agents, no hooks': {
    values: {
      'dpusetController.replicas': 1,
      'bfbDownloader.replicas': 1,
      'references.secrets': ['password'],
      dpuController: { replicas: 1, maxParallelInstalls: 16, maxUnavailableNodes: 3 },
      discovery: 'agent',
      logLevel: 'debug',
      'dmsAgent.nodeSelector': { pool: 'dpu' },
      'bfbVolume.create': false,
    },
  },
  'digests, mirrors, hooks everywhere': {
    values: {
      global: { imageRegistry: 'registry.local:5000/dpf', imagePullSecrets: ['more'] },
      dpusetController: { image: image('a'), ...hooks },
      dpuController: { image: image('b'), ...hooks },
      bfbDownloader: { image: image('c'), ...hooks, urlRewrites: [{ from: 'https://content.mellanox.com/', to: 'http://mirror/' }] },
      dmsAgent: { image: image('d'), ...hooks, toolPath: '/usr/mft/bin:/usr/bin', podAnnotations: { a: 'b' }, podLabels: { c: 'd' } },
      'uninstall.image': image('e'),
      'redis.image': image('f'),
      'redis.podAnnotations': { a: 'b' },
      commonLabels: { team: 'network' },
      controllers: {
        podAnnotations: { a: 'b' },
        podLabels: { c: 'd' },
        deploymentAnnotations: { e: 'f' },
        nodeSelector: { role: 'infra' },
        tolerations: [{ key: 'infra', operator: 'Exists' }],
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'x', operator: 'Exists' }] }],
            },
          },
        },
        topologySpreadConstraints: [{ topologyKey: 'rack', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
      },
      extraObjects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more', namespace: '{{ include "dpf.namespace" . }}' } }],
    },
  },
  'the simulator': { values: { simulator: { enabled: true }, 'bfbVolume.hostPath': '/opt/dpf/bfb' } },
  'the simulator, real reboots': { values: { simulator: { enabled: true, reboot: 'node' }, watchNamespaces: ['*'] } },
  'Redis outside, by URL': { values: { redis: { enabled: false, external: { url: 'rediss://redis.example.com:6380', port: 6380 } } } },
  'Redis outside, by Secret': { values: { redis: { enabled: false, external: { existingSecret: 'redis' } } } },
  'everything of GitOps: existing certificates and passwords, Redis on a volume': {
    values: {
      certificates: { mode: 'existing', existing: { agentApi: 'agent-tls', redis: 'redis-tls', trust: 'trust' } },
      redis: { auth: { create: false }, persistence: { enabled: true, storageClassName: 'fast' } },
      'dpuController.serviceAccount': { create: false, name: 'mine' },
      'networkPolicy.tenantPorts': [6443],
      'networkPolicy.imageServersExcept': ['fd00:7::1/128'],
      'networkPolicy.metricsFrom': [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
    },
  },
};
