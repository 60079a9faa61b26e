/** The programs of a control plane, and the Go packages that they are. */
export const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
} as const;

export type Program = keyof typeof PACKAGES;
export const PROGRAMS = Object.keys(PACKAGES) as Program[];
