/** Who asks: tokens of service accounts, reviews, bootstrap tokens, nobody. */
import type { Case, RequestStep } from '../case.ts';
import { ABSENT, ANY, exactly, has } from '../match.ts';
import { account, core, madeCore, podSpec, refusal } from './objects.ts';

const AUDIENCE = 'dpf-provisioning-agent';
const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const asked = (spec: Record<string, unknown>) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
const review = (spec: Record<string, unknown>, status: unknown, more: Partial<RequestStep> = {}): RequestStep => ({
  ask: `POST ${REVIEWS}`,
  body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec },
  code: 201,
  answer: { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', status },
  ...more,
});
const pod = madeCore('{core}/pods', 'Pod', podSpec({ nodeName: 'n1' }));
const bound = { kind: 'Pod', apiVersion: 'v1', name: '{name}', uid: '{uid}' };
const request = (spec: Record<string, unknown>, more: Partial<RequestStep> = {}): RequestStep => ({
  ask: 'POST {core}/serviceaccounts/{name}/token',
  body: asked(spec),
  code: 201,
  keep: { token: 'status/token' },
  ...more,
});

export const identity: Case[] = [
  {
    says: 'a token is requested for an audience, bound to a Pod, and says when it ends',
    steps: [
      account,
      pod,
      request(
        { audiences: [AUDIENCE], expirationSeconds: 3600, boundObjectRef: bound },
        {
          answer: {
            kind: 'TokenRequest',
            apiVersion: 'authentication.k8s.io/v1',
            metadata: { name: '{name}', namespace: '{ns}', creationTimestamp: /Z$/ },
            spec: exactly({ audiences: [AUDIENCE], expirationSeconds: 3600, boundObjectRef: bound }),
            status: exactly({ token: /^[\w-]+\.[\w-]+\.[\w-]+$/, expirationTimestamp: /Z$/ }),
          },
        },
      ),
    ],
  },
  {
    says: 'a review tells who, in which Pod, on which node, and for which audience',
    steps: [
      { ...account, keep: { account: 'metadata/uid' } },
      pod,
      request({ audiences: [AUDIENCE], boundObjectRef: bound }),
      review(
        { token: '{token}', audiences: [AUDIENCE, 'another'] },
        exactly({
          authenticated: true,
          user: {
            username: 'system:serviceaccount:{ns}:{name}',
            uid: '{account}',
            groups: ['system:serviceaccounts', 'system:serviceaccounts:{ns}', 'system:authenticated'],
            extra: {
              'authentication.kubernetes.io/credential-id': [/^JTI=/],
              'authentication.kubernetes.io/node-name': ['n1'],
              'authentication.kubernetes.io/pod-name': ['{name}'],
              'authentication.kubernetes.io/pod-uid': ['{uid}'],
            },
          },
          audiences: [AUDIENCE],
        }),
      ),
    ],
  },
  {
    says: 'a token for one audience is none for another, nor for the API',
    steps: [
      account,
      request({ audiences: [AUDIENCE] }),
      review({ token: '{token}', audiences: ['another'] }, { authenticated: ABSENT, user: exactly({}), error: /audience/ }),
      review({ token: '{token}' }, { authenticated: ABSENT, error: ANY }),
      { ask: 'GET {core}/configmaps', as: '{token}', code: 401, answer: refusal(401, 'Unauthorized', 'Unauthorized') },
    ],
  },
  {
    says: 'a token without an audience is one for the API',
    steps: [
      account,
      request({}, { answer: { spec: { audiences: [/^https:/], expirationSeconds: 3600, boundObjectRef: null } } }),
      review({ token: '{token}' }, { authenticated: true, audiences: [/^https:/] }),
    ],
  },
  {
    says: 'a token is good for nothing once its Pod is gone',
    steps: [
      account,
      pod,
      request({ audiences: [AUDIENCE], boundObjectRef: bound }),
      { ask: 'DELETE {core}/pods/{name}', body: { gracePeriodSeconds: 0 }, code: 200 },
      review({ token: '{token}', audiences: [AUDIENCE] }, { authenticated: ABSENT, user: exactly({}), error: ANY }, { eventually: true }),
    ],
  },
  {
    says: 'a token is good for nothing once its account is gone',
    steps: [
      account,
      request({ audiences: [AUDIENCE] }),
      { ask: 'DELETE {core}/serviceaccounts/{name}', code: 200, answer: { kind: 'ServiceAccount', metadata: { name: '{name}' } } },
      review({ token: '{token}', audiences: [AUDIENCE] }, { authenticated: ABSENT, error: ANY }, { eventually: true }),
    ],
  },
  {
    says: 'a token is refused for a Pod that is not there, is another, or runs as somebody else',
    steps: [
      account,
      request(
        { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } },
        { code: 404, answer: refusal(404, 'NotFound', 'pods "none" not found', { name: 'none', kind: 'pods' }) },
      ),
      pod,
      request(
        { boundObjectRef: { ...bound, uid: 'another' } },
        { code: 409, answer: { reason: 'Conflict', details: { name: '{name}', kind: 'Pod' } } },
      ),
      { ask: 'POST {core}/serviceaccounts', body: core('ServiceAccount', {}, { name: 'other' }), code: 201 },
      {
        ask: 'POST {core}/serviceaccounts/other/token',
        body: asked({ boundObjectRef: bound }),
        code: 400,
        answer: refusal(
          400,
          'BadRequest',
          'cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.',
        ),
      },
    ],
  },
  {
    says: 'a token of less than ten minutes is Invalid, one for an account that is not there NotFound',
    steps: [
      account,
      request(
        { expirationSeconds: 10 },
        {
          code: 422,
          answer: {
            reason: 'Invalid',
            message: /spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes$/,
          },
        },
      ),
      {
        ask: 'POST {core}/serviceaccounts/none/token',
        body: asked({}),
        code: 404,
        answer: { reason: 'NotFound', message: 'serviceaccounts "none" not found' },
      },
    ],
  },
  {
    says: 'what is no token is not authenticated by a review',
    steps: [review({ token: 'garbage' }, { authenticated: ABSENT, user: exactly({}), error: /invalid bearer token/ })],
  },
  {
    says: 'a review without a token is refused',
    steps: [
      {
        ask: `POST ${REVIEWS}`,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: {} },
        code: 400,
        answer: refusal(400, 'BadRequest', 'token is required for TokenReview in authentication'),
      },
    ],
  },
  {
    says: 'a bearer token that is none is 401',
    steps: [{ ask: 'GET {core}/configmaps', as: 'garbage', code: 401, answer: refusal(401, 'Unauthorized', 'Unauthorized') }],
  },
  {
    says: 'nobody may read the version and whether the server is well, and nothing else',
    steps: [
      { ask: 'GET /version', as: 'nobody', code: 200, answer: { major: '1', minor: /^\d+/, gitVersion: /^v1\./ } },
      { ask: 'GET /healthz', as: 'nobody', code: 200, text: 'ok' },
      { ask: 'GET /readyz', as: 'nobody', code: 200, text: 'ok' },
      { ask: 'GET /livez', as: 'nobody', code: 200, text: 'ok' },
      {
        ask: 'GET {core}/configmaps',
        as: 'nobody',
        code: 403,
        answer: refusal(
          403,
          'Forbidden',
          'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "{ns}"',
          { kind: 'configmaps' },
        ),
      },
      {
        ask: 'GET /api/v1/nodes/{name}',
        as: 'nobody',
        code: 403,
        answer: refusal(
          403,
          'Forbidden',
          'nodes "{name}" is forbidden: User "system:anonymous" cannot get resource "nodes" in API group "" at the cluster scope',
          { name: '{name}', kind: 'nodes' },
        ),
      },
    ],
  },
  {
    says: 'nobody may read cluster-info, which carries the CA',
    steps: [
      {
        ask: 'GET /api/v1/namespaces/kube-public/configmaps/cluster-info',
        as: 'nobody',
        code: 200,
        answer: { data: { kubeconfig: /certificate-authority-data/ } },
        eventually: true,
      },
    ],
  },
  {
    says: 'a bootstrap token authenticates its group, until it expires',
    steps: [
      {
        ask: 'POST /api/v1/namespaces/kube-system/secrets',
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'bootstrap.kubernetes.io/token',
          metadata: { name: 'bootstrap-token-abc123' },
          stringData: {
            'token-id': 'abc123',
            'token-secret': '0123456789abcdef',
            'usage-bootstrap-authentication': 'true',
            'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
            expiration: '2099-01-01T00:00:00Z',
          },
        },
        code: 201,
      },
      {
        ask: 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
        as: 'abc123.0123456789abcdef',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        code: 201,
        answer: {
          status: {
            userInfo: {
              username: 'system:bootstrap:abc123',
              groups: has('system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'),
            },
          },
        },
        eventually: true,
      },
      {
        ask: 'PATCH /api/v1/namespaces/kube-system/secrets/bootstrap-token-abc123',
        type: 'application/merge-patch+json',
        body: { stringData: { expiration: '2001-01-01T00:00:00Z' } },
        code: 200,
      },
      {
        ask: 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
        as: 'abc123.0123456789abcdef',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        code: 401,
        eventually: true,
      },
    ],
  },
  {
    says: 'who am I, and may I',
    steps: [
      {
        ask: 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        code: 201,
        answer: {
          kind: 'SelfSubjectReview',
          metadata: { creationTimestamp: /Z$/ },
          status: { userInfo: { username: ANY, groups: has('system:masters', 'system:authenticated') } },
        },
      },
      {
        ask: 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { verb: 'list', resource: 'nodes' } },
        },
        code: 201,
        answer: { status: { allowed: true } },
      },
    ],
  },
];
