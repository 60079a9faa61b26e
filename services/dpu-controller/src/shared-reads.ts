/** One request for all who ask for the same object at a time: a set of 500 Dpus names one Bfb. */
import { setImmediate as turn } from 'node:timers/promises';
import type { KubeObject } from '@dpf/api';
import type { ObjectRef, ResourceClient } from '@dpf/kube';

/**
 * `get` that is shared by all who ask before the request is sent: that is one turn of the event loop after the first of them, and not while another of the
 * same object is under way. Nothing is remembered: whoever asks gets what was read after it had asked. No caller's signal ends the request of the others.
 */
export function sharedReads<T extends KubeObject>(client: Pick<ResourceClient<T>, 'get'>): Pick<ResourceClient<T>, 'get'> {
  const running = new Map<string, Promise<unknown>>();
  const next = new Map<string, Promise<T | undefined>>();

  async function read(key: string, ref: ObjectRef): Promise<T | undefined> {
    await running.get(key)?.catch(() => undefined);
    // Workers that were answered together ask together again, for the Dpus that they look at next.
    await turn();
    next.delete(key);
    const request = client.get(ref);
    running.set(key, request);
    try {
      return await request;
    } finally {
      running.delete(key);
    }
  }

  return {
    async get(ref, options) {
      const key = `${ref.namespace}/${ref.name}`;
      const asked = next.get(key) ?? read(key, ref);
      next.set(key, asked);
      const found = await asked;
      options?.signal?.throwIfAborted();
      return found;
    },
  };
}
