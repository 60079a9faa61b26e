/** Watches: where they begin, what they tell, how they end. */
import type { Case, RequestStep } from '../case.ts';
import { ABSENT, exactly } from '../match.ts';
import { MERGE, TABLE, account, made, madeCore, patched, podSpec, widget } from './objects.ts';

const INITIAL = 'sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';
const event = (type: string, name: string, more: Record<string, unknown> = {}) => ({
  type,
  object: { kind: 'Widget', metadata: { name }, ...more },
});
const labelled = (labels: Record<string, string | null>): RequestStep => patched({ metadata: { labels } });
const listed: RequestStep = { ask: 'GET {widgets}', code: 200, keep: { rv: 'metadata/resourceVersion' } };

export const watches: Case[] = [
  {
    says: 'from a version, a watch tells everything after it, in order',
    steps: [
      made(),
      patched({ spec: { size: 4 } }),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      { watch: '{widgets}?watch=true&resourceVersion={rv}' },
      {
        events: [
          event('MODIFIED', '{name}', { spec: { size: 4, color: 'red' } }),
          event('DELETED', '{name}', { spec: { size: 4, color: 'red' } }),
        ],
      },
    ],
  },
  {
    says: 'from the version of a list, a watch tells what was created since',
    steps: [
      listed,
      { watch: '{widgets}?watch=true&resourceVersion={rv}' },
      made(),
      { events: [event('ADDED', '{name}')] },
      { ask: 'PATCH {widgets}/{name}/status', type: MERGE, body: { status: { phase: 'A' } }, code: 200 },
      { events: [event('MODIFIED', '{name}', { status: { phase: 'A' } })] },
    ],
  },
  {
    says: 'without a version, and from 0, a watch tells first what is there as ADDED',
    steps: [
      made(),
      { watch: '{widgets}?watch=1' },
      { events: [event('ADDED', '{name}')] },
      { watch: '{widgets}?watch=1&resourceVersion=0' },
      { events: [event('ADDED', '{name}')] },
    ],
  },
  {
    says: 'a write that changes nothing is no event',
    steps: [
      made(),
      { watch: '{widgets}?watch=1&resourceVersion={rv}' },
      patched({ spec: { size: 3 } }),
      patched({ spec: { size: 6 } }),
      { events: [event('MODIFIED', '{name}', { spec: { size: 6, color: 'red' } })] },
    ],
  },
  {
    says: 'an object that comes to be selected by label is ADDED, one that leaves the selection DELETED',
    steps: [
      made(),
      { watch: '{widgets}?watch=1&resourceVersion={rv}&labelSelector=env%3Da' },
      labelled({ env: 'a' }),
      patched({ spec: { size: 4 } }),
      labelled({ env: 'b' }),
      patched({ spec: { size: 5 } }),
      labelled({ env: 'a' }),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      {
        events: [
          event('ADDED', '{name}'),
          event('MODIFIED', '{name}', { spec: { size: 4, color: 'red' } }),
          event('DELETED', '{name}', { metadata: { name: '{name}', labels: { env: 'a' } }, spec: { size: 4, color: 'red' } }),
          event('ADDED', '{name}', { spec: { size: 5, color: 'red' } }),
          event('DELETED', '{name}'),
        ],
      },
    ],
  },
  {
    says: 'the DELETED of an object that leaves the selection bears the version of the change',
    steps: [
      made({}, { labels: { env: 'a' } }),
      { watch: '{widgets}?watch=1&resourceVersion={rv}&labelSelector=env%3Da' },
      patched({ metadata: { labels: { env: 'b' } } }, undefined, { keep: { changed: 'metadata/resourceVersion' } }),
      { events: [event('DELETED', '{name}', { metadata: { name: '{name}', resourceVersion: '{changed}', labels: { env: 'a' } } })] },
    ],
  },
  {
    says: 'an object outside of the selection is told neither changed nor deleted',
    steps: [
      made(),
      { watch: '{widgets}?watch=1&resourceVersion={rv}&labelSelector=env%3Da' },
      patched({ spec: { size: 4 } }),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      { ask: 'POST {widgets}', body: widget({}, { name: 'next', labels: { env: 'a' } }), code: 201 },
      { events: [event('ADDED', 'next')] },
    ],
  },
  {
    says: 'a watch by name tells that object alone',
    steps: [
      listed,
      { watch: '{widgets}?watch=1&resourceVersion={rv}&fieldSelector=metadata.name%3D{name}' },
      { ask: 'POST {widgets}', body: widget({}, { name: 'other' }), code: 201 },
      made(),
      { events: [event('ADDED', '{name}')] },
    ],
  },
  {
    says: 'a selection of Pods by node changes as they are placed',
    steps: [
      account,
      madeCore('{core}/pods', 'Pod', podSpec({ nodeName: 'n-{ns}' })),
      { watch: '{core}/pods?watch=1&resourceVersion={rv}&fieldSelector=spec.nodeName%3Dn-{ns},status.phase%3DRunning' },
      { ask: 'PATCH {core}/pods/{name}/status', type: MERGE, body: { status: { phase: 'Running' } }, code: 200 },
      { ask: 'PATCH {core}/pods/{name}/status', type: MERGE, body: { status: { phase: 'Succeeded' } }, code: 200 },
      {
        events: [
          { type: 'ADDED', object: { kind: 'Pod' } },
          { type: 'DELETED', object: { status: { phase: 'Running' } } },
        ],
      },
    ],
  },
  {
    says: 'the DELETED of an object bears a version of its own, greater than its last',
    steps: [
      made(),
      { watch: '{widgets}?watch=1&resourceVersion={rv}' },
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      { events: [event('DELETED', '{name}', { metadata: { name: '{name}', uid: '{uid}', deletionTimestamp: ABSENT } })] },
    ],
  },
  {
    says: 'marking an object that has finalizers is MODIFIED, its last finalizer going is DELETED',
    steps: [
      made({}, { finalizers: ['a.b/c'] }),
      { watch: '{widgets}?watch=1&resourceVersion={rv}' },
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      patched({ metadata: { finalizers: null } }),
      {
        events: [
          event('MODIFIED', '{name}', { metadata: { name: '{name}', deletionTimestamp: /Z$/ } }),
          event('DELETED', '{name}', { metadata: { name: '{name}', deletionTimestamp: /Z$/ } }),
        ],
      },
    ],
  },
  {
    says: 'timeoutSeconds ends a watch without an error',
    steps: [listed, { watch: '{widgets}?watch=1&resourceVersion={rv}&timeoutSeconds=1' }, { events: [], ended: true }],
  },
  {
    says: 'sendInitialEvents tells the state, then a bookmark that says that it is whole, then what comes',
    steps: [
      made(),
      { watch: `{widgets}?watch=1&${INITIAL}` },
      {
        events: [
          event('ADDED', '{name}'),
          {
            type: 'BOOKMARK',
            object: exactly({
              kind: 'Widget',
              apiVersion: 'example.com/v1',
              metadata: { annotations: { 'k8s.io/initial-events-end': 'true' }, resourceVersion: /^\d+$/ },
            }),
          },
        ],
      },
      patched({ spec: { size: 5 } }),
      // A slow machine may be told of another bookmark before.
      { named: '{name}', events: [event('MODIFIED', '{name}')] },
    ],
  },
  {
    says: 'the bookmark of a built-in kind is an empty object of it',
    steps: [
      { watch: `{core}/secrets?watch=1&${INITIAL}` },
      {
        events: [
          {
            type: 'BOOKMARK',
            object: {
              kind: 'Secret',
              apiVersion: 'v1',
              metadata: { resourceVersion: /^\d+$/, annotations: { 'k8s.io/initial-events-end': 'true' } },
            },
          },
        ],
      },
    ],
  },
  {
    says: 'sendInitialEvents without its resourceVersionMatch is Invalid',
    steps: [
      {
        ask: 'GET {widgets}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true',
        code: 422,
        answer: {
          reason: 'Invalid',
          message: /resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/,
        },
      },
    ],
  },
  {
    says: 'a watch that asks for bookmarks gets one before its time is over',
    steps: [
      made(),
      { watch: '{widgets}?watch=1&resourceVersion={rv}&allowWatchBookmarks=true&timeoutSeconds=4' },
      { events: [{ type: 'BOOKMARK', object: { kind: 'Widget', apiVersion: 'example.com/v1', metadata: { resourceVersion: /^\d+$/ } } }] },
    ],
  },
  {
    says: 'from a version that is forgotten, the watch is opened and tells the 410 in its stream, and ends',
    steps: [
      { watch: '{widgets}?watch=1&resourceVersion=1' },
      {
        events: [
          {
            type: 'ERROR',
            object: exactly({
              kind: 'Status',
              apiVersion: 'v1',
              metadata: {},
              status: 'Failure',
              message: /^too old resource version: 1 \(\d+\)$/,
              reason: 'Expired',
              code: 410,
            }),
          },
        ],
        ended: true,
      },
    ],
  },
  {
    says: 'a watch as a Table tells rows, with the columns in the first event alone',
    steps: [
      made(),
      { watch: '{widgets}?watch=1', accept: TABLE },
      {
        events: [
          {
            type: 'ADDED',
            object: {
              kind: 'Table',
              columnDefinitions: [{}, {}, {}, {}, {}, {}],
              rows: [{ cells: ['{name}', 3, null, 'red', null, /s$/] }],
            },
          },
        ],
      },
      patched({ spec: { size: 7 } }),
      {
        events: [
          {
            type: 'MODIFIED',
            object: { kind: 'Table', columnDefinitions: null, rows: [{ cells: ['{name}', 7, null, 'red', null, /s$/] }] },
          },
        ],
      },
    ],
  },
  {
    says: 'a watch from a resourceVersion that is no number is refused',
    steps: [
      {
        ask: 'GET {widgets}?watch=1&resourceVersion=abc',
        code: 500,
        answer: { kind: 'Status', message: /^resourceVersion: Invalid value: "abc": / },
      },
    ],
  },
];
