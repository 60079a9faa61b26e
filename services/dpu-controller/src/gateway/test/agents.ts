/** Agents for tests: a service account, a Pod on each node, tokens bound to them as the kubelet gets them, and a client for the endpoint. */
import { once } from 'node:events';
import { request } from 'node:https';
import type { Pod } from '@dpf/api';
import { CORE, type Cluster } from '@dpf/kube';
import type { ApiServer } from '@dpf/kube-sim/testing';

const NAMESPACE = 'dpf-provisioning';
export const SERVICE_ACCOUNT = `${NAMESPACE}/dms-agent`;
export const AUDIENCE = 'dpf-provisioning-agent';

/** The namespace and the service account of the agents, and one of somebody else. */
export async function prepare(cluster: Cluster): Promise<void> {
  await cluster.resource(CORE.Namespace).create({ metadata: { name: NAMESPACE } });
  for (const name of ['dms-agent', 'somebody'])
    await cluster.resource(CORE.ServiceAccount).create({ metadata: { name, namespace: NAMESPACE } });
}

/** A Pod of the agents' DaemonSet on a node, with its token. */
export async function startAgent(
  api: Pick<ApiServer, 'post'>,
  cluster: Cluster,
  node: string,
  { account = 'dms-agent', audience = AUDIENCE } = {},
): Promise<{ token: string; kill: () => Promise<void> }> {
  const pods = cluster.resource<Pod>(CORE.Pod);
  const name = `${account}-${node}-${audience.length}`;
  const pod = await pods.create({
    metadata: { name, namespace: NAMESPACE },
    // No kubelet confirms its end.
    spec: {
      nodeName: node,
      serviceAccountName: account,
      ...{ terminationGracePeriodSeconds: 0, containers: [{ name: 'agent', image: 'dms-agent' }] },
    },
  });
  const { status } = await api.post(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [audience], boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid: pod.metadata.uid } },
  });
  return { token: status.token, kill: async () => void (await pods.delete({ namespace: NAMESPACE, name })) };
}

export interface Answer {
  status: number;
  body: unknown;
  headers: Record<string, string | string[] | undefined>;
  /** Serial number of the certificate that the endpoint showed. */
  serial: string;
}

/** POSTs as an agent does. */
export async function post(url: string, ca: string, path: string, body: unknown, token?: string): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const call = request(new URL(path, url), { method: 'POST', ca, headers, agent: false });
  let serial = '';
  call.on('socket', (socket) =>
    socket.on('secureConnect', () => (serial = (socket as import('node:tls').TLSSocket).getPeerCertificate().serialNumber)),
  );
  call.end(text);
  const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    body: JSON.parse(Buffer.concat(chunks).toString() || 'null'),
    headers: response.headers,
    serial,
  };
}
