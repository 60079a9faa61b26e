/** The built-in kinds that a provisioning system meets. Deployments, DaemonSets and Jobs are kept, nothing runs them. */
import { at, isMap, type JsonMap, type KubeObject } from '../objects.ts';
import { field } from '../selectors.ts';
import { badRequest, fault, immutable, type Cause } from '../status.ts';
import { AGE, NAME, age, column, countOf } from './columns.ts';
import { EVENT_CONVERSION } from './events.ts';
import { SCHEMAS } from './built-in-schemas.ts';
import type { Resource } from './resource.ts';

type Kind = keyof typeof SCHEMAS;

/** A resource with the defaults that most kinds share; the plural is the lower-case kind with an s. */
function define(kind: Kind, group: string, rest: Partial<Resource> = {}): Resource {
  const singular = kind.toLowerCase();
  const plural = rest.plural ?? `${singular}s`;
  return {
    group,
    version: 'v1',
    plural,
    singular,
    kind,
    shortNames: [],
    categories: [],
    namespaced: true,
    builtin: true,
    collection: `${group}/${plural}`,
    schema: SCHEMAS[kind],
    statusSubresource: false,
    generation: false,
    fields: {},
    columns: [NAME, AGE],
    ...rest,
  };
}

/** Standard base64 with padding; line breaks are passed over. */
const BASE64 = /^([A-Za-z0-9+/\r\n]{4})*(|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;
const base64 = (text: unknown) => Buffer.from(String(text)).toString('base64');

function prepareSecret(object: KubeObject): void {
  object['type'] ??= 'Opaque';
  for (const value of Object.values(isMap(object['data']) ? object['data'] : {}))
    if (typeof value !== 'string' || !BASE64.test(value)) throw badRequest('illegal base64 data in the body of the request');
  if (!isMap(object['stringData'])) return;
  const given = Object.entries(object['stringData']).map(([key, value]) => [key, base64(value)]);
  object['data'] = { ...(object['data'] as JsonMap | undefined), ...(Object.fromEntries(given) as JsonMap) };
  delete object['stringData'];
}

const dataIsFixed = (object: KubeObject, old: KubeObject | undefined): Cause[] =>
  old?.['immutable'] === true && JSON.stringify(object['data']) !== JSON.stringify(old['data'])
    ? [fault('data', 'Forbidden: field is immutable when `immutable` is set', 'FieldValueForbidden')]
    : [];

function prepareNamespace(object: KubeObject, old: KubeObject | undefined): void {
  object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  object['spec'] = old?.['spec'] ?? { finalizers: ['kubernetes'] };
  if (!old) object['status'] = { phase: 'Active' };
}

function preparePod(object: KubeObject, old: KubeObject | undefined): void {
  const spec = (isMap(object['spec']) ? object['spec'] : {}) as JsonMap;
  object['spec'] = {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: spec['serviceAccountName'] ?? 'default',
    ...spec,
  };
  if (!old) object['status'] = { phase: 'Pending', qosClass: 'BestEffort' };
}

const nodeIsFixed = (object: KubeObject, old: KubeObject | undefined): Cause[] => {
  const before = at(old, 'spec', 'nodeName');
  return before && before !== at(object, 'spec', 'nodeName') ? [immutable('spec.nodeName')] : [];
};

function prepareEvent(object: KubeObject): void {
  object['involvedObject'] ??= {};
  object['source'] ??= {};
  object['eventTime'] ??= null;
  object['reportingComponent'] ??= '';
  object['reportingInstance'] ??= '';
}

/** An event is about an object of its own namespace. */
function checkEvent(object: KubeObject): Cause[] {
  const about = String(at(object, 'involvedObject', 'namespace') ?? '') || 'default';
  return about === object.metadata.namespace
    ? []
    : [
        fault(
          'involvedObject.namespace',
          `Invalid value: ${JSON.stringify(at(object, 'involvedObject', 'namespace') ?? '')}: does not match event.namespace`,
        ),
      ];
}

const conditionOf = (object: KubeObject, type: string): unknown =>
  (at(object, 'status', 'conditions') as JsonMap[] | undefined)?.find((condition) => condition['type'] === type)?.['status'];

function nodeStatus(object: KubeObject): string {
  const ready = conditionOf(object, 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady'];
  if (at(object, 'spec', 'unschedulable')) words.push('SchedulingDisabled');
  return words.join(',');
}

const ROLE = 'node-role.kubernetes.io/';
const nodeRoles = ({ metadata }: KubeObject): string =>
  Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith(ROLE))
    .map((label) => label.slice(ROLE.length))
    .join(',') || '<none>';

const podReady = (object: KubeObject): string => {
  const statuses = (at(object, 'status', 'containerStatuses') ?? []) as JsonMap[];
  const all = (at(object, 'spec', 'containers') ?? []) as unknown[];
  return `${statuses.filter((status) => status['ready']).length}/${all.length}`;
};
const podStatus = (object: KubeObject): unknown => (object.metadata.deletionTimestamp ? 'Terminating' : at(object, 'status', 'phase'));

const EVENT_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
  (name) => `involvedObject.${name}`,
);
const fieldsOf = (...paths: string[]) => Object.assign({}, ...paths.map(field)) as Resource['fields'];
const lastSeen = (object: KubeObject, now: Date) =>
  age(at(object, 'series', 'lastObservedTime') ?? object['lastTimestamp'] ?? object['eventTime'] ?? object.metadata.creationTimestamp, now);
