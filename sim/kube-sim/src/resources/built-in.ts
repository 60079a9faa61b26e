/** The built-in kinds that a provisioning system meets. Deployments and DaemonSets are kept, nothing runs them. */
import { forbiddenField, immutable, invalidValue, type Cause } from '@dpf/kube-schema';
import { at, isMap, type JsonMap, type KubeObject } from '../objects.ts';
import { badRequest } from '../status.ts';
import { AGE, NAME, age, column, countOf } from './columns.ts';
import { EVENT_CONVERSION } from './events.ts';
import { CRD } from './crd.ts';
import { define } from './define.ts';
import type { Resource } from './resource.ts';
import { CSR } from './signing-request.ts';

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
    ? [forbiddenField('data', 'field is immutable when `immutable` is set')]
    : [];

/** Its own finalizers are written through PUT …/finalize alone: by the controller that empties it, or by whoever frees a stuck one. */
const prepareNamespace: Resource['prepare'] = (object, old, { subresource }) => {
  object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  if (subresource !== 'finalize') object['spec'] = old?.['spec'] ?? { finalizers: ['kubernetes'] };
  if (!old) object['status'] = { phase: 'Active' };
};

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
  const [before, now] = [at(old, 'spec', 'nodeName'), at(object, 'spec', 'nodeName')];
  return before && before !== now ? [immutable('spec.nodeName', now ?? '')] : [];
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
  const about = at(object, 'involvedObject', 'namespace') ?? '';
  if ((about || 'default') === object.metadata.namespace) return [];
  return [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
}

function nodeStatus(object: KubeObject): string {
  const conditions = (at(object, 'status', 'conditions') ?? []) as JsonMap[];
  const ready = conditions.find(({ type }) => type === 'Ready')?.['status'];
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

const podStatus = (object: KubeObject): unknown => (object.metadata.deletionTimestamp ? 'Terminating' : at(object, 'status', 'phase'));

const paths = (...names: string[]): Resource['fields'] => Object.fromEntries(names.map((name) => [name, name]));
const ABOUT = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
const eventFields = (about: string): Resource['fields'] => ({
  ...paths('reason', 'type'),
  ...Object.fromEntries(ABOUT.map((name) => [`${about}.${name}`, `involvedObject.${name}`])),
});
const lastSeen = (object: KubeObject, now: Date) =>
  age(at(object, 'series', 'lastObservedTime') ?? object['lastTimestamp'] ?? object['eventTime'] ?? object.metadata.creationTimestamp, now);
const aboutWhat = ({ involvedObject }: KubeObject): string => {
  const { kind, name } = involvedObject as JsonMap;
  return `${String(kind).toLowerCase()}/${String(name)}`;
};
const eventColumns = [
  column('Last Seen', lastSeen),
  column('Type', 'type'),
  column('Reason', 'reason'),
  column('Object', aboutWhat),
  column('Message', 'message'),
  column('Name', 'metadata.name', 1),
];
const count = (path: string) => (object: KubeObject) => Number(at(object, ...path.split('.')) ?? 0);

export const BUILT_IN: Resource[] = [
  define('Namespace', '', {
    namespaced: false,
    shortNames: ['ns'],
    statusSubresource: true,
    fields: paths('status.phase'),
    columns: [NAME, column('Status', 'status.phase'), AGE],
    prepare: prepareNamespace,
    statusAtCreation: true,
  }),
  define('Node', '', {
    namespaced: false,
    shortNames: ['no'],
    statusSubresource: true,
    statusAtCreation: true,
    fields: paths('spec.unschedulable'),
    columns: [NAME, column('Status', nodeStatus), column('Roles', nodeRoles), AGE, column('Version', 'status.nodeInfo.kubeletVersion')],
  }),
  define('Secret', '', {
    fields: paths('type'),
    columns: [NAME, column('Type', 'type'), column('Data', (object) => countOf(object, 'data')), AGE],
    prepare: prepareSecret,
    check: (object, old) => [
      ...(old && old['type'] !== object['type'] ? [immutable('type', object['type'])] : []),
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
    fields: paths('spec.nodeName', 'spec.serviceAccountName', 'spec.restartPolicy', 'status.phase', 'status.podIP'),
    columns: [NAME, column('Status', podStatus), AGE, column('Node', 'spec.nodeName', 1)],
    prepare: preparePod,
    check: nodeIsFixed,
  }),
  define('ServiceAccount', '', { shortNames: ['sa'] }),
  define('Event', '', {
    shortNames: ['ev'],
    fields: { ...eventFields('involvedObject'), ...paths('reportingComponent') },
    columns: eventColumns,
    prepare: prepareEvent,
    check: checkEvent,
  }),
  define('Event', 'events.k8s.io', {
    shortNames: ['ev'],
    collection: '/events',
    fields: { ...eventFields('regarding'), reportingController: 'reportingComponent' },
    columns: eventColumns,
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
    columns: [
      NAME,
      column('Desired', count('status.desiredNumberScheduled')),
      column('Current', count('status.currentNumberScheduled')),
      column('Ready', count('status.numberReady')),
      AGE,
    ],
  }),
  CSR,
  CRD,
];
