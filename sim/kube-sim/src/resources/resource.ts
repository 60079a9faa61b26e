/** A resource as it is served: one plural of one group and version. */
import type { Cause, Schema } from '@dpf/kube-schema';
import type { User } from '../auth/user.ts';
import type { KubeObject } from '../objects.ts';

/** A column of `kubectl get`. */
export interface Column {
  name: string;
  type: string;
  format?: string;
  description?: string;
  /** 0: always shown; greater: only with -o wide. */
  priority?: number;
  value: (object: KubeObject, now: Date) => unknown;
}

export interface Resource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  shortNames: string[];
  categories: string[];
  namespaced: boolean;
  /** Built-in kinds take strategic merge patches; their list items bear no apiVersion and kind. */
  builtin: boolean;
  /** Where the objects are kept: `<group>/<plural>`. */
  collection: string;
  schema: Schema;
  statusSubresource: boolean;
  /** More subresources through which parts of the status are written. */
  statusLike?: string[];
  /** metadata.generation is kept: it counts changes of anything but metadata and status. */
  generation: boolean;
  /** A status given at creation is kept, the status subresource notwithstanding (Node). */
  statusAtCreation?: boolean;
  /** Beyond those of metadata, the fields that a selector may name, and their paths in the stored form. */
  fields: Record<string, string>;
  /** They show the stored form. */
  columns: Column[];
  /** The kind's own defaults and immutable parts; changes the new object in place. */
  prepare?: (object: KubeObject, old: KubeObject | undefined, write: { now: Date; user: User; subresource?: string }) => void;
  /** The kind's own rules beyond its schema. */
  check?: (object: KubeObject, old: KubeObject | undefined) => Cause[];
  /** Between the stored form and the one served, where they differ. */
  convert?: { read: (stored: KubeObject) => KubeObject; write: (served: KubeObject) => KubeObject };
}

export const apiVersionOf = (resource: { group: string; version: string }): string =>
  resource.group ? `${resource.group}/${resource.version}` : resource.version;

/** Path of the API of a group and version: `api/v1`, `apis/apps/v1`. */
export const apiPathOf = (resource: { group: string; version: string }): string =>
  resource.group ? `apis/${resource.group}/${resource.version}` : `api/${resource.version}`;

/** Resources by group, version and plural; the order is the one of discovery. */
export class Registry {
  readonly #resources = new Map<string, Resource>();
  /** Goes up with every change: what is derived from the resources is made anew then. */
  generation = 0;

  add(resource: Resource): void {
    this.#resources.set(`${apiVersionOf(resource)}/${resource.plural}`, resource);
    this.generation += 1;
  }

  remove(predicate: (resource: Resource) => boolean): void {
    for (const [key, resource] of this.#resources) if (predicate(resource)) this.#resources.delete(key);
    this.generation += 1;
  }

  find(apiVersion: string, plural: string): Resource | undefined {
    return this.#resources.get(`${apiVersion}/${plural}`);
  }

  /** The first resource that is kept in a collection. */
  storedIn(collection: string): Resource | undefined {
    return this.all().find((resource) => resource.collection === collection);
  }

  all(): Resource[] {
    return [...this.#resources.values()];
  }
}

/** The object as the resource serves it. */
export const served = ({ convert }: Resource, object: KubeObject): KubeObject => convert?.read(object) ?? object;
