/** The Node object that a kubelet makes and its status. */
import type { CardSpec } from '../spec.ts';
import { request } from './api-request.ts';
import { JoinRefused } from './cluster-info.ts';

export interface NodeFacts {
  endpoint: string;
  token: string;
  ca: string;
  nodeName: string;
  osImage: string;
  bootId: string;
  card: CardSpec;
}

/**
 * Creates the Node, or takes the one of that name as kubelet does, and sets it Ready. Authenticates with the bootstrap token; where a server
 * wants a client certificate for this, the signing request belongs in front of here.
 * @throws JoinRefused when the server says no
 */
export async function putNode(facts: NodeFacts, signal: AbortSignal): Promise<{ uid: string; created: boolean }> {
  const { endpoint, token, ca, nodeName } = facts;
  const call = { endpoint, token, ca, signal };
  const made = await request({ ...call, method: 'POST', path: '/api/v1/nodes', body: nodeObject(nodeName) });
  if (made.status !== 201 && made.status !== 409) throw refusal('create its Node', made);
  const status = await request({
    ...call,
    method: 'PATCH',
    path: `/api/v1/nodes/${nodeName}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: { status: nodeStatus(facts) },
  });
  if (status.status !== 200) throw refusal('set its Node Ready', status);
  return { uid: (status.body as { metadata: { uid: string } }).metadata.uid, created: made.status === 201 };
}

const refusal = (what: string, { status, body }: { status: number; body: unknown }) =>
  new JoinRefused(`the server does not let the node ${what}: HTTP ${status} ${(body as { message?: string }).message ?? ''}`.trim());

const nodeObject = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'arm64',
      'beta.kubernetes.io/os': 'linux',
      'beta.kubernetes.io/arch': 'arm64',
    },
  },
  spec: {},
});

function nodeStatus({ nodeName, osImage, bootId, card }: NodeFacts) {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ],
    addresses: [{ type: 'Hostname', address: nodeName }],
    capacity: { cpu: '16', memory: '32Gi', pods: '110' },
    allocatable: { cpu: '16', memory: '30Gi', pods: '110' },
    nodeInfo: {
      architecture: 'arm64',
      operatingSystem: 'linux',
      osImage,
      kernelVersion: '5.15.0-1042-bluefield',
      kubeletVersion: 'v1.30.4',
      kubeProxyVersion: 'v1.30.4',
      containerRuntimeVersion: 'containerd://1.7.13',
      bootID: bootId,
      machineID: card.serial,
      systemUUID: card.serial,
    },
  };
}
