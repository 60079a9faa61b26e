/** The Node object that a kubelet makes and its status. */
import type { CardSpec } from '../spec.ts';
import { refusal, request, type ApiAccess, type ApiAnswer } from './api-request.ts';

export interface NodeFacts {
  nodeName: string;
  osImage: string;
  bootId: string;
  card: CardSpec;
}

/**
 * Creates the Node, or takes the one of that name as kubelet does, and sets it Ready.
 * @param access with the node's client certificate @throws JoinRefused when the server says no
 */
export async function registerNode(access: ApiAccess, facts: NodeFacts, signal: AbortSignal): Promise<{ uid: string; created: boolean }> {
  const made = await request({ ...access, method: 'POST', path: '/api/v1/nodes', body: nodeObject(facts.nodeName), signal });
  if (made.status !== 201 && made.status !== 409) throw refusal('create its Node', made);
  const status = await reportReady(access, facts, { signal });
  if (status.status !== 200) throw refusal('set its Node Ready', status);
  return { uid: (status.body as { metadata: { uid: string } }).metadata.uid, created: made.status === 201 };
}

/** Writes the Node's status. @param since when the conditions became what they are; default: now */
export function reportReady(
  access: ApiAccess,
  facts: NodeFacts,
  { since, signal }: { since?: Date; signal: AbortSignal },
): Promise<ApiAnswer> {
  return request({
    ...access,
    method: 'PATCH',
    path: `/api/v1/nodes/${facts.nodeName}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: { status: nodeStatus(facts, new Date(), since) },
    signal,
  });
}

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

const timestamp = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');

function nodeStatus({ nodeName, osImage, bootId, card }: NodeFacts, now: Date, since = now) {
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: timestamp(now),
    lastTransitionTime: timestamp(since),
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
