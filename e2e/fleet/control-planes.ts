/** The host cluster and a tenant cluster: API servers, and what an administrator would have made in them before we come. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Node, Secret } from '@dpf/api';
import { connect, CORE, type Cluster } from '@dpf/kube';
import { startKubeSim, type KubeSim } from '@dpf/kube-sim';
import { parse } from 'yaml';
import { CRDS } from './workspace.ts';

export const NAMESPACE = 'dpf-provisioning';
export const TENANT = { name: 'tenant-00', namespace: 'tenant-00-ns' };

/** A POST with an administrator's client certificate, for what the port to Kubernetes does not need. */
export async function post<T>(kubeconfig: string, path: string, body: unknown): Promise<T> {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8'));
  const pem = (base64: string) => Buffer.from(base64, 'base64');
  const { cluster } = clusters[0];
  const { user } = users[0];
  const call = request(new URL(path, cluster.server), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  });
  call.end(JSON.stringify(body));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 201 && response.statusCode !== 200) throw new Error(`POST ${path}: ${response.statusCode} ${answer}`);
  return JSON.parse(answer) as T;
}

export interface ControlPlane {
  api: KubeSim;
  cluster: Cluster;
  /** Path of an administrator's kubeconfig. */
  kubeconfig: string;
  close(): Promise<void>;
}

async function start(name: string, folder: string, crds: string[]): Promise<ControlPlane> {
  const api = await startKubeSim({ crds });
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  writeFileSync(kubeconfig, api.kubeconfig, { mode: 0o600 });
  const cluster = await connect({ kubeconfigFile: kubeconfig, userAgent: 'dpf-e2e' });
  return {
    api,
    cluster,
    kubeconfig,
    close: async () => {
      await cluster.close();
      await api.close();
    },
  };
}

/** @param hosts names of the host Nodes to register */
export async function startControlPlanes(folder: string, hosts: readonly string[]): Promise<{ host: ControlPlane; tenant: ControlPlane }> {
  const [host, tenant] = await Promise.all([start('host', folder, [CRDS]), start('tenant', folder, [])]);
  const namespaces = host.cluster.resource(CORE.Namespace);
  await Promise.all([NAMESPACE, TENANT.namespace].map((name) => namespaces.create({ metadata: { name } })));
  await host.cluster.resource<Secret>(CORE.Secret).create({
    metadata: { name: `${TENANT.name}-admin-kubeconfig`, namespace: TENANT.namespace },
    data: { 'admin.conf': Buffer.from(tenant.api.kubeconfig).toString('base64') },
  });
  for (const [i, name] of hosts.entries()) await registerHost(host.cluster, name, `10.0.${i >> 8}.${(i & 255) + 1}`);
  return { host, tenant };
}

/** What a kubelet does when its host joins the cluster. */
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
