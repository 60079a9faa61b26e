/** The API as the controllers of the control plane use it. */
import type { ControlledApi, Place } from '@dpf/kube-controllers';
import type { Api, Call } from './api.ts';
import type { KubeObject } from './objects.ts';
import { asObject } from './metadata.ts';
import { remove } from './verbs/delete.ts';
import { record } from './verbs/record.ts';
import { byUpdate, create, update } from './verbs/write.ts';

export function controlledApi(api: Api): ControlledApi {
  const { store, registry } = api;
  const storedAt = ({ resource, key }: Place) => store.collection(resource).items.get(key);
  const callOf = (user: string, collection: string, { metadata }: Pick<KubeObject, 'metadata'>, subresource?: string): Call => ({
    resource: registry.storedIn(collection)!,
    namespace: metadata.namespace,
    name: metadata.name,
    subresource,
    user: { name: user, groups: [] },
    userAgent: 'kube-controller-manager',
    query: new URLSearchParams(),
  });
  return {
    now: api.clock,
    resources: () => registry.all().map(({ collection: id, namespaced }) => ({ id, namespaced })),
    keys: (resource) => store.collection(resource).keys(),
    // What no version serves any more is out of reach.
    get: (place) => (registry.storedIn(place.resource) ? storedAt(place)?.object : undefined),
    find: (uid) => store.byUid.get(uid),
    onChange: (listener) =>
      store.onChange(({ type, key, now, before }, { id: resource }) =>
        listener({ resource, key }, type === 'DELETED' ? undefined : now.object, before?.object),
      ),
    create(user, resource, object) {
      const body = asObject(object, object);
      const call = callOf(user, resource, body);
      record(api, call, { verb: 'create', after: create(api, call, body, byUpdate(api, call)).object, body });
    },
    update(user, place, object, subresource) {
      const old = storedAt(place)!;
      const body = asObject(object, object);
      const call = callOf(user, place.resource, body, subresource);
      record(api, call, { verb: 'update', before: old.object, after: update(api, call, old, body, byUpdate(api, call)).object, body });
    },
    delete(user, place, options) {
      const old = storedAt(place)!;
      const call = callOf(user, place.resource, old.object);
      const { stored, gone } = remove(api, call, old, options);
      if (stored !== old) record(api, call, { verb: 'delete', before: old.object, ...(!gone && { after: stored.object }) });
    },
  };
}
