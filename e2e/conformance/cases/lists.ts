/** GET and lists: forms, selectors, pages, versions. */
import type { Case, RequestStep } from '../case.ts';
import { ABSENT, ANY, exactly } from '../match.ts';
import { madeCore, patched, refusal, widget } from './objects.ts';

const named = (...names: string[]) => ({ items: names.map((name) => ({ metadata: { name } })) });
const make = (name: string, labels: Record<string, string> = {}): RequestStep => ({
  ask: 'POST {widgets}',
  body: widget({}, { name, labels }),
  code: 201,
  keep: { rv: 'metadata/resourceVersion' },
});
const three = [make('a', { env: 'a' }), make('b', { env: 'b', tier: 'x' }), make('c')];
const KEPT = { token: 'metadata/continue', listed: 'metadata/resourceVersion' };

const selectors: Case[] = (
  [
    ['env=a', ['a']],
    ['env==a', ['a']],
    ['env!=a', ['b', 'c']],
    ['env in (a,b)', ['a', 'b']],
    ['env notin (a)', ['b', 'c']],
    ['env', ['a', 'b']],
    ['!env', ['c']],
    ['env=b,tier=x', ['b']],
    ['env in (b),tier', ['b']],
    ['env=', []],
  ] as const
).map(([selector, names]) => ({
  says: `label selector ${selector}`,
  steps: [...three, { ask: `GET {widgets}?labelSelector=${encodeURIComponent(selector)}`, code: 200, answer: named(...names) }],
}));

