/** Patches, the status subresource, dry runs. */
import type { Case } from '../case.ts';
import { ABSENT, ANY, exactly, has } from '../match.ts';
import { JSON_PATCH, MERGE, STRATEGIC, kindOfWidget, made, madeCore, ofWidget, patched, refusal, widget } from './objects.ts';

export const patches: Case[] = [
  {
    says: 'a merge patch sets, replaces lists as a whole, and removes with null',
    steps: [
      made({ name: 'abc', tags: ['a', 'b'] }, { labels: { x: '1', y: '2' } }),
      patched(
        { metadata: { labels: { x: null } }, spec: { tags: ['c'], low: 1, name: 'abc' } },
        {
          metadata: { labels: exactly({ y: '2' }), generation: 2 },
          spec: exactly({ size: 3, color: 'red', name: 'abc', tags: ['c'], low: 1 }),
        },
      ),
    ],
  },
  {
    says: 'labels and annotations do not raise the generation, the spec does',
    steps: [
      made(),
      patched({ metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } }, { metadata: { generation: 1 } }),
      patched({ spec: { size: 5 } }, { metadata: { generation: 2 } }),
    ],
  },
  {
    says: 'a merge patch that carries a resourceVersion is a compare-and-swap',
    steps: [
      made(),
      patched({ metadata: { resourceVersion: '{rv}' }, spec: { size: 4 } }),
      patched(
        { metadata: { resourceVersion: '{rv}' }, spec: { size: 5 } },
        refusal(
          409,
          'Conflict',
          'Operation cannot be fulfilled on widgets.example.com "{name}": the object has been modified; please apply your changes to the latest version and try again',
          ofWidget,
        ),
        { code: 409 },
      ),
    ],
  },
  {
    says: 'a merge patch of the status that carries an old resourceVersion is a conflict',
    steps: [
      made(),
      patched({ spec: { size: 4 } }),
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { metadata: { resourceVersion: '{rv}' }, status: { phase: 'A' } },
        code: 409,
        answer: { reason: 'Conflict', details: ofWidget },
      },
    ],
  },
  {
    says: 'a patch with another uid is refused',
    steps: [
      made(),
      patched(
        { metadata: { uid: 'other' } },
        {
          reason: 'Invalid',
          message: 'Widget.example.com "{name}" is invalid: metadata.uid: Invalid value: "other": field is immutable',
          // A real server names the fault twice.
          details: {
            ...kindOfWidget,
            causes: has({ reason: 'FieldValueInvalid', message: 'Invalid value: "other": field is immutable', field: 'metadata.uid' }),
          },
        },
        { code: 422 },
      ),
    ],
  },
  {
    says: 'a patch with another name is a bad request',
    steps: [
      made(),
      patched(
        { metadata: { name: 'other' } },
        refusal(400, 'BadRequest', 'the name of the object (other) does not match the name on the URL ({name})'),
        { code: 400 },
      ),
    ],
  },
  {
    says: 'a patch of what is not there is NotFound',
    steps: [patched({}, refusal(404, 'NotFound', 'widgets.example.com "{name}" not found', ofWidget), { code: 404 })],
  },
  {
    says: 'a JSON patch tests, adds, replaces and removes',
    steps: [
      made({ tags: ['a'] }),
      {
        ask: 'PATCH {widgets}/{name}',
        type: JSON_PATCH,
        body: [
          { op: 'test', path: '/spec/size', value: 3 },
          { op: 'replace', path: '/spec/size', value: 4 },
          { op: 'add', path: '/spec/tags/-', value: 'b' },
          { op: 'add', path: '/metadata/annotations', value: { 'a/b': 'c' } },
          { op: 'remove', path: '/spec/color' },
        ],
        code: 200,
        answer: { metadata: { annotations: { 'a/b': 'c' } }, spec: exactly({ size: 4, tags: ['a', 'b'], color: 'red' }) },
      },
    ],
  },
  {
    says: 'a JSON patch whose test fails is Invalid and changes nothing',
    steps: [
      made(),
      {
        ask: 'PATCH {widgets}/{name}',
        type: JSON_PATCH,
        body: [
          { op: 'replace', path: '/spec/size', value: 4 },
          { op: 'test', path: '/metadata/resourceVersion', value: '1' },
        ],
        code: 422,
        answer: refusal(422, 'Invalid', 'the server rejected our request due to an error in our request', {}),
      },
      { ask: 'GET {widgets}/{name}', code: 200, answer: { metadata: { resourceVersion: '{rv}' } } },
    ],
  },
  {
    says: 'a strategic merge patch is no patch for a custom resource',
    steps: [
      made(),
      {
        ask: 'PATCH {widgets}/{name}',
        type: STRATEGIC,
        body: { spec: { size: 4 } },
        code: 415,
        answer: refusal(
          415,
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        ),
      },
    ],
  },
  {
    says: 'plain JSON is no patch',
    steps: [
      madeCore('{core}/configmaps', 'ConfigMap'),
      {
        ask: 'PATCH {core}/configmaps/{name}',
        type: 'application/json',
        body: {},
        code: 415,
        answer: refusal(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {}),
      },
    ],
  },
  {
    says: 'a body of an unknown media type is refused',
    steps: [
      {
        ask: 'POST {widgets}',
        type: 'text/plain',
        body: 'x',
        code: 415,
        answer: {
          kind: 'Status',
          reason: 'UnsupportedMediaType',
          code: 415,
          message: /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml/,
        },
      },
    ],
  },
  {
    says: 'what is no JSON is a bad request',
    steps: [
      { ask: 'POST {widgets}', body: '{"apiVersion": ', code: 400, answer: { kind: 'Status', reason: 'BadRequest', code: 400 } },
      { ask: 'POST {core}/configmaps', body: '{bad', code: 400, answer: { kind: 'Status', reason: 'BadRequest', code: 400 } },
      made(),
      patched('{bad' as never, { kind: 'Status', code: 400 }, { code: 400 }),
    ],
  },
  {
    says: 'YAML is taken as well as JSON',
    steps: [
      {
        ask: 'POST {widgets}',
        type: 'application/yaml',
        body: 'apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: {name}\nspec:\n  size: 3\n',
        code: 201,
        answer: { spec: { size: 3 } },
      },
    ],
  },
  {
    says: 'the status subresource writes status alone, and the main resource everything else',
    steps: [
      made({}, { labels: { a: 'b' } }),
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { metadata: { labels: { a: 'c' }, annotations: { x: 'y' } }, spec: { size: 9 }, status: { phase: 'A' } },
        code: 200,
        answer: { metadata: { generation: 1, labels: { a: 'b' }, annotations: ABSENT }, spec: { size: 3 }, status: { phase: 'A' } },
      },
      patched({ spec: { size: 4 }, status: { phase: 'B' } }, { metadata: { generation: 2 }, spec: { size: 4 }, status: { phase: 'A' } }),
    ],
  },
  {
    says: 'PUT of the status subresource needs the present resourceVersion and takes the status alone',
    steps: [
      made(),
      {
        ask: 'PUT {widgets}/{name}/status',
        body: { ...widget({ size: 9 }, { resourceVersion: '{rv}' }), status: { phase: 'A' } },
        code: 200,
        answer: { metadata: { generation: 1 }, spec: { size: 3 }, status: exactly({ phase: 'A' }) },
      },
      {
        ask: 'PUT {widgets}/{name}/status',
        body: { ...widget({}, { resourceVersion: '{rv}' }), status: { phase: 'B' } },
        code: 409,
        answer: { reason: 'Conflict' },
      },
      { ask: 'GET {widgets}/{name}/status', code: 200, answer: { kind: 'Widget', status: { phase: 'A' } } },
    ],
  },
  {
    says: 'a dry run answers like the write and leaves nothing behind: create, patch, replace and delete',
    steps: [
      {
        ask: 'POST {widgets}?dryRun=All',
        body: widget(),
        code: 201,
        answer: { metadata: { uid: ANY, generation: 1 }, spec: { color: 'red' } },
      },
      { ask: 'GET {widgets}/{name}', code: 404 },
      made(),
      {
        ask: 'PATCH {widgets}/{name}?dryRun=All',
        type: MERGE,
        body: { spec: { size: 5 } },
        code: 200,
        answer: { spec: { size: 5 }, metadata: { generation: 2 } },
      },
      {
        ask: 'PUT {widgets}/{name}?dryRun=All',
        body: widget({ size: 6 }, { resourceVersion: '{rv}' }),
        code: 200,
        answer: { spec: { size: 6 } },
      },
      { ask: 'DELETE {widgets}/{name}?dryRun=All', code: 200 },
      { ask: 'GET {widgets}/{name}', code: 200, answer: { metadata: { resourceVersion: '{rv}', generation: 1 }, spec: { size: 3 } } },
      { ask: 'POST {widgets}?dryRun=All', body: widget(), code: 409, answer: { reason: 'AlreadyExists' } },
    ],
  },
  {
    says: 'a dryRun that is not All is refused',
    steps: [
      {
        ask: 'POST {widgets}?dryRun=Some',
        body: widget(),
        code: 422,
        answer: {
          reason: 'Invalid',
          message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
        },
      },
    ],
  },
];
