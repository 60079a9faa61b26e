/** An API server of a run, and the ways to have one. */
import type { Node } from '@dpf/api';
import { CORE, type Cluster } from '@dpf/kube';
import type { FaultLayer } from '@dpf/kube-faults';

/** Where the services live and what they watch. */
export const NAMESPACE = 'dpf-provisioning';
export const TENANT = { name: 'tenant-00', namespace: 'tenant-00-ns' };

export interface ControlPlane {
  cluster: Cluster;
  /** Path of an administrator's kubeconfig. */
  kubeconfig: string;
  /** Path of its audit log, where it keeps one: writes at level RequestResponse (audit.ts reads it). */
  auditLog?: string;
  /** Meets what the services ask; a story arms it (faults.ts). */
  faults?: FaultLayer;
  /** Where the services find it, if not where the administrator does. */
  servicesUrl?: string;
  close(): Promise<void>;
}

/** A way to run API servers. */
export interface ControlPlaneProvider<P extends ControlPlane> {
  /** @param folder where its kubeconfig is written @param role the host cluster has our CRDs */
  start(folder: string, role: 'host' | 'tenant'): Promise<P>;
  /** Makes the ServiceAccounts of the services and, where roles are enforced, those of the chart. */
  grantAccess(host: P): Promise<void>;
  /** Does from now on what a kubelet does for a host: its Node is there and Ready. */
  joinHost(host: P, name: string, address: string): Promise<void>;
}

/** Makes the Node of a host as its kubelet does. */
export async function registerHost(cluster: Cluster, name: string, address: string): Promise<void> {
  const nodes = cluster.resource<Node>(CORE.Node);
  await nodes.create({ metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
  await nodes.patchStatus(
    { name },
    {
      status: {
        addresses: [{ type: 'InternalIP', address }],
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'simulated host' }],
      },
    },
  );
}
