/** The effects of a plan. Each may be repeated: creates meet the name that is taken, deletes and patches name the uid or the version they were decided on. */
import { DPU_LABELS, KINDS, type Dpu, type DpuSet, type Node, type Reason } from '@dpf/api';
import {
  CORE,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  type Cluster,
  type EventRecorder,
  type ResourceClient,
} from '@dpf/kube';
import { inParallel } from './parallel.ts';
import { isOwn, type Plan } from './plan/plan.ts';
import type { GrantedPatch } from './plan/rollout.ts';
import { unwanted, wantedCards } from './plan/selection.ts';

export interface Hands {
  cluster: Pick<Cluster, 'resource'>;
  events: Pick<EventRecorder, 'record'>;
}

/** How long one reconcile begins creates, in milliseconds: half of its time. The list that each reconcile begins with costs more, the more Dpus there are. */
const CREATES_MS = 5_000;

/**
 * Creates, removes and changes what takes no grant. Answers the plan with what came of it: new Dpus, cards that others have, refusals; `create` holds what
 * did not fit in.
 * @param now milliseconds, of a clock that only goes forward
 */
export async function act(
  { cluster, events }: Hands,
  set: DpuSet,
  plan: Plan,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<Plan> {
  const dpus = cluster.resource<Dpu>(KINDS.Dpu);
  const nodeOf = liveNodes(cluster, signal);
  const told = (type: 'Normal' | 'Warning', reason: Reason, message: string) => events.record(set, { type, reason, message });
  const after: Plan = {
    ...plan,
    create: [],
    own: [...plan.own],
    staying: [...plan.staying],
    conflicts: [...plan.conflicts],
    failures: [...plan.failures],
  };
  const created: string[] = [];
  const until = now() + CREATES_MS;
  await inParallel(plan.create, async (dpu) => {
    if (now() >= until) return void after.create.push(dpu);
    const { nodeName, pciAddress } = dpu.spec;
    const node = await nodeOf(nodeName);
    if (!node || !wantedCards(set.spec, node).cards.some(({ pci }) => pci === pciAddress)) return;
    try {
      const made = await dpus.create(dpu, { signal });
      after.own.push(made);
      after.staying.push(made);
      created.push(made.metadata.name);
    } catch (error) {
      if (isAlreadyExists(error)) await meet(dpus, set, dpu, after, signal);
      else if (isInvalid(error) || isForbidden(error)) after.failures.push((error as Error).message);
      else throw error;
    }
  });
  if (created.length > 0) told('Normal', 'SuccessfulCreate', `created ${named(created)}`);
  for (const failure of after.failures.slice(0, 1)) told('Warning', 'FailedCreate', failure);

  await inParallel(plan.remove, async ({ dpu, why }) => {
    const { uid } = dpu.metadata;
    const { nodeName, pciAddress } = dpu.spec;
    if (!plan.deleting && unwanted(set.spec, pciAddress, await nodeOf(nodeName), nodeName) === undefined) return;
    try {
      // Never forced: dpu-controller holds the finalizer until the card, the host and the tenant cluster are clean.
      await dpus.delete(refOf(dpu), { uid, signal });
      told('Normal', 'SuccessfulDelete', `deleted Dpu ${dpu.metadata.name}: ${why}`);
    } catch (error) {
      // Another one bears the name by now.
      if (isConflict(error)) return;
      told('Warning', 'FailedDelete', `Dpu ${dpu.metadata.name}: ${(error as Error).message}`);
      throw error;
    }
  });
  await inParallel(plan.quiet, ({ dpu, patch }) => patchAsRead(dpus, dpu, patch, signal));
  return after;
}

/**
 * Nodes as they are now, each read once. What was decided rests on a store that may be behind, for minutes where a watch is half-open: no card is flashed on
 * a host that a user took out meanwhile, and none again because its host seemed to be out.
 */
function liveNodes(cluster: Hands['cluster'], signal: AbortSignal): (name: string) => Promise<Node | undefined> {
  const read = new Map<string, Promise<Node | undefined>>();
  return (name) => {
    const node = read.get(name) ?? cluster.resource<Node>(CORE.Node).get({ name }, { signal });
    read.set(name, node);
    return node;
  };
}

/** True if a reconcile has to follow at once for what did not fit into this one. */
export const isUnfinished = (plan: Plan): boolean => plan.create.length > 0 || plan.rollout.again;

/** Writes what was granted on the Dpus; only ever called once the grants stand in DpuSet.status. */
export async function patchGranted({ cluster }: Hands, patches: readonly GrantedPatch[], signal: AbortSignal): Promise<void> {
  const dpus = cluster.resource<Dpu>(KINDS.Dpu);
  await inParallel(patches, ({ dpu, spec }) => patchAsRead(dpus, dpu, { spec }, signal));
}

/** A patch of the very version that was decided on. One that moved on, or is gone, is looked at again by the next reconcile. */
async function patchAsRead(dpus: ResourceClient<Dpu>, dpu: Dpu, patch: Record<string, unknown>, signal: AbortSignal): Promise<void> {
  const { resourceVersion } = dpu.metadata;
  try {
    await dpus.patch(refOf(dpu), patch, { resourceVersion, signal });
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

/** The name of a Dpu that we want to make is taken: by somebody else, or by our own that lost the labels by which it is found. */
async function meet(dpus: ResourceClient<Dpu>, set: DpuSet, wanted: Dpu, after: Plan, signal: AbortSignal): Promise<void> {
  const found = await dpus.get(refOf(wanted), { signal });
  if (!found) return;
  if (!isOwn(found, set)) {
    after.conflicts.push({
      node: wanted.spec.nodeName,
      pci: wanted.spec.pciAddress,
      holder: `Dpu ${set.metadata.namespace}/${found.metadata.name}`,
    });
  } else if (found.metadata.labels?.[DPU_LABELS.setName] !== wanted.metadata.labels?.[DPU_LABELS.setName]) {
    await patchAsRead(dpus, found, { metadata: { labels: wanted.metadata.labels } }, signal);
  }
}

const refOf = ({ metadata: { name, namespace } }: Dpu) => ({ name, namespace });
const named = (names: readonly string[]): string =>
  names.length === 1 ? `Dpu ${names[0]}` : `${names.length} Dpus: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
