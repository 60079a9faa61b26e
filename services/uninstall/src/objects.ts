/** Removes all DpuSets and Dpus, then all Bfbs and DPUFlavors, as the founding document does; past the deadline, without waiting for their clean-up. */
import { FINALIZERS, KINDS, type Bfb, type Dpu, type KindInfo, type KubeObject, type Node } from '@dpf/api';
import { CORE, isConflict, isNotFound, type Cluster, type ResourceClient } from '@dpf/kube';
import { passUntilEnd, waitUntilNothing, workOff, type Pace } from './pace.ts';
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
/** Sets first, lest they make new Dpus; Bfbs last. */
const FORCED: readonly Kind[] = [SETS, DPUS, BFBS, FLAVORS];

/** @param namespaces empty: all */
export async function removeObjects(cluster: Cluster, namespaces: readonly string[], pace: Pace): Promise<void> {
  for (const kinds of ORDER) {
    const gone = await waitUntilNothing(pace, async () => {
      const objects = (await Promise.all(kinds.map((kind) => remove(cluster, kind, namespaces, pace)))).flat();
      return objects.length === 0 ? undefined : awaited(objects);
    });
    if (!gone) return force(cluster, namespaces, pace);
  }
  pace.say('every DpuSet, Dpu, Bfb and DPUFlavor is gone');
}

/** Asks for the deletion of every object of a kind; answers those that are still there. */
async function remove(cluster: Cluster, { info }: Kind, namespaces: readonly string[], pace: Pace): Promise<KubeObject[]> {
  const client = cluster.resource<KubeObject>(info);
  const objects = await listAll(client, namespaces);
  const staying = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const [failure] = await workOff(pace, staying, ({ metadata }) =>
    client.delete(metadata, { uid: metadata.uid }).catch((error: unknown) => {
      // Another one bears the name by now; the next look sees it.
      if (!isConflict(error)) throw error;
    }),
  );
  if (failure) throw new Error(failure.because);
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
  return `waits for ${kind} ${metadata.namespace}/${metadata.name}${others(objects)} to go${waitingFor ? `: it waits for ${waitingFor}` : ''}`;
};
const others = ({ length }: readonly unknown[]): string => (length === 1 ? '' : ` and ${length - 1} more`);

/** The deadline has come: lets the objects go as they are, and says what they leave. @throws Error when some are still held */
async function force(cluster: Cluster, namespaces: readonly string[], pace: Pace): Promise<void> {
  pace.say('the deadline has come: our finalizers are released without the clean-up');
  const seen = new Map<string | undefined, KubeObject>();
  let held: string[] = [];
  /** Every pass lists anew: an object may have changed, gone, or been made meanwhile. */
  const pass = async () => {
    held = [];
    for (const { info, finalizer } of FORCED) {
      const client = cluster.resource<KubeObject>(info);
      const [unlisted] = await workOff(pace, [info], async () => {
        const objects = await listAll(client, namespaces);
        for (const object of objects) seen.set(object.metadata.uid, object);
        for (const { item, because } of await workOff(pace, objects, (object) => release(client, object, finalizer)))
          held.push(`${info.kind} ${item.metadata.namespace}/${item.metadata.name} (${because})`);
      });
      if (unlisted) held.push(`every ${info.kind} (${unlisted.because})`);
    }
    return held.length === 0 ? undefined : `not everything could be released: ${held[0]}${others(held)}; tries again`;
  };
  await passUntilEnd(pace, pass);
  const ofKind = <T extends KubeObject>({ info }: Kind) => [...seen.values()].filter(({ kind }) => kind === info.kind) as T[];
  for (const line of leftOf(ofKind<Dpu>(DPUS), ofKind<Bfb>(BFBS))) pace.say(line);
  for (const one of held) pace.say(`left in the cluster: ${one}`);
  const nodes = await cluster
    .resource<Node>(CORE.Node)
    .list()
    .catch((error: Error) => pace.say(`what is left on Nodes is not known: ${error.message}`));
  for (const line of leftOnNodes(nodes?.items ?? [])) pace.say(line);
  if (held.length > 0) throw new Error('not everything could be released; the services are still there, run helm uninstall again');
}

async function release(client: ResourceClient<KubeObject>, { metadata }: KubeObject, finalizer?: string): Promise<void> {
  const going = await client.delete(metadata, { uid: metadata.uid });
  const { resourceVersion, finalizers = [] } = going?.metadata ?? {};
  if (finalizer === undefined || !finalizers.includes(finalizer)) return;
  const others = finalizers.filter((one) => one !== finalizer);
  await client.patch(metadata, { metadata: { finalizers: others } }, { resourceVersion }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
