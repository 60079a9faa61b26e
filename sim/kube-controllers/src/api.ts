/** What the controllers need of an API server: to see its objects, to be told of every change, and to write as its other clients do. */

export interface KubeObject {
  [field: string]: unknown;
  apiVersion: string;
  kind: string;
  metadata: {
    [field: string]: unknown;
    name: string;
    namespace?: string;
    uid?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    ownerReferences?: { uid: string; blockOwnerDeletion?: boolean }[];
  };
}

/** Where an object is: its resource (`<group>/<plural>`), and in it `<namespace>/<name>` or the name alone. */
export interface Place {
  resource: string;
  key: string;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
}

/** Objects that are read here may be replaced, never changed. A write is done when it returns, and throws where it is refused. */
export interface ControlledApi {
  now(): Date;
  resources(): { id: string; namespaced: boolean }[];
  keys(resource: string): string[];
  get(place: Place): KubeObject | undefined;
  find(uid: string): Place | undefined;
  /** Calls back after every change: without `before` an object that is new, without `now` one that is gone. */
  onChange(listener: (place: Place, now: KubeObject | undefined, before: KubeObject | undefined) => void): void;
  create(user: string, resource: string, object: KubeObject): void;
  update(user: string, place: Place, object: KubeObject, subresource?: string): void;
  delete(user: string, place: Place, options: DeleteOptions): void;
}

/** The ServiceAccount as which a controller writes. */
export const accountOf = (controller: string): string => `system:serviceaccount:kube-system:${controller}`;
