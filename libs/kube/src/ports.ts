/** The port to Kubernetes: what the services may ask of a cluster. Adapters: `connect()` (any real API server, and the embedded one). */
import type { KindInfo, KubeObject, ObjectMeta } from '@dpf/api';

export interface ObjectRef {
  namespace?: string;
  name: string;
}

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Page size of the requests; default 500. The result is always whole. */
  limit?: number;
  signal?: AbortSignal;
}

export interface WriteOptions {
  fieldManager?: string;
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface DeleteOptions {
  /** Preconditions: the delete fails with 409 unless both (those given) are the object's. */
  uid?: string;
  resourceVersion?: string;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  signal?: AbortSignal;
}

/** A JSON merge patch (RFC 7386): null removes. */
export type MergePatch = Record<string, unknown>;

/**
 * Typed requests for one kind. Failures are `ApiError` (code, reason, message, causes, retryAfterSeconds); `get` and `delete` answer undefined for a
 * 404 that is about this object (one about the kind, whose CRD is missing, is an error). Each takes 10 s at most.
 */
export interface ResourceClient<T extends KubeObject> {
  readonly kind: KindInfo;
  get(ref: ObjectRef, options?: { signal?: AbortSignal }): Promise<T | undefined>;
  list(options?: ListOptions): Promise<{ items: T[]; resourceVersion: string }>;
  create(object: T, options?: WriteOptions): Promise<T>;
  /** PUT: needs metadata.resourceVersion (compare-and-swap). */
  replace(object: T, options?: WriteOptions): Promise<T>;
  replaceStatus(object: T, options?: WriteOptions): Promise<T>;
  /** Merge patch. With `resourceVersion` it is a compare-and-swap: 409 if the object moved on. */
  patch(ref: ObjectRef, patch: MergePatch, options?: WriteOptions & { resourceVersion?: string }): Promise<T>;
  patchStatus(ref: ObjectRef, patch: MergePatch, options?: WriteOptions & { resourceVersion?: string }): Promise<T>;
  /** Server-side apply, `force` by default, of an object that holds only the fields that are ours. */
  apply(object: T, options: WriteOptions & { fieldManager: string; force?: boolean; subresource?: 'status' }): Promise<T>;
  /** undefined when it is gone, now or before; otherwise the object as it is going (deletionTimestamp, finalizers). */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<T | undefined>;
}

/** A cluster, with one pool of connections. */
export interface Cluster {
  readonly server: string;
  resource<T extends KubeObject>(kind: KindInfo): ResourceClient<T>;
  /**
   * Keeps a store of a kind up to date: paged LIST, then WATCH with bookmarks from the last resourceVersion; relists only on 410. A watch
   * lasts a minute, with more than 600 objects longer (at most 10 minutes), and the next one begins by telling every object anew: an event that got lost is
   * made up for by then.
   */
  reflect<T extends KubeObject>(kind: KindInfo, options?: ReflectOptions<T>): Reflector<T>;
  /** authentication.k8s.io TokenReview. */
  reviewToken(token: string, audiences: string[], options?: { signal?: AbortSignal }): Promise<TokenReviewResult>;
  /** GET /version: throws ApiError or the transport's error when the server cannot be reached. */
  version(options?: { signal?: AbortSignal }): Promise<{ gitVersion: string }>;
  /** Records Events (core/v1, aggregated by object, reason and message); never throws, never blocks. */
  events(component: string): EventRecorder;
  close(): Promise<void>;
}

export interface TokenReviewResult {
  authenticated: boolean;
  error?: string;
  username?: string;
  uid?: string;
  audiences?: string[];
  /** e.g. `authentication.kubernetes.io/pod-name`, `…/pod-uid`, `…/node-name`. */
  extra?: Record<string, string[]>;
}

export interface EventRecorder {
  record(about: KubeObject, event: { type: 'Normal' | 'Warning'; reason: string; message: string }): void;
  /** Waits until what was recorded is sent (or given up). */
  flush(): Promise<void>;
}

export interface ReflectOptions<T> {
  /** One reflector per namespace; absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Drops what is not needed before an object is stored; managedFields are always dropped. */
  transform?: (object: T) => T;
  /** Named index functions: the values under which an object is found by {@link Store.byIndex}. */
  indexes?: Record<string, (object: T) => string[]>;
}

/** Read-only, always the last state seen. Objects are shared and must not be changed. */
export interface Store<T extends KubeObject> {
  get(ref: ObjectRef): T | undefined;
  byIndex(index: string, value: string): T[];
  list(): T[];
  readonly size: number;
}

export type StoreEvent<T> = { type: 'added'; object: T } | { type: 'updated'; object: T; old: T } | { type: 'deleted'; object: T };

export interface Reflector<T extends KubeObject> {
  readonly store: Store<T>;
  /** Called for every change from now on, in order: subscribe before {@link start}. An exception is reported, never fatal. Returns the unsubscriber. */
  onEvent(handler: (event: StoreEvent<T>) => void): () => void;
  /** Takes note of an object that an answer showed: where it is known in an older version, it is updated as by the watch, be that late or never. */
  learn(object: T): void;
  /** Starts; keeps itself alive through every failure until stopped. */
  start(): void;
  /** Resolves when the first list is in the store. */
  synced(signal?: AbortSignal): Promise<void>;
  readonly hasSynced: boolean;
  stop(): Promise<void>;
}

/** True if a is older than b. resourceVersions of one server are compared as numbers (guaranteed since Kubernetes 1.35, true before). */
export type CompareResourceVersion = (a: string, b: string) => number;

export type { KindInfo, KubeObject, ObjectMeta };
