/** One request for all who ask for the same object at a time: a set of 500 Dpus names one Bfb. */
import type { KubeObject } from '@dpf/api';
import type { ObjectRef, ResourceClient } from '@dpf/kube';

/**
 * `get` that is shared while another of the same object is under way. Nothing is remembered: whoever asks gets what was read after it had asked,
 * by a request of its own or by the next one, which serves all who came meanwhile. No caller's signal ends the request of the others.
 */
export function sharedReads<T extends KubeObject>(client: Pick<ResourceClient<T>, 'get'>): Pick<ResourceClient<T>, 'get'> {
  const running = new Map<string, Promise<T | undefined>>();
  const next = new Map<string, Promise<T | undefined>>();

  function begin(key: string, ref: ObjectRef): Promise<T | undefined> {
    const read = client.get(ref).finally(() => running.delete(key));
    running.set(key, read);
    return read;
  }

  function join(ref: ObjectRef): Promise<T | undefined> {
    const key = `${ref.namespace}/${ref.name}`;
    const current = running.get(key);
    const following = next.get(key);
    if (following) return following;
    if (!current) return begin(key, ref);
    const after = () => {
      next.delete(key);
      return begin(key, ref);
    };
    const read = current.then(after, after);
    next.set(key, read);
    return read;
  }

  return {
    async get(ref, options) {
      const found = await join(ref);
      options?.signal?.throwIfAborted();
      return found;
    },
  };
}
