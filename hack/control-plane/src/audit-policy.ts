/** What the audit log holds: every request of those who use the control plane, with the bodies that tests and measurements look at. */

/** The API group of crds/. */
const GROUP = 'provisioning.dpu.nvidia.com';
const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/**
 * audit.k8s.io/v1 Policy: requests and answers of writes to our kinds and to Nodes; of everything else who asked what (bodies would hold Secrets and
 * tokens). The control plane's own components, probes and the administrator's readiness checks are left out. The first rule that fits counts.
 */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    { level: 'None', users: ['system:apiserver', 'system:kube-controller-manager'] },
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
    { level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*'] },
    { level: 'RequestResponse', verbs: WRITES, resources: [{ group: GROUP }, { group: '', resources: ['nodes', 'nodes/status'] }] },
    { level: 'Metadata' },
  ],
};