export const lists: Case[] = [
  ...selectors,
  {
    says: 'a list has kind, version and items in order of their names; items of custom resources bear their kind',
    steps: [
      make('b'),
      make('a'),
      {
        ask: 'GET {widgets}',
        code: 200,
        answer: {
          kind: 'WidgetList',
          apiVersion: 'example.com/v1',
          metadata: exactly({ continue: '', resourceVersion: /^\d+$/ }),
          items: [
            { kind: 'Widget', apiVersion: 'example.com/v1', metadata: { name: 'a' } },
            { kind: 'Widget', metadata: { name: 'b' } },
          ],
        },
      },
    ],
  },
  {
    says: 'items of a built-in kind bear no kind',
    steps: [
      madeCore('{core}/secrets', 'Secret'),
      {
        ask: 'GET {core}/secrets?fieldSelector=metadata.name%3D{name}',
        code: 200,
        answer: {
          kind: 'SecretList',
          apiVersion: 'v1',
          metadata: exactly({ resourceVersion: /^\d+$/ }),
          items: [{ kind: ABSENT, apiVersion: ABSENT, metadata: { name: '{name}' } }],
        },
      },
    ],
  },
  { says: 'a list of nothing has an empty list of items', steps: [{ ask: 'GET {widgets}', code: 200, answer: { items: [] } }] },
  {
    says: 'a list spans all namespaces without one in its path',
    steps: [
      make('a'),
      {
        ask: 'GET /apis/example.com/v1/widgets?fieldSelector=metadata.namespace%3D{ns}',
        code: 200,
        answer: { items: [{ metadata: { name: 'a', namespace: '{ns}' } }] },
      },
    ],
  },
  {
    says: 'a list of a namespace that is not there is empty',
    steps: [{ ask: 'GET /apis/example.com/v1/namespaces/none/widgets', code: 200, answer: { items: [] } }],
  },
  {
    says: 'field selectors take the name of any kind',
    steps: [
      ...three,
      { ask: 'GET {widgets}?fieldSelector=metadata.name%3Db', code: 200, answer: named('b') },
      { ask: 'GET {widgets}?fieldSelector=metadata.name!%3Db', code: 200, answer: named('a', 'c') },
      { ask: 'GET {widgets}?fieldSelector=metadata.name%3Db,metadata.namespace%3D{ns}', code: 200, answer: named('b') },
      { ask: 'GET {widgets}?fieldSelector=metadata.name%3Db&labelSelector=env%3Da', code: 200, answer: named() },
    ],
  },
  {
    says: 'field selectors take the node of Pods, the type of Secrets, and what Events are about',
    steps: [
      { ask: 'GET {core}/pods?fieldSelector=spec.nodeName%3Dn', code: 200, answer: { items: [] } },
      { ask: 'GET {core}/pods?fieldSelector=status.phase!%3DRunning', code: 200 },
      { ask: 'GET {core}/secrets?fieldSelector=type%3Dnone', code: 200, answer: { items: [] } },
      {
        ask: 'GET {core}/events?fieldSelector=involvedObject.uid%3Dx,involvedObject.name%3Dy,involvedObject.kind%3DPod',
        code: 200,
        answer: { items: [] },
      },
      { ask: 'GET /api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue', code: 200 },
    ],
  },
  {
    says: 'a field that a kind cannot be selected by is a bad request',
    steps: [
      {
        ask: 'GET {widgets}?fieldSelector=spec.size%3D3',
        code: 400,
        answer: refusal(400, 'BadRequest', 'field label not supported: spec.size'),
      },
    ],
  },
  {
    says: 'a field of a built-in kind that it cannot be selected by is a bad request',
    steps: [
      {
        ask: 'GET {core}/secrets?fieldSelector=data%3D3',
        code: 400,
        answer: { reason: 'BadRequest', message: /field label not supported: data|"data" is not a known field selector/ },
      },
    ],
  },
  {
    says: 'a label selector that is none is a bad request',
    steps: [
      {
        ask: 'GET {widgets}?labelSelector=a%20b',
        code: 400,
        answer: { reason: 'BadRequest', message: /^unable to parse requirement: found 'b', expected:/ },
      },
    ],
  },
  {
    says: 'pages show one state: what changes in between is on no later page',
    steps: [
      make('a'),
      make('b'),
      make('c'),
      make('d'),
      {
        ask: 'GET {widgets}?limit=2',
        code: 200,
        answer: { ...named('a', 'b'), metadata: { continue: /./, remainingItemCount: 2 } },
        keep: KEPT,
      },
      { ask: 'DELETE {widgets}/c', code: 200 },
      make('e'),
      patched({ spec: { size: 9 } }, undefined, { ask: 'PATCH {widgets}/d' }),
      {
        ask: 'GET {widgets}?limit=2&continue={token}',
        code: 200,
        answer: {
          metadata: exactly({ resourceVersion: '{listed}', continue: '' }),
          items: [{ metadata: { name: 'c' } }, { metadata: { name: 'd' }, spec: { size: 3 } }],
        },
      },
    ],
  },
  {
    says: 'the last page that is exactly full has no continue',
    steps: [
      make('a'),
      make('b'),
      {
        ask: 'GET {widgets}?limit=2',
        code: 200,
        answer: { ...named('a', 'b'), metadata: exactly({ continue: '', resourceVersion: ANY }) },
      },
    ],
  },
  {
    says: 'with a selector, pages are full of what it selects and nothing tells how many remain',
    steps: [
      make('a', { x: '1' }),
      make('b'),
      make('c', { x: '1' }),
      make('d'),
      make('e', { x: '1' }),
      {
        ask: 'GET {widgets}?limit=2&labelSelector=x',
        code: 200,
        answer: { ...named('a', 'c'), metadata: { continue: /./, remainingItemCount: ABSENT } },
        keep: KEPT,
      },
      { ask: 'GET {widgets}?limit=2&labelSelector=x&continue={token}', code: 200, answer: named('e') },
    ],
  },
  {
    says: 'a continue that is none is a bad request',
    steps: [
      {
        ask: 'GET {widgets}?continue=xxx',
        code: 400,
        answer: { reason: 'BadRequest', message: /^invalid continue token: continue key is not valid/ },
      },
    ],
  },
  {
    says: 'a continue together with a resourceVersion is a bad request',
    steps: [
      make('a'),
      make('b'),
      { ask: 'GET {widgets}?limit=1', code: 200, keep: KEPT },
      {
        ask: 'GET {widgets}?limit=1&continue={token}&resourceVersion={listed}',
        code: 400,
        answer: refusal(400, 'BadRequest', 'specifying resource version is not allowed when using continue'),
      },
    ],
  },
  {
    says: 'a list at a version that is forgotten, by continue or exactly, is 410 Expired and gives a way on',
    alone: true,
    steps: [
      make('a'),
      make('b'),
      { ask: 'GET {widgets}?limit=1', code: 200, keep: KEPT },
      make('c'),
      { compact: true },
      {
        ask: 'GET {widgets}?limit=1&continue={token}',
        code: 410,
        answer: {
          kind: 'Status',
          reason: 'Expired',
          code: 410,
          message: /^The provided continue parameter is too old to display a consistent list result/,
          metadata: { continue: /./ },
        },
        keep: { inconsistent: 'metadata/continue' },
        eventually: true,
      },
      { ask: 'GET {widgets}?limit=5&continue={inconsistent}', code: 200, answer: named('b', 'c') },
      { ask: 'GET {widgets}?limit=1&resourceVersion={listed}&resourceVersionMatch=Exact', code: 410, answer: { reason: 'Expired' } },
    ],
  },
  {
    says: 'resourceVersion 0 takes any state, a version takes that one or a newer, none takes the newest',
    steps: [
      make('a'),
      { ask: 'GET {widgets}?resourceVersion={rv}', code: 200, answer: named('a') },
      { ask: 'GET {widgets}?resourceVersion=0', code: 200, answer: { kind: 'WidgetList' } },
      { ask: 'GET {widgets}', code: 200, answer: named('a') },
      { ask: 'GET {widgets}?resourceVersion={rv}&resourceVersionMatch=NotOlderThan', code: 200, answer: named('a') },
      { ask: 'GET {widgets}/a?resourceVersion=0', code: 200, eventually: true },
      { ask: 'GET {widgets}/a?resourceVersion={rv}', code: 200 },
    ],
  },
  {
    says: 'resourceVersionMatch Exact shows the state of that version',
    steps: [
      make('a'),
      { ask: 'GET {widgets}', code: 200, keep: KEPT },
      make('b'),
      {
        ask: 'GET {widgets}?resourceVersion={listed}&resourceVersionMatch=Exact',
        code: 200,
        answer: { ...named('a'), metadata: { resourceVersion: '{listed}' } },
      },
    ],
  },
  {
    says: 'resourceVersionMatch without a version, Exact with 0, and one that there is not, are Invalid',
    steps: [
      {
        ask: 'GET {widgets}?resourceVersionMatch=Exact',
        code: 422,
        answer: {
          reason: 'Invalid',
          message: /resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided/,
        },
      },
      {
        ask: 'GET {widgets}?resourceVersionMatch=Exact&resourceVersion=0',
        code: 422,
        answer: { reason: 'Invalid', message: /resourceVersionMatch "exact" is forbidden for resourceVersion "0"/ },
      },
      {
        ask: 'GET {widgets}?resourceVersionMatch=Sometimes&resourceVersion=5',
        code: 422,
        answer: { reason: 'Invalid', message: /Unsupported value: "Sometimes": supported values: "Exact", "NotOlderThan", ""/ },
      },
    ],
  },
  {
    says: 'a resourceVersion that is no number is refused',
    steps: [
      {
        ask: 'GET {widgets}?resourceVersion=abc',
        code: 400,
        answer: { reason: 'BadRequest', message: /^invalid resource version: resourceVersion: Invalid value: "abc": / },
      },
    ],
  },
  {
    says: 'a version that is not there yet is a timeout that says when to try again',
    steps: [
      {
        ask: 'GET {widgets}?resourceVersion=99999999',
        code: 504,
        answer: {
          reason: 'Timeout',
          message: /^Timeout: Too large resource version: 99999999, current: \d+$/,
          details: exactly({
            causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
            retryAfterSeconds: 1,
          }),
        },
        headers: { 'retry-after': '1' },
      },
    ],
  },
];
