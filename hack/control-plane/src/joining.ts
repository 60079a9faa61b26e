/** What `kubeadm init` makes so that machines can join with a bootstrap token (kubeadm: phases/bootstraptoken). */
import { clusterInfoKubeconfig } from '@dpf/pki';
import type { Client } from './client.ts';

const RBAC = 'rbac.authorization.k8s.io';
const RBAC_PATH = `/apis/${RBAC}/v1`;
/** The group that kubeadm's tokens carry (`auth-extra-groups`). */
export const JOINING_GROUP = 'system:bootstrappers:kubeadm:default-node-token';

const group = (name: string) => ({ kind: 'Group', apiGroup: RBAC, name });
const bindClusterRole = (name: string, role: string, subject: string) => ({
  metadata: { name },
  roleRef: { kind: 'ClusterRole', apiGroup: RBAC, name: role },
  subjects: [group(subject)],
});

const APPROVAL = 'system:certificates.k8s.io:certificatesigningrequests';
const CLUSTER_BINDINGS = [
  bindClusterRole('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', JOINING_GROUP),
  bindClusterRole('kubeadm:node-autoapprove-bootstrap', `${APPROVAL}:nodeclient`, JOINING_GROUP),
  bindClusterRole('kubeadm:node-autoapprove-certificate-rotation', `${APPROVAL}:selfnodeclient`, 'system:nodes'),
  bindClusterRole('kubeadm:get-nodes', 'kubeadm:get-nodes', JOINING_GROUP),
];

/** Writes kube-public/cluster-info, readable by anybody, and lets holders of a token ask for a node's certificate, which is approved by itself. */
export async function allowJoining(admin: Client, url: string, caPem: string): Promise<void> {
  const name = 'kubeadm:bootstrap-signer-clusterinfo';
  await Promise.all([
    admin.demand('POST', '/api/v1/namespaces/kube-public/configmaps', {
      metadata: { name: 'cluster-info' },
      data: { kubeconfig: clusterInfoKubeconfig(url, caPem) },
    }),
    admin.demand('POST', `${RBAC_PATH}/namespaces/kube-public/roles`, {
      metadata: { name },
      rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['cluster-info'], verbs: ['get'] }],
    }),
    admin.demand('POST', `${RBAC_PATH}/namespaces/kube-public/rolebindings`, {
      metadata: { name },
      roleRef: { kind: 'Role', apiGroup: RBAC, name },
      subjects: [{ kind: 'User', apiGroup: RBAC, name: 'system:anonymous' }],
    }),
    admin.demand('POST', `${RBAC_PATH}/clusterroles`, {
      metadata: { name: 'kubeadm:get-nodes' },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
    }),
    ...CLUSTER_BINDINGS.map((binding) => admin.demand('POST', `${RBAC_PATH}/clusterrolebindings`, binding)),
  ]);
}
