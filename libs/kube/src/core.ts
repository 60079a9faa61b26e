import type { KindInfo } from '@dpf/api';

const core = (kind: string, plural: string, namespaced: boolean): KindInfo => ({ apiVersion: 'v1', kind, plural, namespaced });

/** Kubernetes' own kinds that we read or write. */
export const CORE = {
  Node: core('Node', 'nodes', false),
  Secret: core('Secret', 'secrets', true),
  ConfigMap: core('ConfigMap', 'configmaps', true),
  Pod: core('Pod', 'pods', true),
  Namespace: core('Namespace', 'namespaces', false),
  Event: core('Event', 'events', true),
  ServiceAccount: core('ServiceAccount', 'serviceaccounts', true),
  DaemonSet: { apiVersion: 'apps/v1', kind: 'DaemonSet', plural: 'daemonsets', namespaced: true },
  Lease: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true },
  CustomResourceDefinition: {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
} as const satisfies Record<string, KindInfo>;
