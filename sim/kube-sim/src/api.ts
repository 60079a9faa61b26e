/** What every request handler works with. */
import type { RequestCounters } from './audit.ts';
import type { Resource, Registry } from './resources/resource.ts';
import type { Store } from './store/store.ts';
import type { Collection } from './store/collection.ts';
import type { Keys } from './auth/keys.ts';
import type { User } from './auth/user.ts';

export interface Api {
  store: Store;
  registry: Registry;
  /** The file to which accepted writes are appended. */
  auditLog: string | undefined;
  requests: RequestCounters;
  keys: Keys;
  clock: () => Date;
}

/** One request for a resource. */
export interface Call {
  resource: Resource;
  namespace?: string;
  name?: string;
  subresource?: string;
  user: User;
  userAgent: string;
  query: URLSearchParams;
  /** The text of a patch, which the refusal of its unknown fields names. */
  patched?: string;
  /** Tells the client something beside the answer (a Warning header). */
  warn?: (text: string) => void;
}

export const collectionOf = (api: Api, resource: Resource): Collection => api.store.collection(resource.collection);

/** dryRun=All: everything is checked, nothing is stored. */
export const isDryRun = (call: Call): boolean => call.query.get('dryRun') === 'All';
