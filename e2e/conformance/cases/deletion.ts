/** Deletion: preconditions, finalizers, grace, propagation, collections, owners. */
import type { Case } from '../case.ts';
import { ABSENT, exactly, has } from '../match.ts';
import { MERGE, account, made, madeCore, ofWidget, patched, podSpec, refusal, widget } from './objects.ts';

const hold = { finalizers: ['a.b/c'] };

/** An owner and what it owns: kinds that a garbage collector knows from its start; it learns of new definitions within half a minute. */
const owner = madeCore('{core}/configmaps', 'ConfigMap');
const owned = (reference: Record<string, unknown>, metadata: Record<string, unknown> = {}) =>
  madeCore(
    '{core}/secrets',
    'Secret',
    {},
    { ...metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: '{name}', uid: '{uid}', ...reference }] },
  );

export const deletion: Case[] = [
  {
    says: 'an object without finalizers goes at once; the answer is a Success with its uid',
    steps: [
      made(),
      {
        ask: 'DELETE {widgets}/{name}',
        code: 200,
        answer: exactly({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { ...ofWidget, uid: '{uid}' } }),
      },
      { ask: 'GET {widgets}/{name}', code: 404, answer: refusal(404, 'NotFound', 'widgets.example.com "{name}" not found', ofWidget) },
    ],
  },
  {
    says: 'deleting what is not there is NotFound',
    steps: [
      { ask: 'DELETE {widgets}/{name}', code: 404, answer: refusal(404, 'NotFound', 'widgets.example.com "{name}" not found', ofWidget) },
    ],
  },
  {
    says: 'a finalizer holds an object: it gets a deletionTimestamp, grace 0 and a greater generation, and is answered itself',
    steps: [
      made({}, hold),
      {
        ask: 'DELETE {widgets}/{name}',
        code: 200,
        answer: {
          kind: 'Widget',
          metadata: { deletionTimestamp: /Z$/, deletionGracePeriodSeconds: 0, generation: 2, finalizers: ['a.b/c'] },
        },
        keep: { rv: 'metadata/resourceVersion', at: 'metadata/deletionTimestamp' },
      },
      {
        ask: 'DELETE {widgets}/{name}',
        code: 200,
        answer: { metadata: { resourceVersion: '{rv}', deletionTimestamp: '{at}', generation: 2 } },
      },
    ],
  },
  {
    says: 'an object that is going may be written still, and goes with its last finalizer',
    steps: [
      made({}, { finalizers: ['a.b/c', 'd.e/f'] }),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      patched({ spec: { size: 4 } }, { spec: { size: 4 } }),
      {
        ask: 'PATCH {widgets}/{name}/status',
        type: MERGE,
        body: { status: { phase: 'A' } },
        code: 200,
        answer: { status: { phase: 'A' } },
      },
      patched({ metadata: { finalizers: ['a.b/c'] } }, { metadata: { finalizers: ['a.b/c'] } }),
      patched({ metadata: { finalizers: null } }, { kind: 'Widget', metadata: { finalizers: ABSENT, deletionTimestamp: /Z$/ } }),
      { ask: 'GET {widgets}/{name}', code: 404 },
    ],
  },
  {
    says: 'an object that is going takes no new finalizers',
    steps: [
      made({}, hold),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      patched(
        { metadata: { finalizers: ['a.b/c', 'x.y/z'] } },
        {
          reason: 'Invalid',
          details: {
            causes: has({
              reason: 'FieldValueForbidden',
              field: 'metadata.finalizers',
              message: 'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.y/z"}',
            }),
          },
        },
        { code: 422 },
      ),
    ],
  },
  {
    says: 'a deletionTimestamp cannot be taken back',
    steps: [
      made({}, hold),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      patched(
        { metadata: { deletionTimestamp: null, deletionGracePeriodSeconds: null } },
        { metadata: { deletionTimestamp: /Z$/, deletionGracePeriodSeconds: 0 } },
      ),
    ],
  },
  {
    says: 'a name that is going is taken: creating it is AlreadyExists',
    steps: [
      made({}, hold),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      { ask: 'POST {widgets}', body: widget(), code: 409, answer: { reason: 'AlreadyExists' } },
    ],
  },
  {
    says: 'another uid in the preconditions is a conflict that names both, and deletes nothing',
    steps: [
      made(),
      {
        ask: 'DELETE {widgets}/{name}',
        body: { preconditions: { uid: 'other' } },
        code: 409,
        answer: {
          reason: 'Conflict',
          message:
            'Operation cannot be fulfilled on Widget.example.com "{name}": the UID in the precondition (other) does not match the UID in record ({uid}). The object might have been deleted and then recreated',
        },
      },
      { ask: 'GET {widgets}/{name}', code: 200 },
    ],
  },
  {
    says: 'another resourceVersion in the preconditions is a conflict, the present ones are not',
    steps: [
      made(),
      {
        ask: 'DELETE {widgets}/{name}',
        body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { resourceVersion: '1' } },
        code: 409,
        answer: {
          reason: 'Conflict',
          message:
            'Operation cannot be fulfilled on Widget.example.com "{name}": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({rv}). The object might have been modified',
        },
      },
      { ask: 'DELETE {widgets}/{name}', body: { preconditions: { uid: '{uid}', resourceVersion: '{rv}' } }, code: 200 },
    ],
  },
  {
    says: 'preconditions hold for an object that is going too',
    steps: [
      made({}, hold),
      { ask: 'DELETE {widgets}/{name}', code: 200 },
      { ask: 'DELETE {widgets}/{name}', body: { preconditions: { uid: 'other' } }, code: 409 },
    ],
  },
  {
    says: 'preconditions hold for built-in kinds: a Node is deleted by its uid alone',
    steps: [
      madeCore('/api/v1/nodes', 'Node'),
      {
        ask: 'DELETE /api/v1/nodes/{name}',
        body: { preconditions: { uid: 'other' } },
        code: 409,
        answer: refusal(
          409,
          'Conflict',
          'Operation cannot be fulfilled on Node "{name}": the UID in the precondition (other) does not match the UID in record ({uid}). The object might have been deleted and then recreated',
          { name: '{name}', kind: 'Node' },
        ),
      },
      {
        ask: 'DELETE /api/v1/nodes/{name}',
        body: { preconditions: { uid: '{uid}' } },
        code: 200,
        answer: exactly({
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Success',
          details: { name: '{name}', kind: 'nodes', uid: '{uid}' },
        }),
      },
    ],
  },
  {
    says: 'propagation Orphan and Foreground leave a finalizer of their own',
    steps: [
      made({}, hold),
      {
        ask: 'DELETE {widgets}/{name}',
        body: { propagationPolicy: 'Foreground' },
        code: 200,
        answer: { metadata: { finalizers: has('a.b/c', 'foregroundDeletion'), deletionTimestamp: /Z$/ } },
      },
      { ask: 'POST {widgets}', body: widget({}, { name: 'other', ...hold }), code: 201 },
      { ask: 'DELETE {widgets}/other?propagationPolicy=Orphan', code: 200, answer: { metadata: { finalizers: has('a.b/c', 'orphan') } } },
    ],
  },
  {
    says: 'a propagation policy that there is not is Invalid',
    steps: [
      made(),
      {
        ask: 'DELETE {widgets}/{name}',
        body: { propagationPolicy: 'Sideways' },
        code: 422,
        answer: { reason: 'Invalid', message: /Invalid value: "Sideways": must be one of|Unsupported value: "Sideways"/ },
      },
    ],
  },
  {
    says: 'a collection is deleted by its selector, and the answer lists what went',
    steps: [
      { ask: 'POST {widgets}', body: widget({}, { name: 'a', labels: { batch: 'one' } }), code: 201 },
      { ask: 'POST {widgets}', body: widget({}, { name: 'b', labels: { batch: 'one' } }), code: 201 },
      { ask: 'POST {widgets}', body: widget({}, { name: 'c', labels: { batch: 'two' } }), code: 201 },
      {
        ask: 'DELETE {widgets}?labelSelector=batch%3Done',
        code: 200,
        answer: { kind: 'WidgetList', items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }] },
      },
      { ask: 'GET {widgets}', code: 200, answer: { items: [{ metadata: { name: 'c' } }] } },
    ],
  },
  {
    says: 'a collection of a built-in kind is deleted as a whole',
    steps: [
      madeCore('{core}/secrets', 'Secret'),
      { ask: 'DELETE {core}/secrets', code: 200, answer: { kind: 'SecretList', items: has({ metadata: { name: '{name}' } }) } },
      { ask: 'GET {core}/secrets/{name}', code: 404 },
    ],
  },
  {
    says: 'a Pod on no node goes at once and is answered itself',
    steps: [
      account,
      madeCore('{core}/pods', 'Pod', podSpec()),
      { ask: 'DELETE {core}/pods/{name}', code: 200, answer: { kind: 'Pod', metadata: { uid: '{uid}', deletionGracePeriodSeconds: 0 } } },
      { ask: 'GET {core}/pods/{name}', code: 404 },
    ],
  },
  {
    says: 'a Pod on a node gets its own grace, or the one that is asked for',
    steps: [
      account,
      madeCore('{core}/pods', 'Pod', podSpec({ nodeName: 'n' })),
      { ask: 'DELETE {core}/pods/{name}', code: 200, answer: { metadata: { deletionGracePeriodSeconds: 7, deletionTimestamp: /Z$/ } } },
      {
        ask: 'POST {core}/pods',
        body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'two' }, ...podSpec({ nodeName: 'n' }) },
        code: 201,
      },
      { ask: 'DELETE {core}/pods/two?gracePeriodSeconds=3', code: 200, answer: { metadata: { deletionGracePeriodSeconds: 3 } } },
    ],
  },
  {
    says: 'a Pod on a node goes at once with grace 0',
    steps: [
      account,
      madeCore('{core}/pods', 'Pod', podSpec({ nodeName: 'n' })),
      { ask: 'DELETE {core}/pods/{name}', body: { gracePeriodSeconds: 0 }, code: 200 },
      { ask: 'GET {core}/pods/{name}', code: 404 },
    ],
  },
  {
    says: 'a namespace that is deleted is Terminating first, and nothing is created in it any more',
    steps: [
      {
        ask: 'POST /api/v1/namespaces',
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{ns}-x' } },
        code: 201,
        keep: { rv: 'metadata/resourceVersion' },
      },
      {
        ask: 'POST /apis/example.com/v1/namespaces/{ns}-x/widgets',
        body: widget({}, hold),
        code: 201,
      },
      {
        ask: 'DELETE /api/v1/namespaces/{ns}-x',
        code: 200,
        answer: { kind: 'Namespace', metadata: { deletionTimestamp: /Z$/ }, status: { phase: 'Terminating' } },
      },
      {
        ask: 'POST /api/v1/namespaces/{ns}-x/configmaps',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } },
        code: 403,
        answer: refusal(
          403,
          'Forbidden',
          'configmaps "late" is forbidden: unable to create new content in namespace {ns}-x because it is being terminated',
          {
            name: 'late',
            kind: 'configmaps',
            causes: [{ reason: 'NamespaceTerminating', message: 'namespace {ns}-x is being terminated', field: 'metadata.namespace' }],
          },
        ),
        eventually: true,
      },
    ],
  },
  {
    says: 'a namespace takes its content along, and waits for the finalizers in it',
    steps: [
      { ask: 'POST /api/v1/namespaces', body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{ns}-x' } }, code: 201 },
      { ask: 'POST /apis/example.com/v1/namespaces/{ns}-x/widgets', body: widget({}, hold), code: 201 },
      { ask: 'DELETE /api/v1/namespaces/{ns}-x', code: 200 },
      {
        ask: 'GET /apis/example.com/v1/namespaces/{ns}-x/widgets/{name}',
        code: 200,
        answer: { metadata: { deletionTimestamp: /Z$/ } },
        eventually: true,
      },
      {
        ask: 'PATCH /apis/example.com/v1/namespaces/{ns}-x/widgets/{name}',
        type: MERGE,
        body: { metadata: { finalizers: null } },
        code: 200,
      },
      { ask: 'GET /api/v1/namespaces/{ns}-x', code: 404, eventually: true },
    ],
  },
  {
    says: 'what an object owns goes after it',
    steps: [
      owner,
      owned({ controller: true, blockOwnerDeletion: true }),
      { ask: 'DELETE {core}/configmaps/{name}', body: { propagationPolicy: 'Background' }, code: 200 },
      { ask: 'GET {core}/secrets/{name}', code: 404, eventually: true },
    ],
  },
  {
    says: 'an owner deleted in the foreground goes after what it owns',
    steps: [
      owner,
      owned({ blockOwnerDeletion: true }, hold),
      { ask: 'DELETE {core}/configmaps/{name}', body: { propagationPolicy: 'Foreground' }, code: 200 },
      { ask: 'GET {core}/secrets/{name}', code: 200, answer: { metadata: { deletionTimestamp: /Z$/ } }, eventually: true },
      { ask: 'GET {core}/configmaps/{name}', code: 200, answer: { metadata: { finalizers: ['foregroundDeletion'] } } },
      { ask: 'PATCH {core}/secrets/{name}', type: MERGE, body: { metadata: { finalizers: null } }, code: 200 },
      { ask: 'GET {core}/configmaps/{name}', code: 404, eventually: true },
    ],
  },
  {
    says: 'what an object owns stays with propagation Orphan, without the reference',
    steps: [
      owner,
      owned({}),
      { ask: 'DELETE {core}/configmaps/{name}', body: { propagationPolicy: 'Orphan' }, code: 200 },
      { ask: 'GET {core}/configmaps/{name}', code: 404, eventually: true },
      { ask: 'GET {core}/secrets/{name}', code: 200, answer: { metadata: { ownerReferences: ABSENT } }, eventually: true },
    ],
  },
  {
    says: 'what has two owners stays until the last one is gone',
    steps: [
      madeCore('{core}/configmaps', 'ConfigMap', {}, { name: 'other' }),
      { ...owner, keep: { first: 'metadata/uid' } },
      madeCore(
        '{core}/secrets',
        'Secret',
        {},
        {
          ownerReferences: [
            { apiVersion: 'v1', kind: 'ConfigMap', name: '{name}', uid: '{first}' },
            { apiVersion: 'v1', kind: 'ConfigMap', name: 'other', uid: '{uid}' },
          ],
        },
      ),
      { ask: 'DELETE {core}/configmaps/{name}', code: 200 },
      { ask: 'GET {core}/secrets/{name}', code: 200, answer: { metadata: { ownerReferences: [{ name: 'other' }] } }, eventually: true },
      { ask: 'DELETE {core}/configmaps/other', code: 200 },
      { ask: 'GET {core}/secrets/{name}', code: 404, eventually: true },
    ],
  },
];
