/** Create and replace. */
import type { Case } from '../case.ts';
import { ABSENT, exactly, has } from '../match.ts';
import { JSON_PATCH, MERGE, core, made, madeCore, ofWidget, patched, refusal, widget } from './objects.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const writes: Case[] = [
  {
    says: 'a new object gets uid, version, generation 1 and a time; a status that it brings is dropped',
    steps: [
      {
        ask: 'POST {widgets}',
        body: { ...widget(), status: { phase: 'A' } },
        code: 201,
        answer: {
          metadata: {
            name: '{name}',
            namespace: '{ns}',
            uid: UUID,
            resourceVersion: /^\d+$/,
            generation: 1,
            creationTimestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
            deletionTimestamp: ABSENT,
          },
          spec: exactly({ size: 3, color: 'red' }),
          status: ABSENT,
        },
      },
    ],
  },
  {
    says: 'uid, generation, times and deletion marks that a new object brings are not taken',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget(
          {},
          { uid: 'mine', generation: 9, creationTimestamp: '2001-01-01T00:00:00Z', deletionTimestamp: '2001-01-01T00:00:00Z' },
        ),
        code: 201,
        answer: { metadata: { uid: UUID, generation: 1, creationTimestamp: /^20[2-9]/, deletionTimestamp: ABSENT } },
      },
    ],
  },
  {
    says: 'the same name twice is AlreadyExists',
    steps: [
      made(),
      {
        ask: 'POST {widgets}',
        body: widget(),
        code: 409,
        answer: refusal(409, 'AlreadyExists', 'widgets.example.com "{name}" already exists', ofWidget),
      },
    ],
  },
  {
    says: 'the same name twice of a built-in kind is AlreadyExists',
    steps: [
      madeCore('{core}/configmaps', 'ConfigMap'),
      {
        ask: 'POST {core}/configmaps',
        body: core('ConfigMap'),
        code: 409,
        answer: refusal(409, 'AlreadyExists', 'configmaps "{name}" already exists', { name: '{name}', kind: 'configmaps' }),
      },
    ],
  },
  {
    says: 'generateName makes a name of the prefix and five characters',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({}, { name: undefined, generateName: 'gen-' }),
        code: 201,
        answer: { metadata: { name: /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/, generateName: 'gen-' } },
      },
    ],
  },
  {
    says: 'generateName with a long prefix is cut so that the name has 63 characters',
    steps: [
      {
        ask: 'POST {core}/configmaps',
        body: core('ConfigMap', {}, { name: undefined, generateName: 'a'.repeat(70) }),
        code: 201,
        answer: { metadata: { name: /^a{58}[a-z0-9]{5}$/ } },
      },
    ],
  },
  {
    says: 'an object without a name is Invalid',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({}, { name: undefined }),
        code: 422,
        answer: refusal(
          422,
          'Invalid',
          /^Widget.example.com "" is invalid: \[?metadata.name: Required value: name or generateName is required/,
          {
            group: 'example.com',
            kind: 'Widget',
            causes: has({
              reason: 'FieldValueRequired',
              message: 'Required value: name or generateName is required',
              field: 'metadata.name',
            }),
          },
        ),
      },
    ],
  },
  {
    says: 'a resourceVersion on a new object is refused',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({}, { resourceVersion: '1' }),
        code: 500,
        answer: refusal(500, '', 'resourceVersion should not be set on objects to be created'),
      },
    ],
  },
  {
    says: 'another namespace in the object than in the path is a bad request',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({}, { namespace: 'other' }),
        code: 400,
        answer: refusal(400, 'BadRequest', 'the namespace of the provided object does not match the namespace sent on the request'),
      },
    ],
  },
  {
    says: 'another kind than that of the path is a bad request',
    steps: [
      {
        ask: 'POST {core}/configmaps',
        body: core('Secret'),
        code: 400,
        answer: refusal(400, 'BadRequest', /^Secret in version "v1" cannot be handled as a ConfigMap/),
      },
    ],
  },
  {
    says: 'nothing is created in a namespace that is not there',
    steps: [
      {
        ask: 'POST /apis/example.com/v1/namespaces/no-such/widgets',
        body: widget(),
        code: 404,
        answer: refusal(404, 'NotFound', 'namespaces "no-such" not found', { name: 'no-such', kind: 'namespaces' }),
      },
    ],
  },
  {
    says: 'PUT replaces spec, labels and annotations, keeps uid, time and status, and raises the generation',
    steps: [
      made({ low: 1 }, { labels: { a: 'b' } }),
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { status: { phase: 'A' } },
        code: 200,
        keep: { rv: 'metadata/resourceVersion' },
      },
      {
        ask: 'PUT {widgets}/{name}',
        body: { ...widget({ size: 4 }, { resourceVersion: '{rv}', annotations: { c: 'd' } }), status: { phase: 'B' } },
        code: 200,
        answer: {
          metadata: { uid: '{uid}', generation: 2, labels: ABSENT, annotations: { c: 'd' } },
          spec: exactly({ size: 4, color: 'red' }),
          status: exactly({ phase: 'A' }),
        },
      },
    ],
  },
  {
    says: 'PUT with an old resourceVersion is a conflict',
    steps: [
      made(),
      patched({ spec: { size: 4 } }),
      {
        ask: 'PUT {widgets}/{name}',
        body: widget({}, { resourceVersion: '{rv}' }),
        code: 409,
        answer: refusal(
          409,
          'Conflict',
          'Operation cannot be fulfilled on widgets.example.com "{name}": the object has been modified; please apply your changes to the latest version and try again',
          ofWidget,
        ),
      },
    ],
  },
  {
    says: 'PUT of a custom resource without a resourceVersion is Invalid',
    steps: [
      made(),
      {
        ask: 'PUT {widgets}/{name}',
        body: widget(),
        code: 422,
        answer: refusal(
          422,
          'Invalid',
          'widgets.example.com "{name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
          {
            name: '{name}',
            group: 'example.com',
            kind: 'widgets',
            causes: [
              {
                reason: 'FieldValueInvalid',
                message: 'Invalid value: 0: must be specified for an update',
                field: 'metadata.resourceVersion',
              },
            ],
          },
        ),
      },
    ],
  },
  {
    says: 'PUT of a built-in kind without a resourceVersion replaces whatever is there',
    steps: [
      madeCore('{core}/configmaps', 'ConfigMap', { data: { a: 'b' } }),
      {
        ask: 'PUT {core}/configmaps/{name}',
        body: core('ConfigMap', { data: { c: 'd' } }),
        code: 200,
        answer: { data: exactly({ c: 'd' }) },
      },
    ],
  },
  {
    says: 'PUT with another uid is a conflict that names both',
    steps: [
      made(),
      {
        ask: 'PUT {widgets}/{name}',
        body: widget({}, { resourceVersion: '{rv}', uid: 'other' }),
        code: 409,
        answer: refusal(
          409,
          'Conflict',
          /^Operation cannot be fulfilled on widgets.example.com "{name}": .*Precondition failed: UID in precondition: other, UID in object meta: {uid}$/,
          ofWidget,
        ),
      },
    ],
  },
  {
    says: 'PUT with another name than that of the path is a bad request',
    steps: [
      made(),
      {
        ask: 'PUT {widgets}/{name}',
        body: widget({}, { name: 'other', resourceVersion: '{rv}' }),
        code: 400,
        answer: refusal(400, 'BadRequest', 'the name of the object (other) does not match the name on the URL ({name})'),
      },
    ],
  },
  {
    says: 'PUT of what is not there is NotFound',
    steps: [
      {
        ask: 'PUT {widgets}/{name}',
        body: widget({}, { resourceVersion: '1' }),
        code: 404,
        answer: refusal(404, 'NotFound', 'widgets.example.com "{name}" not found', ofWidget),
      },
    ],
  },
  {
    says: 'a write that changes nothing makes no new version: PUT, merge patch and JSON patch',
    steps: [
      made({ low: 1 }),
      {
        ask: 'PUT {widgets}/{name}',
        body: widget({ low: 1 }, { resourceVersion: '{rv}' }),
        code: 200,
        answer: { metadata: { resourceVersion: '{rv}' } },
      },
      patched({ spec: { size: 3 } }, { metadata: { resourceVersion: '{rv}', generation: 1 } }),
      {
        ask: 'PATCH {widgets}/{name}',
        type: JSON_PATCH,
        body: [{ op: 'replace', path: '/spec/size', value: 3 }],
        code: 200,
        answer: { metadata: { resourceVersion: '{rv}' } },
      },
      patched({}, { metadata: { resourceVersion: '{rv}' } }),
    ],
  },
  {
    says: 'a status write that changes nothing makes no new version',
    steps: [
      made(),
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { status: { phase: 'A' } },
        code: 200,
        keep: { rv: 'metadata/resourceVersion' },
      },
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { status: { phase: 'A' } },
        code: 200,
        answer: { metadata: { resourceVersion: '{rv}' } },
      },
    ],
  },
  {
    says: 'a write of the labels of a built-in kind that changes nothing makes no new version',
    steps: [
      madeCore('{core}/secrets', 'Secret', {}, { labels: { a: 'b' } }),
      {
        ask: 'PATCH {core}/secrets/{name}',
        type: MERGE,
        body: { metadata: { labels: { a: 'b' } } },
        code: 200,
        answer: { metadata: { resourceVersion: '{rv}' } },
      },
    ],
  },
];