const eventColumns = [
  column('Last Seen', lastSeen),
  column('Type', 'type'),
  column('Reason', 'reason'),
  column(
    'Object',
    (object) => `${String(at(object, 'involvedObject', 'kind')).toLowerCase()}/${String(at(object, 'involvedObject', 'name'))}`,
  ),
  column('Message', 'message'),
  column('Name', 'metadata.name', 1),
];
const count = (path: string) => (object: KubeObject) => Number(at(object, ...path.split('.')) ?? 0);

export const BUILT_IN: Resource[] = [
  define('Namespace', '', {
    namespaced: false,
    shortNames: ['ns'],
    statusSubresource: true,
    fields: fieldsOf('status.phase'),
    columns: [NAME, column('Status', 'status.phase'), AGE],
    prepare: prepareNamespace,
    statusAtCreation: true,
  }),
  define('Node', '', {
    namespaced: false,
    shortNames: ['no'],
    statusSubresource: true,
    statusAtCreation: true,
    fields: fieldsOf('spec.unschedulable'),
    columns: [NAME, column('Status', nodeStatus), column('Roles', nodeRoles), AGE, column('Version', 'status.nodeInfo.kubeletVersion')],
  }),
  define('Secret', '', {
    fields: fieldsOf('type'),
    columns: [NAME, column('Type', 'type'), column('Data', (object) => countOf(object, 'data')), AGE],
    prepare: prepareSecret,
    check: (object, old) => [
      ...(old && old['type'] !== object['type']
        ? [fault('type', `Invalid value: ${JSON.stringify(object['type'])}: field is immutable`)]
        : []),
      ...dataIsFixed(object, old),
    ],
  }),
  define('ConfigMap', '', {
    shortNames: ['cm'],
    columns: [NAME, column('Data', (object) => countOf(object, 'data', 'binaryData')), AGE],
    check: dataIsFixed,
  }),
  define('Pod', '', {
    shortNames: ['po'],
    categories: ['all'],
    statusSubresource: true,
    generation: true,
    statusAtCreation: true,
    fields: fieldsOf('spec.nodeName', 'spec.serviceAccountName', 'spec.restartPolicy', 'status.phase', 'status.podIP'),
    columns: [
      NAME,
      column('Ready', podReady),
      column('Status', podStatus),
      column('Restarts', () => '0'),
      AGE,
      column('Node', 'spec.nodeName', 1),
    ],
    prepare: preparePod,
    check: nodeIsFixed,
  }),
  define('ServiceAccount', '', { shortNames: ['sa'] }),
  define('Event', '', {
    shortNames: ['ev'],
    fields: fieldsOf(...EVENT_FIELDS, 'reason', 'type', 'reportingComponent'),
    columns: eventColumns,
    prepare: prepareEvent,
    check: checkEvent,
  }),
  define('Event', 'events.k8s.io', {
    shortNames: ['ev'],
    collection: '/events',
    fields: fieldsOf(...EVENT_FIELDS.map((path) => path.replace('involvedObject', 'regarding')), 'reason', 'type', 'reportingController'),
    columns: eventColumns.map((each) => ({
      ...each,
      value: (object: KubeObject, now: Date) => each.value(EVENT_CONVERSION.write(object), now),
    })),
    prepare: prepareEvent,
    convert: EVENT_CONVERSION,
  }),
  define('Lease', 'coordination.k8s.io', { columns: [NAME, column('Holder', 'spec.holderIdentity'), AGE] }),
  define('Deployment', 'apps', {
    shortNames: ['deploy'],
    categories: ['all'],
    statusSubresource: true,
    generation: true,
    columns: [
      NAME,
      column('Ready', (object) => `${count('status.readyReplicas')(object)}/${count('spec.replicas')(object)}`),
      column('Up-to-date', count('status.updatedReplicas')),
      column('Available', count('status.availableReplicas')),
      AGE,
    ],
  }),
  define('DaemonSet', 'apps', {
    shortNames: ['ds'],
    categories: ['all'],
    statusSubresource: true,
    generation: true,
    columns: [NAME, column('Desired', count('status.desiredNumberScheduled')), column('Ready', count('status.numberReady')), AGE],
  }),
  define('Job', 'batch', {
    categories: ['all'],
    statusSubresource: true,
    generation: true,
    columns: [
      NAME,
      column('Completions', (object) => `${count('status.succeeded')(object)}/${count('spec.completions')(object) || 1}`),
      AGE,
    ],
  }),
];

/** The namespaces that every cluster has. */
export const FIRST_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
