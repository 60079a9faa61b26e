import type { KubeObject } from '@dpf/api';
import type { Reflector, ResourceClient } from './ports.ts';

/**
 * A client whose answers to reads and writes of one object are told to a store: whoever wrote something does not depend on a watch to know it.
 * @param learn {@link Reflector.learn} of the reflector of this kind
 */
export function learning<T extends KubeObject>(client: ResourceClient<T>, learn: Reflector<T>['learn']): ResourceClient<T> {
  const told = async <R extends T | undefined>(answer: Promise<R>, dryRun = false): Promise<R> => {
    const object = await answer;
    if (object && !dryRun) learn(object);
    return object;
  };
  return {
    kind: client.kind,
    get: (ref, options) => told(client.get(ref, options)),
    list: (options) => client.list(options),
    create: (object, options) => client.create(object, options),
    replace: (object, options) => told(client.replace(object, options), options?.dryRun),
    replaceStatus: (object, options) => told(client.replaceStatus(object, options), options?.dryRun),
    patch: (ref, patch, options) => told(client.patch(ref, patch, options), options?.dryRun),
    patchStatus: (ref, patch, options) => told(client.patchStatus(ref, patch, options), options?.dryRun),
    apply: (object, options) => told(client.apply(object, options), options.dryRun),
    delete: (ref, options) => told(client.delete(ref, options)),
  };
}
