/** Removes all DpuSets and Dpus, then all Bfbs and DPUFlavors, as the founding document does; past the deadline, without waiting for their clean-up. */
import { FINALIZERS, KINDS, type Bfb, type Dpu, type DpuSet, type KindInfo, type KubeObject } from '@dpf/api';
import { isConflict, isNotFound, type Cluster, type ResourceClient } from '@dpf/kube';
import { waitUntilNothing, type Pace } from './pace.ts';
import { leftOf, leftOnNodes } from './report.ts';

interface Kind {
  info: KindInfo;
  finalizer?: string;
}
const SETS: Kind = { info: KINDS.DpuSet, finalizer: FINALIZERS.dpuSet };
const DPUS: Kind = { info: KINDS.Dpu, finalizer: FINALIZERS.dpu };
const BFBS: Kind = { info: KINDS.Bfb, finalizer: FINALIZERS.bfb };
/** Nothing stands behind a flavor, and no service has to clean up. */
const FLAVORS: Kind = { info: KINDS.DPUFlavor };
/** Dpus beside the sets: those made by hand, and those of a set whose controller is gone. Bfbs wait until nobody refers to them. */
const ORDER: readonly (readonly Kind[])[] = [
  [SETS, DPUS],
  [BFBS, FLAVORS],
];
/** A finalizer is fought over with a service that writes the same object. */
const TRIES = 5;

/** @param namespaces empty: all */
export async function removeObjects(cluster: Cluster, namespaces: readonly string[], pace: Pace): Promise<void> {
  for (const kinds of ORDER) {
    const gone = await waitUntilNothing(pace, async () => {
      const objects = (await Promise.all(kinds.map((kind) => remove(cluster, kind, namespaces)))).flat();
      return objects.length === 0 ? undefined : awaited(objects);
    });
    if (!gone) return force(cluster, namespaces, pace);
  }
  pace.say('every DpuSet, Dpu, Bfb and DPUFlavor is gone');
}

/** Asks for the deletion of every object of a kind; answers those that are still there. */
async function remove(cluster: Cluster, { info }: Kind, namespaces: readonly string[]): Promise<KubeObject[]> {
  const client = cluster.resource<KubeObject>(info);
  const objects = await listAll(client, namespaces);
  for (const { metadata } of objects.filter((object) => object.metadata.deletionTimestamp === undefined))
    await client.delete(metadata, { uid: metadata.uid }).catch((error: unknown) => {
      // Another one bears the name by now; the next look sees it.
      if (!isConflict(error)) throw error;
    });
  return objects;
}

async function listAll<T extends KubeObject>(client: ResourceClient<T>, namespaces: readonly string[]): Promise<T[]> {
  const scopes = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }));
  try {
    return (await Promise.all(scopes.map((scope) => client.list(scope)))).flatMap(({ items }) => items);
  } catch (error) {
    // Without the CRD there is nothing of the kind.
    if (isNotFound(error)) return [];
    throw error;
  }
}

const awaited = (objects: readonly KubeObject[]): string => {
  const [first] = objects;
  const { kind = '', metadata } = first as KubeObject;
  const waitingFor = (first as Dpu).status?.waitingFor;
  const others = objects.length === 1 ? '' : ` and ${objects.length - 1} more`;
  return `waits for ${kind} ${metadata.namespace}/${metadata.name}${others} to go${waitingFor ? `: it waits for ${waitingFor}` : ''}`;
};

/** The deadline has come: lets the objects go as they are, and says what they leave. */
async function force(cluster: Cluster, namespaces: readonly string[], pace: Pace): Promise<void> {
  pace.say('the deadline has come: our finalizers are released without the clean-up');
  const dpus = await listAll(cluster.resource<Dpu>(KINDS.Dpu), namespaces);
  const bfbs = await listAll(cluster.resource<Bfb>(KINDS.Bfb), namespaces);
  const sets = await listAll(cluster.resource<DpuSet>(KINDS.DpuSet), namespaces);
  const flavors = await listAll(cluster.resource<KubeObject>(KINDS.DPUFlavor), namespaces);
  // Sets first, lest they make new Dpus; Bfbs last.
  for (const [kind, objects] of [
    [SETS, sets],
    [DPUS, dpus],
    [BFBS, bfbs],
    [FLAVORS, flavors],
  ] as const)
    for (const object of objects) await release(cluster.resource<KubeObject>(kind.info), object, kind.finalizer);
  for (const line of [...leftOf(dpus, bfbs), ...(await leftOnNodes(cluster))]) pace.say(line);
}

async function release(client: ResourceClient<KubeObject>, object: KubeObject, finalizer?: string): Promise<void> {
  let current = await client.delete(object.metadata, { uid: object.metadata.uid }).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
    return undefined;
  });
  for (let tries = 1; finalizer !== undefined && current?.metadata.finalizers?.includes(finalizer); tries++) {
    const { resourceVersion, finalizers } = current.metadata;
    try {
      await client.patch(
        current.metadata,
        { metadata: { finalizers: finalizers.filter((one) => one !== finalizer) } },
        { resourceVersion },
      );
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error) || tries === TRIES) throw error;
      current = await client.delete(object.metadata, { uid: object.metadata.uid });
    }
  }
}
