/**
 * Schemas of the built-in kinds, as deep as merging, server-side apply and `kubectl explain` need them here. What they do not list is kept
 * as it comes; a real server knows every field.
 */
import type { Schema } from '../schema/schema.ts';

export const text: Schema = { type: 'string' };
export const integer: Schema = { type: 'integer' };
export const bool: Schema = { type: 'boolean' };
export const textMap: Schema = { type: 'object', additionalProperties: text };
export const time: Schema = { type: 'string', format: 'date-time', nullable: true };

/** An object that lists some of its fields. */
export const open = (properties: Record<string, Schema>, description?: string): Schema => ({
  type: 'object',
  properties,
  'x-kubernetes-preserve-unknown-fields': true,
  ...(description && { description }),
});
export const atomicList = (items: Schema): Schema => ({ type: 'array', items, 'x-kubernetes-list-type': 'atomic' });
const setList: Schema = { type: 'array', items: text, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' };
/** A list whose items are told apart by keys; strategic merge patches use the first of them. */
export const keyedList = (keys: string[], items: Schema): Schema => ({
  type: 'array',
  items,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
  'x-kubernetes-patch-merge-key': keys[0]!,
  'x-kubernetes-patch-strategy': 'merge',
});
const conditions = keyedList(
  ['type'],
  open({ type: text, status: text, reason: text, message: text, lastTransitionTime: time, lastHeartbeatTime: time }),
);
const atomic = (schema: Schema): Schema => ({ ...schema, 'x-kubernetes-map-type': 'atomic' });
const reference = atomic(
  open({ apiVersion: text, kind: text, name: text, namespace: text, uid: text, fieldPath: text, resourceVersion: text }),
);

const container = open({
  name: text,
  image: text,
  command: atomicList(text),
  args: atomicList(text),
  env: keyedList(['name'], open({ name: text, value: text })),
  ports: keyedList(['containerPort', 'protocol'], open({ containerPort: integer, protocol: { ...text, default: 'TCP' } })),
  volumeMounts: keyedList(['mountPath'], open({ mountPath: text, name: text })),
});
const podSpec = open({
  nodeName: text,
  serviceAccountName: text,
  restartPolicy: text,
  terminationGracePeriodSeconds: integer,
  containers: keyedList(['name'], container),
  initContainers: keyedList(['name'], container),
  volumes: keyedList(['name'], open({ name: text })),
  imagePullSecrets: keyedList(['name'], atomic(open({ name: text }))),
  tolerations: atomicList(open({})),
  nodeSelector: atomic(textMap),
});
const podTemplate = open({ metadata: open({ labels: textMap, annotations: textMap }), spec: podSpec });
const workload = (spec: Record<string, Schema> = {}): Schema =>
  open({
    spec: open({ selector: atomic(open({ matchLabels: textMap })), template: podTemplate, ...spec }),
    status: open({ conditions }),
  });

export const SCHEMAS = {
  Namespace: open(
    { spec: open({ finalizers: atomicList(text) }), status: open({ phase: text, conditions }) },
    'Namespace provides a scope for Names.',
  ),
  Node: open(
    {
      spec: open({
        podCIDR: text,
        podCIDRs: setList,
        providerID: text,
        unschedulable: bool,
        taints: atomicList(open({ key: text, value: text, effect: text, timeAdded: time })),
      }),
      status: open({
        capacity: { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } },
        allocatable: { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } },
        addresses: keyedList(['type'], open({ type: text, address: text })),
        conditions,
        nodeInfo: open({ kubeletVersion: text, bootID: text, machineID: text, systemUUID: text }),
      }),
    },
    'Node is a worker node in Kubernetes.',
  ),
  Secret: open({ type: text, immutable: bool, data: textMap, stringData: textMap }, 'Secret holds secret data of a certain type.'),
  ConfigMap: open({ immutable: bool, data: textMap, binaryData: textMap }, 'ConfigMap holds configuration data for pods to consume.'),
  Pod: open(
    { spec: podSpec, status: open({ phase: text, conditions, hostIP: text, podIP: text, startTime: time }) },
    'Pod is a collection of containers that can run on a host.',
  ),
  ServiceAccount: open({
    automountServiceAccountToken: bool,
    secrets: keyedList(['name'], reference),
    imagePullSecrets: atomicList(open({ name: text })),
  }),
  Event: open({
    involvedObject: reference,
    related: reference,
    reason: text,
    message: text,
    type: text,
    action: text,
    count: integer,
    firstTimestamp: time,
    lastTimestamp: time,
    eventTime: time,
    source: open({ component: text, host: text }),
    series: open({ count: integer, lastObservedTime: time }),
    reportingComponent: text,
    reportingInstance: text,
  }),
  Lease: open({
    spec: open({ holderIdentity: text, leaseDurationSeconds: integer, acquireTime: time, renewTime: time, leaseTransitions: integer }),
  }),
  Deployment: workload({ replicas: { ...integer, default: 1 } }),
  DaemonSet: workload(),
  Job: workload({ completions: integer, parallelism: integer, backoffLimit: { ...integer, default: 6 } }),
} satisfies Record<string, Schema>;
