/**
 * Schemas of the built-in kinds: the maps and lists that merging and server-side apply have to know. What they do not list is kept as it
 * comes; a real server knows every field.
 */
import type { Schema } from '@dpf/kube-schema';

const text: Schema = { type: 'string' };
const textMap: Schema = { type: 'object', additionalProperties: text };

/** An object that lists some of its fields. */
export const open = (properties: Record<string, Schema> = {}, description?: string): Schema => ({
  type: 'object',
  ...(description && { description }),
  properties,
  'x-kubernetes-preserve-unknown-fields': true,
});
const atomic = (schema: Schema): Schema => ({ ...schema, 'x-kubernetes-map-type': 'atomic' });
/** A list whose items are told apart by keys; strategic merge patches use the first of them. */
const keyedList = (keys: string[], items: Schema = open()): Schema => ({
  type: 'array',
  items,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
  'x-kubernetes-patch-merge-key': keys[0]!,
  'x-kubernetes-patch-strategy': 'merge',
});
const conditions = keyedList(['type']);
const byName = (item?: Schema) => keyedList(['name'], item);

const container = open({
  env: byName(),
  ports: keyedList(['containerPort', 'protocol'], open({ protocol: { ...text, default: 'TCP' } })),
  volumeMounts: keyedList(['mountPath']),
});
const podSpec = open({
  containers: byName(container),
  initContainers: byName(container),
  volumes: byName(),
  imagePullSecrets: byName(atomic(open())),
  nodeSelector: atomic(textMap),
});
const podTemplate = open({ metadata: open({ labels: textMap, annotations: textMap }), spec: podSpec });

export const SCHEMAS = {
  Namespace: open({ spec: open(), status: open({ conditions }) }, 'Namespace provides a scope for Names.'),
  Node: open(
    {
      spec: open({ podCIDRs: { type: 'array', items: text, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' } }),
      status: open({ capacity: textMap, allocatable: textMap, addresses: keyedList(['type']), conditions, nodeInfo: open() }),
    },
    'Node is a worker node in Kubernetes.',
  ),
  Secret: open({ data: textMap, stringData: textMap }, 'Secret holds secret data of a certain type.'),
  ConfigMap: open({ data: textMap, binaryData: textMap }, 'ConfigMap holds configuration data for pods to consume.'),
  Pod: open({ spec: podSpec, status: open({ conditions }) }, 'Pod is a collection of containers that can run on a host.'),
  ServiceAccount: open({ secrets: byName(atomic(open())) }),
  Event: open({ involvedObject: atomic(open()), related: atomic(open()), source: open(), series: open() }),
  Lease: open({ spec: open() }),
  Deployment: open({
    spec: open({ replicas: { type: 'integer', default: 1 }, selector: atomic(open()), template: podTemplate }),
    status: open({ conditions }),
  }),
  DaemonSet: open({ spec: open({ selector: atomic(open()), template: podTemplate }), status: open({ conditions }) }),
  CertificateSigningRequest: open({ spec: open(), status: open({ conditions }) }),
  CustomResourceDefinition: open({ spec: open(), status: open() }),
} satisfies Record<string, Schema>;
