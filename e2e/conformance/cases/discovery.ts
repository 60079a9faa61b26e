/** What clients learn of the server before they ask it for anything. */
import type { Case } from '../case.ts';
import { ANY, exactly, has } from '../match.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export const discovery: Case[] = [
  { says: 'the core group has one version', steps: [{ ask: 'GET /api', code: 200, answer: { kind: 'APIVersions', versions: ['v1'] } }] },
  {
    says: 'the groups name their versions and the preferred one',
    steps: [
      {
        ask: 'GET /apis',
        code: 200,
        answer: {
          kind: 'APIGroupList',
          apiVersion: 'v1',
          groups: has(
            {
              name: 'example.com',
              versions: [{ groupVersion: 'example.com/v1', version: 'v1' }],
              preferredVersion: { groupVersion: 'example.com/v1', version: 'v1' },
            },
            { name: 'apps' },
            { name: 'coordination.k8s.io' },
            { name: 'apiextensions.k8s.io' },
          ),
        },
      },
    ],
  },
  {
    says: 'a group answers for itself',
    steps: [
      {
        ask: 'GET /apis/example.com',
        code: 200,
        answer: { kind: 'APIGroup', apiVersion: 'v1', name: 'example.com', preferredVersion: { version: 'v1' } },
      },
    ],
  },
  {
    says: 'the resources of a group name kind, scope, verbs, short names and subresources',
    steps: [
      {
        ask: 'GET /apis/example.com/v1',
        code: 200,
        answer: {
          kind: 'APIResourceList',
          groupVersion: 'example.com/v1',
          resources: has(
            {
              name: 'widgets',
              singularName: 'widget',
              namespaced: true,
              kind: 'Widget',
              verbs: has(...VERBS),
              shortNames: ['wd'],
              categories: ['all'],
            },
            { name: 'widgets/status', singularName: '', namespaced: true, kind: 'Widget', verbs: has('get', 'patch', 'update') },
          ),
        },
      },
    ],
  },
  {
    says: 'the core resources are there with their short names',
    steps: [
      {
        ask: 'GET /api/v1',
        code: 200,
        answer: {
          kind: 'APIResourceList',
          groupVersion: 'v1',
          resources: has(
            { name: 'nodes', singularName: 'node', namespaced: false, kind: 'Node', shortNames: ['no'], verbs: has(...VERBS) },
            { name: 'nodes/status', kind: 'Node' },
            { name: 'pods', namespaced: true, shortNames: ['po'], categories: ['all'] },
            { name: 'secrets', namespaced: true, kind: 'Secret' },
            { name: 'configmaps', shortNames: ['cm'] },
            { name: 'events', shortNames: ['ev'] },
            { name: 'serviceaccounts/token', group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
          ),
        },
      },
    ],
  },
  {
    says: 'aggregated discovery is one document per tree',
    steps: [
      {
        ask: 'GET /apis',
        accept: AGGREGATED,
        code: 200,
        answer: {
          kind: 'APIGroupDiscoveryList',
          apiVersion: 'apidiscovery.k8s.io/v2',
          items: has({
            metadata: { name: 'example.com' },
            versions: [
              {
                version: 'v1',
                freshness: 'Current',
                resources: [
                  {
                    resource: 'widgets',
                    responseKind: exactly({ group: 'example.com', version: 'v1', kind: 'Widget' }),
                    scope: 'Namespaced',
                    singularResource: 'widget',
                    verbs: has(...VERBS),
                    shortNames: ['wd'],
                    categories: ['all'],
                    subresources: [{ subresource: 'status', responseKind: { kind: 'Widget' }, verbs: has('get', 'patch', 'update') }],
                  },
                ],
              },
            ],
          }),
        },
        headers: { 'content-type': /^application\/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList/ },
      },
      {
        ask: 'GET /api',
        accept: AGGREGATED,
        code: 200,
        answer: { kind: 'APIGroupDiscoveryList', items: [{ versions: [{ version: 'v1' }] }] },
      },
    ],
  },
  {
    says: 'OpenAPI v3 has a document per group and version, with the schema of the kind',
    steps: [
      {
        ask: 'GET /openapi/v3',
        code: 200,
        answer: { paths: { 'apis/example.com/v1': { serverRelativeURL: /^\/openapi\/v3\/apis\/example.com\/v1\?hash=/ }, 'api/v1': ANY } },
        eventually: true,
      },
      {
        ask: 'GET /openapi/v3/apis/example.com/v1',
        code: 200,
        answer: {
          openapi: /^3\./,
          components: {
            schemas: {
              'com.example.v1.Widget': {
                description: 'A widget.',
                properties: { spec: { properties: { size: { description: 'How large.', maximum: 10 } } } },
                'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Widget', version: 'v1' }],
              },
            },
          },
        },
        eventually: true,
      },
    ],
  },
  {
    says: 'a definition is established with the names that it asked for',
    steps: [
      {
        ask: 'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com',
        code: 200,
        answer: {
          kind: 'CustomResourceDefinition',
          metadata: { generation: 1 },
          spec: {
            conversion: { strategy: 'None' },
            names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
          },
          status: {
            conditions: [
              { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
              { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' },
            ],
            storedVersions: ['v1'],
          },
        },
      },
    ],
  },
];
