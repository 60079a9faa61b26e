/** Kubernetes objects as the server holds them: plain JSON. An object in the store is never changed, only replaced. */
import { isMap, type JsonMap } from '@dpf/kube-schema';

export { equal, isMap, type JsonMap } from '@dpf/kube-schema';

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ManagedFields {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string;
  fieldsType?: 'FieldsV1';
  fieldsV1?: JsonMap;
  subresource?: string;
}

export interface Metadata {
  [key: string]: unknown;
  name: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFields[];
}

export interface KubeObject {
  [key: string]: unknown;
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

/** A deep copy that may be changed. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (!isMap(value)) return value;
  const result: JsonMap = {};
  for (const key of Object.keys(value)) result[key] = copy(value[key]);
  return result as T;
}

/** Reads a value by its path of field names; undefined where something on the way is missing. */
export function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const name of path) here = isMap(here) ? here[name] : undefined;
  return here;
}

/** RFC 3339 in UTC to the second, as metav1.Time is written. */
export const timestamp = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
