/** What the control plane does with a signing request: approves those of nodes, signs what is approved, forgets what is old. */
import { ExtendedKeyUsage, type Pkcs10CertificateRequest } from '@peculiar/x509';
import { at, type KubeObject } from '../objects.ts';
import { conditionsOf, hasCondition, requestOf } from './resource.ts';

const CLIENT_OF_NODE = 'kubernetes.io/kube-apiserver-client-kubelet';
/** Signers whose certificates the API server takes for its clients. */
const SIGNERS = [CLIENT_OF_NODE, 'kubernetes.io/kube-apiserver-client'];
/** The group of kubeadm's bootstrap tokens: its ClusterRoleBinding kubeadm:node-autoapprove-bootstrap. */
export const JOINING = 'system:bootstrappers:kubeadm:default-node-token';
/** Nodes renew their own: kubeadm:node-autoapprove-certificate-rotation. */
const NODES = 'system:nodes';

const HOUR_MS = 3_600_000;
const PENDING_MS = 24 * HOUR_MS;
const ANSWERED_MS = HOUR_MS;

export type Verdict = 'approve' | 'sign' | 'forget';

/** Usages in the certificate's terms. */
export const EXTENDED: Record<string, string> = { 'client auth': ExtendedKeyUsage.clientAuth, 'server auth': ExtendedKeyUsage.serverAuth };

/** What is to be done now; undefined: nothing (kube-controller-manager's csrapproving, csrsigning and csrcleaner). */
export function judge(object: KubeObject, now: Date): Verdict | undefined {
  const created = Date.parse(object.metadata.creationTimestamp ?? '');
  const answered = conditionsOf(object).length > 0;
  if (now.getTime() - created > (answered ? ANSWERED_MS : PENDING_MS)) return 'forget';
  const signerName = String(at(object, 'spec', 'signerName'));
  if (!answered) return signerName === CLIENT_OF_NODE && mayBeApproved(object) ? 'approve' : undefined;
  const open = hasCondition(object, 'Approved') && !hasCondition(object, 'Denied', 'Failed') && !at(object, 'status', 'certificate');
  return open && SIGNERS.includes(signerName) ? 'sign' : undefined;
}

function mayBeApproved(object: KubeObject): boolean {
  const groups = (at(object, 'spec', 'groups') ?? []) as string[];
  const request = requestOf(object);
  if (!isForNode(request, (at(object, 'spec', 'usages') ?? []) as string[])) return false;
  return (
    groups.includes(JOINING) ||
    groups.includes('system:masters') ||
    (groups.includes(NODES) && commonName(request) === at(object, 'spec', 'username'))
  );
}

const commonName = (request: Pkcs10CertificateRequest): string | undefined => request.subjectName.getField('CN')[0];

/** The identity of a node and nothing else: kube's IsKubeletClientCSR. */
export function isForNode(request: Pkcs10CertificateRequest, usages: readonly string[]): boolean {
  const organizations = request.subjectName.getField('O');
  return (
    organizations.length === 1 &&
    organizations[0] === NODES &&
    commonName(request)?.startsWith('system:node:') === true &&
    request.extensions.length === 0 &&
    ['digital signature', 'client auth'].every((usage) => usages.includes(usage)) &&
    usages.every((usage) => ['digital signature', 'client auth', 'key encipherment'].includes(usage))
  );
}
