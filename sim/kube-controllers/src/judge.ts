/** What the control plane does with a signing request: approves those of nodes, signs what is approved, forgets what is old. */
import { signingRequest, type SigningRequest as Asked } from '@dpf/pki';
import type { KubeObject } from './api.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** A CertificateSigningRequest as the API server keeps it: it has checked what was asked, and wrote who asks. */
export type SigningRequest = KubeObject & {
  spec: { request: string; signerName: string; usages: string[]; expirationSeconds?: number; username: string; groups: string[] };
  status?: { certificate?: string; conditions?: Condition[] };
};

export const CLIENT_OF_NODE = 'kubernetes.io/kube-apiserver-client-kubelet';
/** Signers whose certificates the API server takes for its clients. */
const SIGNERS = [CLIENT_OF_NODE, 'kubernetes.io/kube-apiserver-client'];
/** The group of kubeadm's bootstrap tokens: its ClusterRoleBinding kubeadm:node-autoapprove-bootstrap. */
const JOINING = 'system:bootstrappers:kubeadm:default-node-token';
/** Nodes renew their own: kubeadm:node-autoapprove-certificate-rotation. */
const NODES = 'system:nodes';

const HOUR_MS = 3_600_000;
const PENDING_MS = 24 * HOUR_MS;
const ANSWERED_MS = HOUR_MS;

export type Verdict = 'approve' | 'sign' | 'forget';

/** What is to be done now; undefined: nothing (kube-controller-manager's csrapproving, csrsigning and csrcleaner). */
export function judge({ metadata, spec, status = {} }: SigningRequest, now: Date): Verdict | undefined {
  const { conditions = [], certificate } = status;
  const age = now.getTime() - Date.parse(metadata.creationTimestamp ?? '');
  const answered = conditions.length > 0;
  if (age > (answered ? ANSWERED_MS : PENDING_MS)) return 'forget';
  if (!answered) return spec.signerName === CLIENT_OF_NODE && mayBeApproved(spec) ? 'approve' : undefined;
  const has = (...types: string[]) => conditions.some(({ type }) => types.includes(type));
  return has('Approved') && !has('Denied', 'Failed') && !certificate && SIGNERS.includes(spec.signerName) ? 'sign' : undefined;
}

function mayBeApproved({ request, usages, groups, username }: SigningRequest['spec']): boolean {
  const asked = signingRequest(request);
  if (!isClientOfNode(asked, usages)) return false;
  const renews = groups.includes(NODES) && asked.subjectName.getField('CN')[0] === username;
  return groups.includes(JOINING) || groups.includes('system:masters') || renews;
}

/** The identity of a node and nothing else: kube's IsKubeletClientCSR. */
export function isClientOfNode({ subjectName, extensions }: Asked, usages: readonly string[]): boolean {
  const organizations = subjectName.getField('O');
  return (
    organizations.length === 1 &&
    organizations[0] === NODES &&
    subjectName.getField('CN')[0]?.startsWith('system:node:') === true &&
    extensions.length === 0 &&
    ['digital signature', 'client auth'].every((usage) => usages.includes(usage)) &&
    usages.every((usage) => ['digital signature', 'client auth', 'key encipherment'].includes(usage))
  );
}
