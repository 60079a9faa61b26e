/** Parts of which the cases are made. */
import type { RequestStep } from '../case.ts';
import { ABSENT, exactly } from '../match.ts';

type JsonMap = Record<string, unknown>;

export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';
export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

/** A widget (sim/kube-sim/test/widget-crd.yaml). */
export const widget = (spec: JsonMap = {}, metadata: JsonMap = {}): JsonMap => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: '{name}', ...metadata },
  spec: { size: 3, ...spec },
});
/** An object of the core group. */
export const core = (kind: string, more: JsonMap = {}, metadata: JsonMap = {}): JsonMap => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: '{name}', ...metadata },
  ...more,
});

const KEPT = { uid: 'metadata/uid', rv: 'metadata/resourceVersion' };

/** Creates a widget and keeps its uid and resourceVersion as `{uid}` and `{rv}`. */
export const made = (spec: JsonMap = {}, metadata: JsonMap = {}): RequestStep => ({
  ask: 'POST {widgets}',
  body: widget(spec, metadata),
  code: 201,
  keep: KEPT,
});
/** Creates an object of the core group, likewise. */
export const madeCore = (path: string, kind: string, more: JsonMap = {}, metadata: JsonMap = {}): RequestStep => ({
  ask: `POST ${path}`,
  body: core(kind, more, metadata),
  code: 201,
  keep: KEPT,
});
/** A Pod that runs as the case's own account, which stands before it. */
export const podSpec = (more: JsonMap = {}): JsonMap => ({
  spec: {
    containers: [{ name: 'c', image: 'i' }],
    serviceAccountName: '{name}',
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 7,
    ...more,
  },
});
export const account: RequestStep = madeCore('{core}/serviceaccounts', 'ServiceAccount');

/** A merge patch of the case's widget. */
export const patched = (body: JsonMap, answer?: unknown, more: Partial<RequestStep> = {}): RequestStep => ({
  ask: 'PATCH {widgets}/{name}',
  type: MERGE,
  body,
  code: 200,
  ...(answer !== undefined && { answer }),
  ...more,
});

/** A server-side apply of the case's widget by a manager. */
export const applied = (
  manager: string,
  spec: JsonMap,
  more: Partial<RequestStep> & { query?: string; metadata?: JsonMap } = {},
): RequestStep => {
  const { query = '', metadata, ...rest } = more;
  return {
    ask: `PATCH {widgets}/{name}?fieldManager=${manager}${query}`,
    type: APPLY,
    body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: '{name}', ...metadata }, spec },
    code: 200,
    ...rest,
  };
};

/** A whole `Status` of a refusal. */
export const refusal = (code: number, reason: string, message: string | RegExp, details?: JsonMap): unknown =>
  exactly({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason && { reason }),
    ...(details && { details }),
    code,
  });

export const ofWidget = { name: '{name}', group: 'example.com', kind: 'widgets' };
export const kindOfWidget = { name: '{name}', group: 'example.com', kind: 'Widget' };
/** A 422 about the case's widget. */
export const invalidWidget = (
  message: string | RegExp,
  ...causes: { reason: string; message: string | RegExp; field: string }[]
): unknown => refusal(422, 'Invalid', message, { ...kindOfWidget, causes });

/** An entry of metadata.managedFields. */
export const owner = (manager: string, operation: 'Apply' | 'Update', fieldsV1: JsonMap, subresource?: string): unknown => ({
  manager,
  operation,
  apiVersion: 'example.com/v1',
  fieldsType: 'FieldsV1',
  fieldsV1: exactly(fieldsV1),
  subresource: subresource ?? ABSENT,
});
