/** Who the services are to the API server: a ServiceAccount each, with a token as a Pod has one. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Pod } from '@dpf/api';
import { parse, stringify } from 'yaml';
import { NAMESPACE, type ControlPlane } from './control-plane.ts';

/** Name of a service's ServiceAccount, as the chart makes it. */
export const accountOf = (service: string): string => `dpf-provisioning-${service}`;

/** Longer than any run, in seconds. */
const TOKEN_SECONDS = 24 * 3600;

interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, string> }[];
  users: { name: string; user: Record<string, string> }[];
}

const readKubeconfig = (plane: Pick<ControlPlane, 'kubeconfig'>) => parse(readFileSync(plane.kubeconfig, 'utf8')) as Kubeconfig;

/** The administrator's kubeconfig, with the URL at which services find the API server. */
function servicesKubeconfig(plane: ControlPlane): Kubeconfig {
  const { servicesUrl: server } = plane;
  const config = readKubeconfig(plane);
  if (server === undefined) return config;
  return { ...config, clusters: config.clusters.map(({ name, cluster }) => ({ name, cluster: { ...cluster, server } })) };
}

/** Text of the kubeconfig with which services administer a tenant cluster. */
export const tenantKubeconfig = (plane: ControlPlane): string => stringify(servicesKubeconfig(plane));

/** A POST with an administrator's client certificate, for what the port to Kubernetes does not need. */
async function post<T>(plane: ControlPlane, path: string, body: unknown): Promise<T> {
  const { clusters, users } = readKubeconfig(plane);
  const { cluster } = clusters[0] as Kubeconfig['clusters'][number];
  const { user } = users[0] as Kubeconfig['users'][number];
  const pem = (from: Record<string, string>, key: string) => Buffer.from(from[key] ?? '', 'base64');
  const call = request(new URL(path, cluster['server']), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    ca: pem(cluster, 'certificate-authority-data'),
    cert: pem(user, 'client-certificate-data'),
    key: pem(user, 'client-key-data'),
  });
  call.end(JSON.stringify(body));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 201 && response.statusCode !== 200) throw new Error(`POST ${path}: ${response.statusCode} ${answer}`);
  return JSON.parse(answer) as T;
}

/** A token of a ServiceAccount in the services' namespace; bound to a Pod and for one audience, as the kubelet projects it, where those are given. */
export async function tokenOf(
  plane: ControlPlane,
  account: string,
  { pod, audience }: { pod?: Pod; audience?: string } = {},
): Promise<string> {
  const spec = {
    expirationSeconds: TOKEN_SECONDS,
    ...(audience && { audiences: [audience] }),
    ...(pod && { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid } }),
  };
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${account}/token`;
  const { status } = await post<{ status: { token: string } }>(plane, path, body);
  return status.token;
}

/** Writes a kubeconfig in which a service is its ServiceAccount, and returns its path. */
export async function kubeconfigOf(plane: ControlPlane, service: string, folder: string): Promise<string> {
  const config = servicesKubeconfig(plane);
  const token = await tokenOf(plane, accountOf(service));
  const file = join(folder, `${service}.kubeconfig`);
  writeFileSync(file, stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }), { mode: 0o600 });
  return file;
}
