import type { KindInfo, KubeObject } from '@dpf/api';
import { ApiError, isNotFound } from './api-error.ts';
import { listPages } from './list.ts';
import type { Verb } from './options.ts';
import { nameOf, pathOf } from './paths.ts';
import type { DeleteOptions, ListOptions, MergePatch, ObjectRef, ResourceClient, WriteOptions } from './ports.ts';
import type { Call, Transport } from './transport.ts';

type PatchOptions = WriteOptions & { resourceVersion?: string };

/** {@link ResourceClient} over a {@link Transport}. */
export class HttpResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly kind: KindInfo;
  readonly #transport: Transport;

  constructor(transport: Transport, kind: KindInfo) {
    this.#transport = transport;
    this.kind = kind;
  }

  async get(ref: ObjectRef, options: { signal?: AbortSignal } = {}): Promise<T | undefined> {
    return this.#unlessGone(ref, () => this.#transport.send<T>({ ...this.#call('get', ref), signal: options.signal }));
  }

  async list(options: ListOptions = {}): Promise<{ items: T[]; resourceVersion: string }> {
    const items: T[] = [];
    let resourceVersion = '';
    for await (const page of listPages<T>(this.#transport, this.kind, options)) {
      if (page.first) items.length = 0;
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  async create(object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.#write({
      verb: 'create',
      kind: this.kind.kind,
      target: nameOf(this.kind, { namespace: namespace ?? '', name }),
      path: pathOf(this.kind, this.kind.namespaced ? (namespace ?? '') : undefined),
      body: this.#typed(object),
      ...shared(options),
    });
  }

  async replace(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#replace(object, options);
  }

  async replaceStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#replace(object, options, 'status');
  }

  async #replace(object: T, options: WriteOptions, subresource?: 'status'): Promise<T> {
    if (!object.metadata.resourceVersion)
      throw new TypeError(`replace ${nameOf(this.kind, object.metadata)}: metadata.resourceVersion is missing`);
    return this.#write({ ...this.#call('update', object.metadata, subresource), body: this.#typed(object), ...shared(options) });
  }

  async patch(ref: ObjectRef, patch: MergePatch, options: PatchOptions = {}): Promise<T> {
    return this.#patch(ref, patch, options);
  }

  async patchStatus(ref: ObjectRef, patch: MergePatch, options: PatchOptions = {}): Promise<T> {
    return this.#patch(ref, patch, options, 'status');
  }

  /** The resourceVersion inside the body is what makes the server compare it. */
  async #patch(ref: ObjectRef, patch: MergePatch, options: PatchOptions, subresource?: 'status'): Promise<T> {
    const { resourceVersion } = options;
    const body =
      resourceVersion === undefined ? patch : { ...patch, metadata: { ...(patch['metadata'] as object | undefined), resourceVersion } };
    return this.#write({
      ...this.#call('patch', ref, subresource),
      body,
      contentType: 'application/merge-patch+json',
      ...shared(options),
    });
  }

  async apply(object: T, options: WriteOptions & { fieldManager: string; force?: boolean; subresource?: 'status' }): Promise<T> {
    const { query, signal } = shared(options);
    return this.#write({
      ...this.#call('apply', object.metadata, options.subresource),
      body: this.#typed(object),
      contentType: 'application/apply-patch+yaml',
      query: { ...query, force: String(options.force ?? true) },
      signal,
    });
  }

  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<T | undefined> {
    const { uid, resourceVersion, propagationPolicy, signal } = options;
    const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      ...(Object.keys(preconditions).length > 0 && { preconditions }),
      ...(propagationPolicy && { propagationPolicy }),
    };
    const answer = await this.#unlessGone(ref, () => this.#transport.send<T>({ ...this.#call('delete', ref), body, signal }));
    // A Status says that the object is gone; an object that it is going.
    return answer?.kind === 'Status' ? undefined : answer;
  }

  #call(verb: Verb, ref: { namespace?: string; name: string }, subresource?: 'status'): Call {
    return {
      verb,
      kind: this.kind.kind,
      target: `${subresource ? `${subresource} of ` : ''}${nameOf(this.kind, ref)}`,
      path: pathOf(this.kind, ref.namespace, ref.name, subresource),
    };
  }

  async #write(call: Call): Promise<T> {
    return this.#transport.send<T>(call);
  }

  /** Only a 404 about this very object means that it is not there; one about its kind (no CRD) must not be taken for that. */
  async #unlessGone(ref: ObjectRef, send: () => Promise<T>): Promise<T | undefined> {
    try {
      return await send();
    } catch (error) {
      if (isNotFound(error) && (error as ApiError).about === ref.name) return undefined;
      throw error;
    }
  }

  #typed(object: T): T {
    return { ...object, apiVersion: this.kind.apiVersion, kind: this.kind.kind };
  }
}

const shared = (options: WriteOptions): Required<Pick<Call, 'query'>> & Pick<Call, 'signal'> => ({
  query: { fieldManager: options.fieldManager, dryRun: options.dryRun ? 'All' : undefined },
  signal: options.signal,
});
