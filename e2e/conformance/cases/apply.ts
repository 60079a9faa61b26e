/** Server-side apply, and who owns which field. */
import type { Case } from '../case.ts';
import { ABSENT, exactly, has } from '../match.ts';
import { APPLY, MERGE, applied, invalidWidget, made, owner, ofWidget, patched, refusal } from './objects.ts';

const conflictWith = (...fields: [by: string, field: string][]) =>
  refusal(
    409,
    'Conflict',
    fields.length === 1
      ? `Apply failed with 1 conflict: conflict with ${fields[0]![0]}: ${fields[0]![1]}`
      : new RegExp(`^Apply failed with ${fields.length} conflicts: `),
    { causes: fields.map(([by, field]) => ({ reason: 'FieldManagerConflict', message: `conflict with ${by}`, field })) },
  );

export const apply: Case[] = [
  {
    says: 'apply creates what is not there, with defaults that nobody owns, and writes down who applied what',
    steps: [
      applied(
        'alice',
        { size: 3, tags: ['a'], parts: [{ name: 'p' }] },
        {
          code: 201,
          metadata: { labels: { x: '1' } },
          answer: {
            metadata: {
              generation: 1,
              managedFields: [
                owner('alice', 'Apply', {
                  'f:metadata': { 'f:labels': { 'f:x': {} } },
                  'f:spec': { 'f:size': {}, 'f:tags': { 'v:"a"': {} }, 'f:parts': { 'k:{"name":"p"}': { '.': {}, 'f:name': {} } } },
                }),
              ],
            },
            spec: exactly({ size: 3, color: 'red', tags: ['a'], parts: [{ name: 'p', count: 1 }] }),
          },
        },
      ),
    ],
  },
  {
    says: 'applying the same again makes no new version',
    steps: [
      applied('alice', { size: 3, tags: ['a'] }, { code: 201, keep: { rv: 'metadata/resourceVersion' } }),
      applied('alice', { size: 3, tags: ['a'] }, { answer: { metadata: { resourceVersion: '{rv}' } } }),
    ],
  },
  {
    says: 'changing what another applied is a conflict that names manager and field',
    steps: [
      applied('alice', { size: 3, low: 1 }, { code: 201 }),
      applied('bob', { size: 4 }, { code: 409, answer: conflictWith(['"alice"', '.spec.size']) }),
      applied('bob', { size: 4, low: 2 }, { code: 409, answer: conflictWith(['"alice"', '.spec.low'], ['"alice"', '.spec.size']) }),
    ],
  },
  {
    says: 'applying the value that another applied shares the field',
    steps: [
      applied('alice', { size: 3 }, { code: 201 }),
      applied(
        'bob',
        { size: 3 },
        {
          answer: {
            metadata: {
              managedFields: has(
                owner('alice', 'Apply', { 'f:spec': { 'f:size': {} } }),
                owner('bob', 'Apply', { 'f:spec': { 'f:size': {} } }),
              ),
            },
          },
        },
      ),
    ],
  },
  {
    says: 'force takes the field from whoever had it',
    steps: [
      applied('alice', { size: 3, low: 1 }, { code: 201 }),
      applied(
        'bob',
        { size: 4 },
        {
          query: '&force=true',
          answer: {
            metadata: {
              managedFields: [
                owner('alice', 'Apply', { 'f:spec': { 'f:low': {} } }),
                owner('bob', 'Apply', { 'f:spec': { 'f:size': {} } }),
              ],
            },
            spec: { size: 4, low: 1 },
          },
        },
      ),
    ],
  },
  {
    says: 'what a manager leaves out goes, unless another owns it too',
    steps: [
      applied('alice', { size: 3, low: 1, tags: ['a', 'b'], parts: [{ name: 'p', count: 2 }, { name: 'q' }] }, { code: 201 }),
      applied('bob', { size: 3, tags: ['b'], parts: [{ name: 'q' }] }),
      applied(
        'alice',
        { size: 3 },
        { answer: { spec: exactly({ size: 3, color: 'red', tags: ['b'], parts: [{ name: 'q', count: 1 }] }) } },
      ),
    ],
  },
  {
    says: 'a default comes back where its field was applied and is left out',
    steps: [
      applied('alice', { size: 3, color: 'green' }, { code: 201, answer: { spec: { color: 'green' } } }),
      applied('alice', { size: 3 }, { answer: { spec: exactly({ size: 3, color: 'red' }) } }),
    ],
  },
  {
    says: 'items of a keyed list belong each to their manager',
    steps: [
      applied('alice', { size: 3, parts: [{ name: 'p', count: 1 }] }, { code: 201 }),
      applied(
        'bob',
        { parts: [{ name: 'q', count: 2 }] },
        {
          answer: {
            spec: {
              parts: [
                { name: 'p', count: 1 },
                { name: 'q', count: 2 },
              ],
            },
          },
        },
      ),
      applied('bob', { size: 3 }, { answer: { spec: { parts: [{ name: 'p' }] } } }),
    ],
  },
  {
    says: 'an atomic list is one field',
    steps: [
      applied('alice', { size: 3, plain: [1, 2] }, { code: 201 }),
      applied('bob', { plain: [1, 2, 3] }, { code: 409, answer: conflictWith(['"alice"', '.spec.plain']) }),
    ],
  },
  {
    says: 'an update owns what it changes, and applying over it is a conflict that names the version it used',
    steps: [
      applied('alice', { size: 3, name: 'abc' }, { code: 201 }),
      patched(
        { spec: { size: 4 } },
        {
          metadata: {
            managedFields: [
              owner('alice', 'Apply', { 'f:spec': { 'f:name': {} } }),
              owner('editor', 'Update', { 'f:spec': { 'f:size': {} } }),
            ],
          },
        },
        {
          ask: 'PATCH {widgets}/{name}?fieldManager=editor',
        },
      ),
      applied(
        'alice',
        { size: 3, name: 'abc' },
        {
          code: 409,
          answer: {
            reason: 'Conflict',
            message: /^Apply failed with 1 conflict: conflict with "editor" using example.com\/v1( at \S+)?: \.spec\.size$/,
          },
        },
      ),
    ],
  },
  {
    says: 'the status is applied through /status alone and has an owner of its own',
    steps: [
      applied('alice', { size: 3 }, { code: 201 }),
      {
        ask: 'PATCH {widgets}/{name}/status?fieldManager=alice',
        type: APPLY,
        body: {
          apiVersion: 'example.com/v1',
          kind: 'Widget',
          metadata: { name: '{name}' },
          status: { phase: 'A', conditions: [{ type: 'Ready', status: 'True' }] },
        },
        code: 200,
        answer: {
          metadata: {
            generation: 1,
            managedFields: has(
              owner(
                'alice',
                'Apply',
                { 'f:status': { 'f:phase': {}, 'f:conditions': { 'k:{"type":"Ready"}': { '.': {}, 'f:type': {}, 'f:status': {} } } } },
                'status',
              ),
            ),
          },
          spec: { size: 3 },
          status: { phase: 'A' },
        },
      },
      applied('alice', { size: 3 }, { answer: { status: { phase: 'A' } } }),
    ],
  },
  {
    says: 'an apply to the status of what is not there is NotFound',
    steps: [
      {
        ask: 'PATCH {widgets}/{name}/status?fieldManager=alice',
        type: APPLY,
        body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: '{name}' }, status: { phase: 'A' } },
        code: 404,
        answer: refusal(404, 'NotFound', 'widgets.example.com "{name}" not found', ofWidget),
      },
    ],
  },
  {
    says: 'an apply without a field manager is Invalid',
    steps: [
      {
        ask: 'PATCH {widgets}/{name}',
        type: APPLY,
        body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: '{name}' }, spec: { size: 3 } },
        code: 422,
        answer: refusal(
          422,
          'Invalid',
          'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
          {
            group: 'meta.k8s.io',
            kind: 'PatchOptions',
            causes: [{ reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' }],
          },
        ),
      },
    ],
  },
  {
    says: 'force is for apply alone',
    steps: [
      made(),
      {
        ask: 'PATCH {widgets}/{name}?force=true',
        type: MERGE,
        body: {},
        code: 422,
        answer: { reason: 'Invalid', message: /force: Forbidden: may not be specified for non-apply patch/ },
      },
    ],
  },
  {
    says: 'an applied object may carry neither managedFields nor a uid of something that is not there',
    steps: [
      applied(
        'alice',
        { size: 3 },
        {
          metadata: { managedFields: [{ manager: 'x' }] },
          code: 400,
          answer: { reason: 'BadRequest', message: /metadata.managedFields must be nil/ },
        },
      ),
      applied(
        'alice',
        { size: 3 },
        {
          metadata: { uid: 'gone' },
          code: 409,
          answer: { reason: 'Conflict', message: /uid mismatch: the provided object specified uid gone, and no existing object was found/ },
        },
      ),
    ],
  },
  {
    says: 'an apply with a resourceVersion is a compare-and-swap',
    steps: [
      made(),
      patched({ spec: { size: 4 } }),
      applied('alice', { low: 1 }, { metadata: { resourceVersion: '{rv}' }, code: 409, answer: { reason: 'Conflict', details: ofWidget } }),
    ],
  },
  {
    says: 'an applied object is validated like any other',
    steps: [
      applied(
        'alice',
        { size: 99 },
        {
          code: 422,
          answer: invalidWidget(
            'Widget.example.com "{name}" is invalid: spec.size: Invalid value: 99: spec.size in body should be less than or equal to 10',
            {
              reason: 'FieldValueInvalid',
              message: 'Invalid value: 99: spec.size in body should be less than or equal to 10',
              field: 'spec.size',
            },
          ),
        },
      ),
    ],
  },
  {
    says: 'an apply of finalizers and owners adds to those of others',
    steps: [
      made({}, { finalizers: ['a.b/c'] }),
      applied('alice', { size: 3 }, { metadata: { finalizers: ['d.e/f'] }, answer: { metadata: { finalizers: ['a.b/c', 'd.e/f'] } } }),
      applied('alice', { size: 3 }, { answer: { metadata: { finalizers: ['a.b/c'] } } }),
    ],
  },
  {
    says: 'a create is owned as an update by the product of the User-Agent, or by the field manager that is named',
    steps: [
      made({}, { labels: { a: 'b' } }),
      {
        ask: 'GET {widgets}/{name}',
        code: 200,
        answer: {
          metadata: {
            managedFields: [
              owner('stories', 'Update', {
                'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
                'f:spec': { '.': {}, 'f:color': {}, 'f:size': {} },
              }),
            ],
          },
        },
      },
    ],
  },
  {
    says: 'managedFields are erased by a list with one empty entry',
    steps: [made(), patched({ metadata: { managedFields: [{}] } }, { metadata: { managedFields: ABSENT } })],
  },
];
