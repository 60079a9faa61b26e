/** How a machine joins: bootstrap token, signing request, certificate; roles where they are enforced. */
import type { Case } from '../case.ts';
import { ABSENT, has } from '../match.ts';
import { MERGE } from './objects.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const TOKEN = 'join01.0123456789abcdef';
/** A request (PKCS#10, base64 of its PEM) for O=system:nodes, CN=system:node:conformance; its key is nowhere. */
const REQUEST =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIMU1JR2JBZ0VBTURreEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVnTUI0R0ExVUVBd3dYYzNsegpkR1Z0T201dlpHVTZZMjl1Wm05eWJXRnVZMlV3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVQrCkVQTU1oQktjWkxESjVlbk5pdjJaUm5nSVRJYVM1WXJicVo0VHVCNUhqU0VhSkNyK0tMSlB4N2g5cEVtUWFzMEEKNWZvNzN2VnQyZUg0a00yOGZQZmZvQUF3Q2dZSUtvWkl6ajBFQXdJRFNRQXdSZ0loQUk1VDdNK3oxUzBNelFkZgorRDZvYml6L3BtMm15NVVIY1FoNUNNdFlFeHJFQWlFQStWVzBvUmIySDNDSVlJT2JHemF0V2h5MFA4aVZDK0I1CjQ2a0d6d3dqTHdvPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';
const csr = (name: string, signerName: string) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: { request: REQUEST, signerName, usages: ['digital signature', 'client auth'] },
});
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet';

export const joining: Case[] = [
  {
    says: 'a bootstrap token asks for a certificate, which is approved and signed, and may do little else',
    steps: [
      {
        ask: `POST ${SECRETS}`,
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'bootstrap.kubernetes.io/token',
          metadata: { name: 'bootstrap-token-join01' },
          stringData: {
            'token-id': 'join01',
            'token-secret': '0123456789abcdef',
            'usage-bootstrap-authentication': 'true',
            'usage-bootstrap-signing': 'true',
            'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
          },
        },
        code: 201,
      },
      { ask: 'GET /api/v1/nodes/none', as: TOKEN, code: 404, eventually: true },
      {
        ask: 'GET /api/v1/nodes',
        as: TOKEN,
        code: 403,
        answer: { reason: 'Forbidden', message: /^nodes is forbidden: User "system:bootstrap:join01" cannot list resource "nodes"/ },
      },
      { ask: 'GET {core}/secrets', as: TOKEN, code: 403 },
      {
        ask: `POST ${CSRS}`,
        as: TOKEN,
        body: csr('{name}', KUBELET),
        code: 201,
        answer: {
          spec: {
            username: 'system:bootstrap:join01',
            groups: has('system:bootstrappers:kubeadm:default-node-token'),
            signerName: KUBELET,
          },
          status: {},
        },
      },
      {
        ask: `GET ${CSRS}/{name}`,
        as: TOKEN,
        code: 200,
        answer: {
          status: { conditions: has({ type: 'Approved', status: 'True', reason: 'AutoApproved' }), certificate: /^LS0tLS1CRUdJTi/ },
        },
        eventually: true,
      },
      { ask: `GET ${CSRS}?limit=500`, code: 200, answer: { items: has({ metadata: { name: '{name}' } }) } },
      {
        ask: 'GET /api/v1/namespaces/kube-public/configmaps/cluster-info',
        as: 'nobody',
        code: 200,
        answer: { data: { 'jws-kubeconfig-join01': /^[\w-]+\.\.[\w-]+$/ } },
        eventually: true,
      },
      { ask: `DELETE ${SECRETS}/bootstrap-token-join01`, code: 200 },
      { ask: 'GET /api/v1/nodes/none', as: TOKEN, code: 401, eventually: true },
    ],
  },
  {
    says: 'a signing request for another signer waits for a person, who approves it through its subresource',
    steps: [
      { ask: `POST ${CSRS}`, body: csr('{name}', 'example.com/nobody'), code: 201, keep: { rv: 'metadata/resourceVersion' } },
      {
        ask: `PUT ${CSRS}/{name}/approval`,
        body: {
          ...csr('{name}', 'example.com/nobody'),
          metadata: { name: '{name}', resourceVersion: '{rv}' },
          status: { conditions: [{ type: 'Approved', status: 'True', reason: 'ByHand', message: 'it is ours' }] },
        },
        code: 200,
        answer: { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'ByHand' }], certificate: ABSENT } },
      },
      {
        ask: `PATCH ${CSRS}/{name}`,
        type: MERGE,
        body: { spec: { signerName: 'example.com/other' } },
        code: 200,
        answer: { spec: { signerName: 'example.com/nobody' } },
      },
      { ask: `DELETE ${CSRS}/{name}`, code: 200 },
    ],
  },
  {
    says: 'a role binding grants what its role allows',
    only: { side: 'real', because: 'the embedded server has no RBAC: whoever it knows may do everything' },
    steps: [
      { ask: 'POST {core}/serviceaccounts', body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: '{name}' } }, code: 201 },
      {
        ask: 'POST {core}/serviceaccounts/{name}/token',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
        code: 201,
        keep: { token: 'status/token' },
      },
      { ask: 'GET {widgets}', as: '{token}', code: 403, answer: { reason: 'Forbidden' } },
      {
        ask: `POST ${BINDINGS}`,
        body: {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          metadata: { name: '{name}' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'ServiceAccount', name: '{name}', namespace: '{ns}' }],
        },
        code: 201,
      },
      { ask: 'GET {widgets}', as: '{token}', code: 200, eventually: true },
    ],
  },
];
