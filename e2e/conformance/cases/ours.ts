/** The forms in which our own programs ask: reflectors, event recorders, sweeps, the installation of definitions. */
import type { Case } from '../case.ts';
import { ABSENT, exactly, has } from '../match.ts';
import { APPLY, MERGE, applied, core, made, madeCore, widget } from './objects.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases';
const GROUP = '{ns}.example.org';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GADGETS = `/apis/${GROUP}/v1/namespaces/{ns}/gadgets`;
const about = { apiVersion: 'example.com/v1', kind: 'Widget', namespace: '{ns}', name: 'w', uid: 'u-{ns}' };

const definition = (maximum: number) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `gadgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'gadgets', kind: 'Gadget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer', maximum } } } } },
        },
      },
    ],
  },
});
const gadget = (name: string, size: number) => ({ apiVersion: `${GROUP}/v1`, kind: 'Gadget', metadata: { name }, spec: { size } });

export const ours: Case[] = [
  {
    says: 'a reflector of Nodes lists in pages and watches from the version of the list, with bookmarks',
    steps: [
      { ask: 'GET /api/v1/nodes?limit=500', code: 200, answer: { kind: 'NodeList' }, keep: { rv: 'metadata/resourceVersion' } },
      { watch: '/api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion={rv}&timeoutSeconds=300' },
      madeCore('/api/v1/nodes', 'Node', {}, { labels: { of: '{ns}' } }),
      { events: [{ type: 'ADDED', object: { kind: 'Node', apiVersion: 'v1', metadata: { name: '{name}' } } }], named: '{name}' },
      { ask: 'DELETE /api/v1/nodes/{name}', code: 200, answer: { status: 'Success', details: { name: '{name}', kind: 'nodes' } } },
    ],
  },
  {
    says: 'a reflector of one Secret sees that one alone',
    steps: [
      {
        ask: 'GET {core}/secrets?fieldSelector=metadata.name%3D{name}&limit=500',
        code: 200,
        answer: { items: [] },
        keep: { rv: 'metadata/resourceVersion' },
      },
      { watch: '{core}/secrets?watch=true&allowWatchBookmarks=true&resourceVersion={rv}&fieldSelector=metadata.name%3D{name}' },
      { ask: 'POST {core}/secrets', body: core('Secret', {}, { name: 'other', labels: { of: 'ours' } }), code: 201 },
      madeCore('{core}/secrets', 'Secret', { stringData: { a: 'b' } }),
      {
        ask: 'PATCH {core}/secrets/{name}',
        type: MERGE,
        body: { stringData: { a: 'c' } },
        code: 200,
        answer: { data: exactly({ a: 'Yw==' }) },
      },
      { ask: 'DELETE {core}/secrets/{name}', body: { preconditions: { uid: '{uid}' } }, code: 200 },
      {
        events: [
          { type: 'ADDED', object: { kind: 'Secret', metadata: { name: '{name}' }, data: { a: 'Yg==' } } },
          { type: 'MODIFIED', object: { data: { a: 'Yw==' } } },
          { type: 'DELETED', object: { metadata: { name: '{name}' } } },
        ],
        named: '{name}',
      },
      { ask: 'GET {core}/secrets?labelSelector=of%3Dours&limit=500', code: 200, answer: { items: [{ metadata: { name: 'other' } }] } },
      { ask: 'GET {core}/secrets?limit=500', code: 200, answer: { items: [{ metadata: { name: 'other' } }] } },
    ],
  },
  {
    says: 'an Event that happens again is counted by a patch',
    steps: [
      {
        ask: 'POST {core}/events',
        body: core('Event', {
          involvedObject: about,
          reason: 'R',
          message: 'm',
          type: 'Warning',
          count: 1,
          firstTimestamp: '2026-01-02T03:04:05Z',
          lastTimestamp: '2026-01-02T03:04:05Z',
          source: { component: 'dpu-controller' },
        }),
        code: 201,
      },
      {
        ask: 'PATCH {core}/events/{name}',
        type: MERGE,
        body: { count: 2, lastTimestamp: '2026-01-02T03:05:05Z' },
        code: 200,
        answer: { count: 2, firstTimestamp: '2026-01-02T03:04:05Z', lastTimestamp: '2026-01-02T03:05:05Z' },
      },
      { ask: 'GET {core}/events?limit=500', code: 200, answer: { items: has({ metadata: { name: '{name}' }, count: 2 }) } },
    ],
  },
  {
    says: 'every kind that we list is listed in pages, by label and by field',
    steps: [
      madeCore('{core}/configmaps', 'ConfigMap', {}, { labels: { of: 'ours' } }),
      {
        ask: 'GET {core}/configmaps?limit=500',
        code: 200,
        answer: { kind: 'ConfigMapList', items: has({ metadata: { name: '{name}' } }) },
      },
      {
        ask: `GET ${DEFINITIONS}?limit=500`,
        code: 200,
        answer: { kind: 'CustomResourceDefinitionList', items: has({ metadata: { name: 'widgets.example.com' } }) },
      },
      { ask: 'GET {core}/events?fieldSelector=involvedObject.uid%3Dnone&limit=500', code: 200, answer: { kind: 'EventList', items: [] } },
      { ask: `GET ${LEASES}?limit=500`, code: 200, answer: { kind: 'LeaseList', apiVersion: 'coordination.k8s.io/v1', items: [] } },
      {
        ask: 'GET /api/v1/namespaces?fieldSelector=metadata.name%3D{ns}&limit=500',
        code: 200,
        answer: { items: [{ metadata: { name: '{ns}' } }] },
      },
      {
        ask: 'GET /api/v1/namespaces?limit=500',
        code: 200,
        answer: { kind: 'NamespaceList', items: has({ metadata: { name: '{ns}' } }, { metadata: { name: 'default' } }) },
      },
      { ask: 'GET /api/v1/nodes?labelSelector=of%3Dnobody&limit=500', code: 200, answer: { kind: 'NodeList', items: [] } },
      { ask: 'GET {core}/pods?limit=500', code: 200, answer: { kind: 'PodList', items: [] } },
      { ask: 'GET {core}/pods?labelSelector=app%3Dnone&limit=500', code: 200, answer: { items: [] } },
      { ask: 'GET {core}/serviceaccounts?limit=500', code: 200, answer: { kind: 'ServiceAccountList' } },
    ],
  },
  {
    says: 'a reflector by label sees what is selected, from a version and from the state',
    steps: [
      { ...made({}, { labels: { of: 'ours' } }), keep: { first: 'metadata/resourceVersion' } },
      { ask: 'POST {widgets}', body: widget({}, { name: 'other' }), code: 201 },
      {
        watch:
          '{widgets}?watch=true&allowWatchBookmarks=true&labelSelector=of%3Dours&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion={first}',
      },
      {
        events: [
          { type: 'ADDED', object: { metadata: { name: '{name}' } } },
          { type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } },
        ],
      },
      { watch: '{widgets}?watch=true&allowWatchBookmarks=true&labelSelector=of%3Dours&resourceVersion={first}' },
      { ask: 'PATCH {widgets}/{name}', type: MERGE, body: { spec: { size: 8 } }, code: 200 },
      { events: [{ type: 'MODIFIED', object: { metadata: { name: '{name}' }, spec: { size: 8 } } }], named: '{name}' },
    ],
  },
  {
    says: 'an apply that does not force, and one of the status that does',
    steps: [
      applied('alice', { size: 3 }, { query: '&force=false', code: 201 }),
      applied('bob', { size: 4 }, { query: '&force=false', code: 409, answer: { reason: 'Conflict' } }),
      {
        ask: 'PATCH {widgets}/{name}/status?fieldManager=alice',
        type: APPLY,
        body: { apiVersion: 'example.com/v1', kind: 'Widget', status: { phase: 'A' } },
        code: 200,
      },
      {
        ask: 'PATCH {widgets}/{name}/status?fieldManager=bob&force=true',
        type: APPLY,
        body: { apiVersion: 'example.com/v1', kind: 'Widget', status: { phase: 'B' } },
        code: 200,
        answer: { status: { phase: 'B' }, metadata: { managedFields: has({ manager: 'bob', operation: 'Apply', subresource: 'status' }) } },
      },
    ],
  },
  {
    says: 'a Lease that is not there is NotFound, and one that is there is read',
    steps: [
      { ask: `GET ${LEASES}/{name}`, code: 404, answer: { reason: 'NotFound', message: 'leases.coordination.k8s.io "{name}" not found' } },
      {
        ask: `POST ${LEASES}`,
        body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: '{name}' }, spec: { holderIdentity: 'a' } },
        code: 201,
      },
      { ask: `GET ${LEASES}/{name}`, code: 200, answer: { spec: { holderIdentity: 'a' } } },
    ],
  },
  {
    says: 'an object is tried in a strict dry run',
    steps: [
      {
        ask: 'POST {widgets}?dryRun=All&fieldValidation=Strict',
        body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: '{name}' }, spec: { size: 3 } },
        code: 201,
        answer: { metadata: { name: '{name}' } },
      },
      { ask: 'GET {widgets}/{name}', code: 404 },
    ],
  },
  {
    says: 'a definition is applied, served, changed, and taken away with its objects',
    steps: [
      {
        kubectl: 'apply --server-side --force-conflicts -f -',
        stdin: definition(5),
        out: `customresourcedefinition.apiextensions.k8s.io/gadgets.${GROUP} serverside-applied\n`,
      },
      { kubectl: `wait --for=condition=Established crd/gadgets.${GROUP} --timeout=20s` },
      { ask: `POST ${GADGETS}`, body: gadget('one', 5), code: 201, answer: { metadata: { generation: 1 } }, eventually: true },
      { ask: `POST ${GADGETS}?dryRun=All`, body: gadget('two', 6), code: 422 },
      { kubectl: 'diff --server-side --force-conflicts -f -', stdin: definition(7), exit: 1, out: /\+ +maximum: 7\n/ },
      { kubectl: 'apply --server-side --force-conflicts -f -', stdin: definition(7) },
      { ask: `GET ${DEFINITIONS}/gadgets.${GROUP}`, code: 200, answer: { metadata: { generation: 2 } } },
      { ask: `POST ${GADGETS}?dryRun=All`, body: gadget('two', 6), code: 201, eventually: true },
      { ask: `PUT ${GADGETS}/one/status`, body: gadget('one', 5), code: 404 },
      { kubectl: `delete crd gadgets.${GROUP} --timeout=20s` },
      { ask: `GET ${GADGETS}`, code: 404, text: '404 page not found\n', eventually: true },
    ],
  },
  {
    says: 'without a status subresource the status is written with the rest, and counts as a change',
    steps: [
      {
        ask: `POST ${DEFINITIONS}`,
        body: {
          ...definition(5),
          spec: {
            ...definition(5).spec,
            versions: [
              {
                name: 'v1',
                served: true,
                storage: true,
                schema: {
                  openAPIV3Schema: {
                    type: 'object',
                    properties: {
                      spec: { type: 'object', properties: { size: { type: 'integer' } } },
                      status: { type: 'object', properties: { phase: { type: 'string' } } },
                    },
                  },
                },
              },
            ],
          },
        },
        code: 201,
      },
      {
        ask: `POST ${GADGETS}`,
        body: { ...gadget('one', 5), status: { phase: 'A' } },
        code: 201,
        answer: { status: { phase: 'A' } },
        eventually: true,
      },
      {
        ask: `PATCH ${GADGETS}/one`,
        type: MERGE,
        body: { status: { phase: 'B' } },
        code: 200,
        answer: { metadata: { generation: 2 }, status: { phase: 'B' } },
      },
      { ask: `DELETE ${DEFINITIONS}/gadgets.${GROUP}`, code: 200 },
    ],
  },
  ...(
    [
      ['another name than its plural and group', { metadata: { name: 'other.{ns}.example.org' } }, 'metadata.name'],
      ['no version', { spec: { ...definition(5).spec, versions: [] } }, 'spec.versions'],
      [
        'no schema',
        { spec: { ...definition(5).spec, versions: [{ name: 'v1', served: true, storage: true }] } },
        'spec.versions[0].schema.openAPIV3Schema',
      ],
      [
        'two storage versions',
        {
          spec: {
            ...definition(5).spec,
            versions: [
              { ...definition(5).spec.versions[0], name: 'v1' },
              { ...definition(5).spec.versions[0], name: 'v2' },
            ],
          },
        },
        'spec.versions',
      ],
    ] as const
  ).map(([what, change, field]): Case => ({
    says: `a definition with ${what} is Invalid`,
    steps: [
      {
        ask: `POST ${DEFINITIONS}`,
        body: { ...definition(5), ...change },
        code: 422,
        answer: {
          reason: 'Invalid',
          details: { causes: has({ field }), name: /./, kind: 'CustomResourceDefinition', group: 'apiextensions.k8s.io' },
          status: 'Failure',
          items: ABSENT,
        },
      },
    ],
  })),
];
