/** The flags of the three programs, as kubeadm sets them where that matters to who uses the API; sized for one machine. */

/** Soft limits of the Go heaps: a control plane takes about 600 MB at rest and stays below a gigabyte and a half. */
export const MEMORY = { etcd: '256MiB', 'kube-apiserver': '768MiB', 'kube-controller-manager': '256MiB' } as const;

export const SERVICE_ACCOUNT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** Data is not synced to disk: it is gone with the control plane anyway, and outlives every death of a process. */
export const etcdFlags = (folder: string, url: string, peerUrl: string): Record<string, string> => ({
  'data-dir': `${folder}/etcd`,
  'listen-client-urls': url,
  'advertise-client-urls': url,
  'listen-peer-urls': peerUrl,
  'initial-advertise-peer-urls': peerUrl,
  'initial-cluster': `default=${peerUrl}`,
  'unsafe-no-fsync': 'true',
  'log-level': 'warn',
});

export interface ApiServerFiles {
  serverCert: string;
  serverKey: string;
  ca: string;
  accountsKey: string;
  accountsPublicKey: string;
  auditPolicy: string;
  auditLog: string;
}

/** @param controllers whether a controller manager runs: without one nobody makes the service accounts that Pods are admitted with */
export const apiServerFlags = (port: number, etcd: string, files: ApiServerFiles, controllers: boolean): Record<string, string> => ({
  'etcd-servers': etcd,
  'bind-address': '127.0.0.1',
  'advertise-address': '127.0.0.1',
  'secure-port': String(port),
  // The Service `kubernetes` would need an endpoint that is not on loopback; nobody here reaches the API through it.
  'endpoint-reconciler-type': 'none',
  'tls-cert-file': files.serverCert,
  'tls-private-key-file': files.serverKey,
  'client-ca-file': files.ca,
  'service-account-key-file': files.accountsPublicKey,
  'service-account-signing-key-file': files.accountsKey,
  'service-account-issuer': SERVICE_ACCOUNT_ISSUER,
  'service-cluster-ip-range': '10.96.0.0/16',
  'authorization-mode': 'Node,RBAC',
  'enable-bootstrap-token-auth': 'true',
  'enable-admission-plugins': 'NodeRestriction',
  // As kubeadm has it: agents are privileged Pods.
  'allow-privileged': 'true',
  ...(!controllers && { 'disable-admission-plugins': 'ServiceAccount' }),
  'audit-policy-file': files.auditPolicy,
  'audit-log-path': files.auditLog,
  // A line stands in the log before its answer is sent.
  'audit-log-mode': 'blocking',
  'audit-log-maxsize': '2000',
  profiling: 'false',
});

export interface ControllerManagerFiles {
  kubeconfig: string;
  ca: string;
  caKey: string;
  accountsKey: string;
}

export const controllerManagerFlags = (files: ControllerManagerFiles): Record<string, string> => ({
  kubeconfig: files.kubeconfig,
  'secure-port': '0',
  'root-ca-file': files.ca,
  'service-account-private-key-file': files.accountsKey,
  'cluster-signing-cert-file': files.ca,
  'cluster-signing-key-file': files.caKey,
  'use-service-account-credentials': 'true',
  'leader-elect': 'false',
  controllers: '*,bootstrap-signer-controller,token-cleaner-controller',
  profiling: 'false',
});
