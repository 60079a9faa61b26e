/** Shape and rules: bounds, pruning, defaults, CEL, names, labels, unknown fields. */
import type { Case } from '../case.ts';
import { ABSENT, exactly, has } from '../match.ts';
import { MERGE, core, invalidWidget, made, patched, refusal, widget } from './objects.ts';

const faults = (...causes: [field: string, message: string | RegExp, reason?: string][]) => ({
  reason: 'Invalid',
  code: 422,
  details: {
    name: '{name}',
    group: 'example.com',
    kind: 'Widget',
    causes: has(...causes.map(([field, message, reason]) => ({ field, message, ...(reason && { reason }) }))),
  },
});
const refused = (
  what: string,
  spec: Record<string, unknown>,
  ...causes: [field: string, message: string | RegExp, reason?: string][]
): Case => ({
  says: `a widget with ${what} is Invalid`,
  steps: [{ ask: 'POST {widgets}', body: widget(spec), code: 422, answer: faults(...causes) }],
});
const INVALID = 'FieldValueInvalid';

export const validation: Case[] = [
  refused('a number below its minimum', { size: 0 }, [
    'spec.size',
    'Invalid value: 0: spec.size in body should be greater than or equal to 1',
    INVALID,
  ]),
  refused('a required field missing', { size: undefined }, ['spec.size', 'Required value', 'FieldValueRequired']),
  refused('another type', { size: 'x' }, [
    'spec.size',
    'Invalid value: "string": spec.size in body must be of type integer: "string"',
    'FieldValueTypeInvalid',
  ]),
  refused('a fraction for an integer', { size: 1.5 }, [
    'spec.size',
    'Invalid value: "number": spec.size in body must be of type integer: "number"',
    'FieldValueTypeInvalid',
  ]),
  refused('a number too large for its format', { size: undefined, low: 4294967296 }, [/./ as never, /int32/]),
  refused('a text too long', { name: 'a'.repeat(9) }, ['spec.name', 'Too long: may not be more than 8 bytes', 'FieldValueTooLong']),
  refused('a text that breaks its pattern', { name: 'a b' }, [
    'spec.name',
    'Invalid value: "a b": spec.name in body should match \'^[a-z]+$\'',
    INVALID,
  ]),
  refused('a text with a newline that breaks its pattern', { name: 'ab\nc' }, ['spec.name', /should match/, INVALID]),
  refused('a value outside of its enumeration', { color: 'blue' }, [
    'spec.color',
    'Unsupported value: "blue": supported values: "red", "green"',
    'FieldValueNotSupported',
  ]),
  refused('too many items', { tags: ['a', 'b', 'c', 'd'] }, ['spec.tags', 'Too many: 4: must have at most 3 items', 'FieldValueTooMany']),
  refused('the same item twice in a set', { tags: ['a', 'a'] }, ['spec.tags[1]', 'Duplicate value: "a"', 'FieldValueDuplicate']),
  refused('the same key twice in a keyed list', { parts: [{ name: 'p' }, { name: 'p' }] }, [
    'spec.parts[1]',
    'Duplicate value: {"name":"p"}',
    'FieldValueDuplicate',
  ]),
  refused('both fields of a union', { one: { a: 'x', b: true } }, [
    'spec.one',
    'Too many: 2: must have at most 1 item',
    'FieldValueTooMany',
  ]),
  refused('a null in a list', { plain: [1, null] }, [
    'spec.plain[1]',
    'Invalid value: "null": spec.plain[1] in body must be of type integer: "null"',
  ]),
  refused('a rule broken', { low: 4 }, ['spec', 'Invalid value: low must not exceed size', INVALID]),
  refused('a rule with a message that is made', { nomsg: 'xabcd' }, ['spec.nomsg', 'Invalid value: "xabcd": too long: xabcd', INVALID]),
  {
    says: 'a single fault makes one sentence, several a list',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({ low: 4 }),
        code: 422,
        answer: invalidWidget('Widget.example.com "{name}" is invalid: spec: Invalid value: low must not exceed size', {
          reason: INVALID,
          message: 'Invalid value: low must not exceed size',
          field: 'spec',
        }),
      },
      {
        ask: 'POST {widgets}',
        body: widget({ size: 0, name: 'a' }),
        code: 422,
        answer: {
          message:
            /^Widget.example.com "{name}" is invalid: \[spec\.(size|name): Invalid value: .*, spec\.(size|name): Invalid value: .*\]$/,
        },
      },
    ],
  },
  {
    says: 'rules with oldSelf hold an update against the value before, at the place and with the reason that they name',
    steps: [
      made({ name: 'abc', fixed: 'x' }),
      patched({ spec: { fixed: 'y' } }, faults(['spec.fixed', 'Invalid value: "y": fixed is immutable', INVALID]), { code: 422 }),
      patched({ spec: { name: 'abd' } }, faults(['spec.name', 'Forbidden: name is immutable', 'FieldValueForbidden']), { code: 422 }),
      patched({ spec: { name: null } }, faults(['spec.name', 'Forbidden: name is immutable', 'FieldValueForbidden']), { code: 422 }),
      patched({ spec: { size: 4 } }, { spec: { name: 'abc', fixed: 'x' } }),
    ],
  },
  {
    says: 'rules with oldSelf say nothing of a field that was not there or goes',
    steps: [
      made(),
      patched({ spec: { fixed: 'x' } }, { spec: { fixed: 'x' } }),
      patched({ spec: { fixed: null } }, { spec: { fixed: ABSENT } }),
    ],
  },
  {
    says: 'rules hold in a status write, and the status has bounds too',
    steps: [
      made(),
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { status: { phase: 'C' } },
        code: 422,
        answer: faults(['status.phase', 'Unsupported value: "C": supported values: "A", "B"', 'FieldValueNotSupported']),
      },
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { status: { conditions: [{ type: 'Ready' }, { type: 'Ready' }] } },
        code: 422,
        answer: faults(['status.conditions[1]', 'Duplicate value: {"type":"Ready"}', 'FieldValueDuplicate']),
      },
    ],
  },
  {
    says: 'a field that the kind does not have is dropped with a warning, refused when Strict, dropped in silence when Ignore',
    steps: [
      {
        ask: 'POST {widgets}?dryRun=All',
        body: widget({ bogus: 1, parts: [{ name: 'p', more: 2 }] }),
        code: 201,
        answer: { spec: exactly({ size: 3, color: 'red', parts: [{ name: 'p', count: 1 }] }) },
        headers: { warning: '299 - "unknown field \\"spec.bogus\\"", 299 - "unknown field \\"spec.parts[0].more\\""' },
      },
      {
        ask: 'POST {widgets}?fieldValidation=Ignore&dryRun=All',
        body: widget({ bogus: 1 }),
        code: 201,
        answer: { spec: { bogus: ABSENT } },
        headers: { warning: undefined },
      },
      {
        ask: 'POST {widgets}?fieldValidation=Strict',
        body: widget({ bogus: 1 }),
        code: 400,
        answer: refusal(
          400,
          'BadRequest',
          'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.bogus"',
        ),
      },
    ],
  },
  {
    says: 'a patch that brings an unknown field is warned of, and refused when Strict',
    steps: [
      made(),
      {
        ask: 'PATCH {widgets}/{name}',
        type: MERGE,
        body: { spec: { bogus: 1, size: 4 } },
        code: 200,
        answer: { spec: exactly({ size: 4, color: 'red' }) },
        headers: { warning: '299 - "unknown field \\"spec.bogus\\""' },
      },
      {
        ask: 'PATCH {widgets}/{name}?fieldValidation=Strict',
        type: MERGE,
        body: { spec: { bogus: 1 } },
        code: 422,
        answer: { reason: 'Invalid', message: /strict decoding error: unknown field "spec.bogus"/ },
      },
    ],
  },
  {
    says: 'a fieldValidation that there is not is Invalid',
    steps: [
      {
        ask: 'POST {widgets}?fieldValidation=Maybe',
        body: widget(),
        code: 422,
        answer: { reason: 'Invalid', message: /fieldValidation: (Unsupported|Invalid) value: "Maybe"/ },
      },
    ],
  },
  {
    says: 'an unknown field of a built-in kind is refused when Strict',
    only: { side: 'real', because: 'the embedded server does not know every field of the built-in kinds and keeps what it is given' },
    steps: [
      {
        ask: 'POST {core}/configmaps?fieldValidation=Strict',
        body: core('ConfigMap', { bogus: 1 }),
        code: 400,
        answer: refusal(
          400,
          'BadRequest',
          'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "bogus"',
        ),
      },
      {
        ask: 'POST {core}/configmaps',
        body: core('ConfigMap', { bogus: 1 }),
        code: 201,
        answer: { bogus: ABSENT },
        headers: { warning: '299 - "unknown field \\"bogus\\""' },
      },
    ],
  },
  {
    says: 'defaults fill what is absent or null, also within items; a null stays where it is allowed',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({ color: null, maybe: null, name: null, parts: [{ name: 'p' }, { name: 'q', count: 5 }] }),
        code: 201,
        answer: {
          spec: exactly({
            size: 3,
            color: 'red',
            maybe: null,
            parts: [
              { name: 'p', count: 1 },
              { name: 'q', count: 5 },
            ],
          }),
        },
      },
    ],
  },
  {
    says: 'what is marked so keeps its unknown fields',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({ free: { any: [{ thing: 1 }] } }),
        code: 201,
        answer: { spec: { free: exactly({ any: [{ thing: 1 }] }) } },
      },
    ],
  },
  {
    says: 'int-or-string takes both and nothing else',
    steps: [
      { ask: 'POST {widgets}?dryRun=All', body: widget({ port: 1 }), code: 201, answer: { spec: { port: 1 } } },
      { ask: 'POST {widgets}?dryRun=All', body: widget({ port: '50%' }), code: 201, answer: { spec: { port: '50%' } } },
      { ask: 'POST {widgets}', body: widget({ port: true }), code: 422, answer: faults(['spec.port', /must be of type integer,string/]) },
    ],
  },
  ...(
    [
      ['upper case', 'Bad'],
      ['a space', 'a b'],
      ['an underscore', 'a_b'],
      ['a dash at its end', 'ab-'],
      ['254 characters', 'a'.repeat(254)],
    ] as const
  ).map(([what, name]): Case => ({
    says: `a name with ${what} is Invalid`,
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({}, { name }),
        code: 422,
        answer: { reason: 'Invalid', details: { causes: has({ reason: INVALID, field: 'metadata.name', message: /^Invalid value: / }) } },
      },
    ],
  })),
  {
    says: 'the sentence about a bad name is that of RFC 1123',
    steps: [
      {
        ask: 'POST {core}/configmaps',
        body: core('ConfigMap', {}, { name: 'Bad' }),
        code: 422,
        answer: refusal(
          422,
          'Invalid',
          `ConfigMap "Bad" is invalid: metadata.name: Invalid value: "Bad": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
          {
            name: 'Bad',
            kind: 'ConfigMap',
            causes: [
              {
                reason: INVALID,
                message: `Invalid value: "Bad": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
                field: 'metadata.name',
              },
            ],
          },
        ),
      },
    ],
  },
  ...(
    [
      ['labels', 'a key with a space', { 'a b': 'c' }],
      ['labels', 'a value with a space', { a: 'b c' }],
      ['labels', 'a value of 64 characters', { a: 'b'.repeat(64) }],
      ['labels', 'a prefix that is no domain', { 'A_/b': 'c' }],
      ['labels', 'an IPv6 address as value', { a: 'fe80::1' }],
      ['annotations', 'a key with a space', { 'a b': 'c' }],
    ] as const
  ).map(([field, what, map]): Case => ({
    says: `${field} with ${what} are Invalid`,
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({}, { [field]: map }),
        code: 422,
        answer: {
          reason: 'Invalid',
          details: { causes: has({ reason: INVALID, field: `metadata.${field}`, message: /^Invalid value: / }) },
        },
      },
    ],
  })),
  {
    says: 'annotations hold anything, up to 256 KiB together',
    steps: [
      { ask: 'POST {widgets}?dryRun=All', body: widget({}, { annotations: { a: 'x\n"y\u0000' } }), code: 201 },
      {
        ask: 'POST {widgets}',
        body: widget({}, { annotations: { a: 'x'.repeat(262145) } }),
        code: 422,
        answer: {
          details: {
            causes: has({
              reason: 'FieldValueTooLong',
              field: 'metadata.annotations',
              message: /^Too long: may not be more than 262144 bytes/,
            }),
          },
        },
      },
    ],
  },
  {
    says: 'labels must be texts',
    steps: [
      { ask: 'POST {widgets}', body: widget({}, { labels: { a: 1 } }), code: 400, answer: { reason: 'BadRequest' } },
      { ask: 'POST {core}/configmaps', body: core('ConfigMap', {}, { labels: { a: true } }), code: 400, answer: { reason: 'BadRequest' } },
    ],
  },
  {
    says: 'an owner needs its kind, name and uid; finalizers need a prefix',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget({}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p' }] }),
        code: 422,
        answer: { details: { causes: has({ field: /^metadata.ownerReferences(\[0\])?.uid$/, message: /must not be empty/ }) } },
      },
      {
        ask: 'POST {widgets}',
        body: widget({}, { finalizers: ['no good'] }),
        code: 422,
        answer: { details: { causes: has({ field: /^metadata.finalizers/ }) } },
      },
    ],
  },
  {
    says: 'two owners that both control are Invalid',
    steps: [
      {
        ask: 'POST {widgets}',
        body: widget(
          {},
          { ownerReferences: ['1', '2'].map((uid) => ({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true })) },
        ),
        code: 422,
        answer: {
          reason: 'Invalid',
          details: { causes: has({ field: 'metadata.ownerReferences', message: /Only one reference can have Controller set to true/ }) },
        },
      },
    ],
  },
  {
    says: 'a body that is too large is refused',
    steps: [
      {
        ask: 'POST {core}/configmaps',
        body: core('ConfigMap', { data: { a: 'x'.repeat(3_300_000) } }),
        code: 413,
        answer: { reason: 'RequestEntityTooLarge' },
      },
    ],
  },
];
