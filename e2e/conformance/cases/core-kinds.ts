/** What built-in kinds do of themselves. */
import type { Case, RequestStep } from '../case.ts';
import { ABSENT, ANY, exactly, has } from '../match.ts';
import { MERGE, STRATEGIC, core, madeCore, refusal } from './objects.ts';

const strategic = (path: string, body: unknown, answer: unknown): RequestStep => ({
  ask: `PATCH ${path}`,
  type: STRATEGIC,
  body,
  code: 200,
  answer,
});
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases';
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: '{name}' },
  spec: { holderIdentity: 'a', leaseDurationSeconds: 40, renewTime: '2026-01-02T03:04:05.678901Z' },
};
const about = { kind: 'Pod', namespace: '{ns}', name: 'p', uid: 'u-{ns}' };
const csr = (more: Record<string, unknown>) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: '{name}' },
  spec: {
    request: 'bm90IGEgcmVxdWVzdA==',
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
    ...more,
  },
});

export const coreKinds: Case[] = [
  {
    says: 'the namespaces of every cluster are there and active',
    steps: ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
      ask: `GET /api/v1/namespaces/${name}`,
      code: 200,
      answer: {
        metadata: { labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      },
    })),
  },
  {
    says: 'stringData of a Secret becomes data, and its type is Opaque',
    steps: [
      {
        ask: 'POST {core}/secrets',
        body: core('Secret', { stringData: { a: 'b' }, data: { c: 'ZA==' } }),
        code: 201,
        answer: { type: 'Opaque', data: exactly({ a: 'Yg==', c: 'ZA==' }), stringData: ABSENT },
      },
    ],
  },
  {
    says: 'the type of a Secret is fixed',
    steps: [
      madeCore('{core}/secrets', 'Secret'),
      {
        ask: 'PATCH {core}/secrets/{name}',
        type: MERGE,
        body: { type: 'other' },
        code: 422,
        answer: { reason: 'Invalid', message: 'Secret "{name}" is invalid: type: Invalid value: "other": field is immutable' },
      },
    ],
  },
  {
    says: 'data of a Secret must be base64',
    steps: [{ ask: 'POST {core}/secrets', body: core('Secret', { data: { a: '!' } }), code: 400, answer: { reason: 'BadRequest' } }],
  },
  {
    says: 'an immutable ConfigMap keeps its data, and takes labels',
    steps: [
      madeCore('{core}/configmaps', 'ConfigMap', { data: { a: 'b' }, immutable: true }),
      {
        ask: 'PATCH {core}/configmaps/{name}',
        type: MERGE,
        body: { data: { a: 'c' } },
        code: 422,
        answer: { message: 'ConfigMap "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set' },
      },
      { ask: 'PATCH {core}/configmaps/{name}', type: MERGE, body: { metadata: { labels: { x: 'y' } } }, code: 200 },
    ],
  },
  {
    says: 'a Node keeps the status that it is created with and has no generation',
    steps: [
      {
        ask: 'POST /api/v1/nodes',
        body: core('Node', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
        code: 201,
        answer: { metadata: { generation: ABSENT, namespace: ABSENT }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      },
      {
        ask: 'PATCH /api/v1/nodes/{name}',
        type: MERGE,
        body: { spec: { unschedulable: true }, status: { conditions: null } },
        code: 200,
        answer: { spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready' }] } },
      },
      {
        ask: 'PATCH /api/v1/nodes/{name}/status',
        type: MERGE,
        body: { metadata: { labels: { kept: 'yes' } }, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] } },
        code: 200,
        answer: { metadata: { labels: { kept: 'yes' } } },
      },
    ],
  },
  {
    says: 'a strategic merge patch merges taints not at all, addresses and conditions by type, finalizers as a set',
    steps: [
      madeCore('/api/v1/nodes', 'Node', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }, { finalizers: ['a/b'] }),
      strategic(
        '/api/v1/nodes/{name}',
        { spec: { taints: [{ key: 'b', effect: 'NoExecute' }] } },
        { spec: { taints: [{ key: 'b', effect: 'NoExecute' }] } },
      ),
      strategic(
        '/api/v1/nodes/{name}/status',
        { status: { addresses: [{ type: 'InternalIP', address: '1' }] } },
        { status: { addresses: [{ type: 'InternalIP', address: '1' }] } },
      ),
      strategic(
        '/api/v1/nodes/{name}/status',
        { status: { addresses: [{ type: 'Hostname', address: 'h' }] } },
        { status: { addresses: has({ type: 'InternalIP' }, { type: 'Hostname' }) } },
      ),
      strategic(
        '/api/v1/nodes/{name}/status',
        { status: { addresses: [{ $patch: 'delete', type: 'InternalIP' }] } },
        { status: { addresses: [{ type: 'Hostname' }] } },
      ),
      strategic('/api/v1/nodes/{name}', { metadata: { finalizers: ['c/d'] } }, { metadata: { finalizers: has('a/b', 'c/d') } }),
      strategic(
        '/api/v1/nodes/{name}',
        { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/b', 'c/d'] } },
        { metadata: { finalizers: ABSENT } },
      ),
    ],
  },
  {
    says: 'a taint compare-and-swap on a Node is refused from an old version',
    steps: [
      madeCore('/api/v1/nodes', 'Node'),
      { ask: 'PATCH /api/v1/nodes/{name}', type: MERGE, body: { metadata: { labels: { moved: 'on' } } }, code: 200 },
      {
        ask: 'PATCH /api/v1/nodes/{name}',
        type: MERGE,
        body: { metadata: { resourceVersion: '{rv}' }, spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
        code: 409,
        answer: refusal(
          409,
          'Conflict',
          'Operation cannot be fulfilled on nodes "{name}": the object has been modified; please apply your changes to the latest version and try again',
          { name: '{name}', kind: 'nodes' },
        ),
      },
    ],
  },
  {
    says: 'one Event is served under two APIs',
    steps: [
      {
        ask: 'POST {core}/events',
        body: core('Event', {
          involvedObject: about,
          reason: 'R',
          message: 'm',
          type: 'Normal',
          count: 2,
          source: { component: 'c' },
          firstTimestamp: '2026-01-02T03:04:05Z',
          lastTimestamp: '2026-01-02T03:04:05Z',
        }),
        code: 201,
        answer: { kind: 'Event', involvedObject: about, eventTime: null, reportingComponent: '', reportingInstance: '' },
      },
      {
        ask: 'GET /apis/events.k8s.io/v1/namespaces/{ns}/events/{name}',
        code: 200,
        answer: { apiVersion: 'events.k8s.io/v1', regarding: about, note: 'm', deprecatedCount: 2, deprecatedSource: { component: 'c' } },
      },
      {
        ask: 'GET {core}/events?fieldSelector=involvedObject.uid%3Du-{ns}',
        code: 200,
        answer: { items: [{ metadata: { name: '{name}' } }] },
      },
      { ask: 'GET {core}/events?fieldSelector=reason%3Dother', code: 200, answer: { items: [] } },
    ],
  },
  {
    says: 'an Event of events.k8s.io is created and its series is patched',
    steps: [
      {
        ask: 'POST /apis/events.k8s.io/v1/namespaces/{ns}/events',
        body: {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { name: '{name}' },
          regarding: about,
          eventTime: '2026-01-02T03:04:05.000000Z',
          reason: 'R',
          action: 'A',
          note: 'n',
          type: 'Normal',
          reportingController: 'c.example.com/x',
          reportingInstance: 'i',
        },
        code: 201,
        answer: { regarding: about, note: 'n' },
      },
      {
        ask: 'PATCH /apis/events.k8s.io/v1/namespaces/{ns}/events/{name}',
        type: MERGE,
        body: { series: { count: 2, lastObservedTime: '2026-01-02T03:04:06.000000Z' } },
        code: 200,
        answer: { series: { count: 2, lastObservedTime: '2026-01-02T03:04:06.000000Z' } },
      },
      {
        ask: 'GET {core}/events/{name}',
        code: 200,
        answer: { involvedObject: about, message: 'n', reportingComponent: 'c.example.com/x', series: { count: 2 } },
      },
    ],
  },
  {
    says: 'an Event about an object of another namespace is Invalid',
    steps: [
      {
        ask: 'POST {core}/events',
        body: core('Event', { involvedObject: { ...about, namespace: 'kube-system' } }),
        code: 422,
        answer: {
          message: 'Event "{name}" is invalid: involvedObject.namespace: Invalid value: "kube-system": does not match event.namespace',
        },
      },
    ],
  },
  {
    says: 'a Lease is renewed by its version, and its times have microseconds',
    steps: [
      { ask: `POST ${LEASES}`, body: lease, code: 201, answer: { spec: exactly(lease.spec) }, keep: { rv: 'metadata/resourceVersion' } },
      {
        ask: `PUT ${LEASES}/{name}`,
        body: {
          ...lease,
          metadata: { name: '{name}', resourceVersion: '{rv}' },
          spec: { ...lease.spec, renewTime: '2026-01-02T03:04:06.000000Z' },
        },
        code: 200,
        answer: { spec: { renewTime: '2026-01-02T03:04:06.000000Z' } },
      },
      {
        ask: `PUT ${LEASES}/{name}`,
        body: { ...lease, metadata: { name: '{name}', resourceVersion: '{rv}' } },
        code: 409,
        answer: { reason: 'Conflict', details: { name: '{name}', group: 'coordination.k8s.io', kind: 'leases' } },
      },
      {
        ask: `PATCH ${LEASES}/{name}`,
        type: MERGE,
        body: { spec: { holderIdentity: 'b' } },
        code: 200,
        answer: { spec: { holderIdentity: 'b' } },
      },
    ],
  },
  {
    says: 'a Pod starts Pending whatever it says, with the defaults of its kind',
    steps: [
      { ask: 'POST {core}/serviceaccounts', body: core('ServiceAccount'), code: 201 },
      {
        ask: 'POST {core}/pods',
        body: core('Pod', {
          spec: { containers: [{ name: 'c', image: 'i' }], serviceAccountName: '{name}', automountServiceAccountToken: false },
          status: { phase: 'Running' },
        }),
        code: 201,
        answer: {
          metadata: { generation: 1 },
          spec: {
            restartPolicy: 'Always',
            terminationGracePeriodSeconds: 30,
            dnsPolicy: 'ClusterFirst',
            serviceAccountName: '{name}',
            serviceAccount: '{name}',
          },
          status: { phase: 'Pending' },
        },
      },
    ],
  },
  {
    says: 'a signing request that is none is Invalid',
    steps: [
      {
        ask: `POST ${CSRS}`,
        body: csr({}),
        code: 422,
        answer: { reason: 'Invalid', details: { kind: 'CertificateSigningRequest', causes: has({ field: 'spec.request' }) } },
      },
    ],
  },
  {
    says: 'a signing request without signer or usages is Invalid',
    steps: [
      {
        ask: `POST ${CSRS}`,
        body: csr({ signerName: undefined, usages: undefined }),
        code: 422,
        answer: { details: { causes: has({ field: 'spec.signerName' }, { field: 'spec.usages' }) } },
      },
    ],
  },
  {
    says: 'signing requests are listed',
    steps: [{ ask: `GET ${CSRS}`, code: 200, answer: { kind: 'CertificateSigningRequestList', items: ANY } }],
  },
];
