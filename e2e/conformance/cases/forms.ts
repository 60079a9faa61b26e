/** The forms of answers: Tables, metadata alone, what is not there, what is not allowed. */
import type { Case } from '../case.ts';
import { ABSENT, ANY, exactly } from '../match.ts';
import { TABLE, made, ofWidget, refusal, widget } from './objects.ts';

export const forms: Case[] = [
  {
    says: 'a Table has the columns of the definition, and metadata of each object',
    steps: [
      made(),
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: 'application/merge-patch+json',
        body: { status: { phase: 'A', conditions: [{ type: 'Ready', status: 'True' }] } },
        code: 200,
      },
      {
        ask: 'GET {widgets}',
        accept: TABLE,
        code: 200,
        answer: {
          kind: 'Table',
          apiVersion: 'meta.k8s.io/v1',
          metadata: { resourceVersion: /^\d+$/ },
          columnDefinitions: [
            exactly({ name: 'Name', type: 'string', format: 'name', description: ANY, priority: 0 }),
            exactly({ name: 'Size', type: 'integer', format: '', description: ANY, priority: 0 }),
            exactly({ name: 'Phase', type: 'string', format: '', description: ANY, priority: 0 }),
            exactly({ name: 'Color', type: 'string', format: '', description: ANY, priority: 1 }),
            exactly({ name: 'Ready', type: 'string', format: '', description: ANY, priority: 0 }),
            exactly({ name: 'Age', type: 'date', format: '', description: ANY, priority: 0 }),
          ],
          rows: [
            {
              cells: ['{name}', 3, 'A', 'red', 'True', /^\d+s$/],
              object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: '{name}' }, spec: ABSENT },
            },
          ],
        },
        headers: { 'content-type': 'application/json' },
      },
      {
        ask: 'GET {widgets}/{name}?includeObject=Object',
        accept: TABLE,
        code: 200,
        answer: { rows: [{ object: { kind: 'Widget', spec: { size: 3 } } }] },
      },
      { ask: 'GET {widgets}/{name}?includeObject=None', accept: TABLE, code: 200, answer: { rows: [{ cells: ANY, object: null }] } },
    ],
  },
  {
    says: 'what a column does not find is null',
    steps: [
      made(),
      { ask: 'GET {widgets}/{name}', accept: TABLE, code: 200, answer: { rows: [{ cells: ['{name}', 3, null, 'red', null, /s$/] }] } },
    ],
  },
  {
    says: 'PartialObjectMetadata is the metadata alone, of one and of a list',
    steps: [
      made(),
      {
        ask: 'GET {widgets}/{name}',
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
        code: 200,
        answer: exactly({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: ANY }),
      },
      {
        ask: 'GET {widgets}',
        accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
        code: 200,
        answer: {
          kind: 'PartialObjectMetadataList',
          apiVersion: 'meta.k8s.io/v1',
          items: [{ metadata: { name: '{name}' }, spec: ABSENT }],
        },
      },
    ],
  },
  {
    says: 'a form that there is not is not acceptable',
    steps: [
      {
        ask: 'GET {widgets}',
        accept: 'text/csv',
        code: 406,
        answer: {
          kind: 'Status',
          reason: 'NotAcceptable',
          code: 406,
          message: /^only the following media types are accepted: application\/json/,
        },
      },
    ],
  },
  {
    says: 'any form is JSON',
    steps: [
      { ask: 'GET {widgets}', accept: '*/*', code: 200, answer: { kind: 'WidgetList' }, headers: { 'content-type': 'application/json' } },
    ],
  },
  {
    says: 'what is not there is NotFound; what is no resource is a plain 404',
    steps: [
      { ask: 'GET {widgets}/{name}', code: 404, answer: refusal(404, 'NotFound', 'widgets.example.com "{name}" not found', ofWidget) },
      { ask: 'GET /apis/example.com/v1/namespaces/{ns}/gadgets', code: 404, text: '404 page not found\n' },
      { ask: 'GET /apis/example.com/v9/widgets', code: 404, text: '404 page not found\n' },
      { ask: 'GET {core}/gadgets', code: 404, answer: refusal(404, 'NotFound', 'the server could not find the requested resource', {}) },
      { ask: 'GET /no/such/path', code: 404, text: /^404 page not found|"paths"/ },
    ],
  },
  {
    says: 'a subresource that there is not is NotFound',
    steps: [made(), { ask: 'GET {widgets}/{name}/scale', code: 404, answer: { reason: 'NotFound' } }],
  },
  {
    says: 'an object by its path is answered once, also where a watch is asked for',
    steps: [made(), { ask: 'GET {widgets}/{name}?watch=1', code: 200, answer: { kind: 'Widget' } }],
  },
  {
    says: 'a method that a path does not take is not allowed',
    steps: [
      {
        ask: 'POST {core}/configmaps/{name}',
        body: widget(),
        code: 405,
        answer: refusal(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
      },
      { ask: 'POST /api/v1/configmaps', body: widget(), code: 405, answer: { reason: 'MethodNotAllowed' } },
    ],
  },
];
