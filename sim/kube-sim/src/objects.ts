/** Kubernetes objects as the server holds them: plain JSON. An object in the store is never changed, only replaced. */

export type JsonMap = { [key: string]: unknown };

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

export const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A deep copy that may be changed. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (!isMap(value)) return value;
  const result: JsonMap = {};
  for (const key of Object.keys(value)) result[key] = copy(value[key]);
  return result as T;
}

/** Equality of JSON values; a field that is undefined counts as absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  for (const key of Object.keys(a)) if (a[key] !== undefined && !equal(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && a[key] === undefined) return false;
  return true;
}

/** Reads a value by its path of field names; undefined where something on the way is missing. */
export function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const name of path) here = isMap(here) ? here[name] : undefined;
  return here;
}

/** RFC 3339 in UTC to the second, as metav1.Time is written. */
export const timestamp = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
