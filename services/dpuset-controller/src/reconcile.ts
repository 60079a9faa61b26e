/** One reconcile of one DpuSet: observe → plan → act → status, and what was granted last. */
import { FINALIZERS, KINDS, type Condition, type DpuSet, type DpuSetStatus } from '@dpf/api';
import { isConflict, isNotFound, type ObjectRef, type ResourceClient } from '@dpf/kube';
import { act, isUnfinished, patchGranted, type Hands } from './act.ts';
import { observe, type Sources } from './observe.ts';
import { plan, type Plan } from './plan/plan.ts';
import { statusOf, statusPatch } from './status/status.ts';

export interface Seen {
  /** The set as it stands now; undefined: it is gone. */
  status: DpuSetStatus | undefined;
  /** Milliseconds until it is looked at again at the latest. */
  requeueAfterMs?: number;
}

/** A lost wake-up costs this much. */
const RESYNC_MS = 300_000;
const FIRST_RECHECK_MS = 15_000;
/** A write that met another replica's is decided again on what that one wrote. */
const AGAIN_MS = 50;

export async function reconcile(sources: Sources & Hands, ref: ObjectRef, signal: AbortSignal): Promise<Seen> {
  const facts = await observe(sources, ref, signal);
  if (!facts) return { status: undefined };
  const sets = sources.cluster.resource<DpuSet>(KINDS.DpuSet);
  let { set } = facts;
  try {
    const decided = plan(facts);
    if (decided.deleting && decided.own.length === 0) {
      await setFinalizer(sets, set, false, signal);
      return { status: undefined };
    }
    if (!decided.deleting) {
      // Before the first Dpu: a set that goes takes its Dpus with it. Written on the version that was read before the list, as all that follows.
      const held = await setFinalizer(sets, set, true, signal);
      if (!held) return { status: undefined };
      set = held;
    }
    const acted = await act(sources, set, decided, signal);
    const status = statusOf(set, acted, facts.now);
    const patch = statusPatch(set.status, status);
    // Rule set-before-list: written over the version that was read before the list. Whoever decided on an older list fails here, and so do we if another
    // replica granted or noted anything since. A new unavailability is in this write, and no grant is; what was granted is patched only after it.
    if (patch) await sets.patchStatus(ref, { status: patch }, { ...versionOf(set), signal });
    await patchGranted(sources, acted.rollout.patches, signal);
    return { status, requeueAfterMs: isUnfinished(acted) ? 0 : recheckMs(acted, status.conditions ?? [], facts.now) };
  } catch (error) {
    if (!isConflict(error)) throw error;
    return { status: set.status, requeueAfterMs: AGAIN_MS };
  }
}

const hasFinalizer = (set: DpuSet): boolean => set.metadata.finalizers?.includes(FINALIZERS.dpuSet) === true;

/** The set as it stands then; undefined: it is gone. */
async function setFinalizer(sets: ResourceClient<DpuSet>, set: DpuSet, present: boolean, signal: AbortSignal): Promise<DpuSet | undefined> {
  if (hasFinalizer(set) === present) return set;
  const others = (set.metadata.finalizers ?? []).filter((one) => one !== FINALIZERS.dpuSet);
  const finalizers = present ? [...others, FINALIZERS.dpuSet] : others;
  const { name, namespace } = set.metadata;
  try {
    return await sets.patch({ name, namespace }, { metadata: { finalizers } }, { ...versionOf(set), signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

const versionOf = ({ metadata }: DpuSet) => ({ resourceVersion: metadata.resourceVersion });

/** What nobody would wake us for (another's Dpu that goes, a refusal that is lifted) is looked at after 15 s, doubling up to five minutes. */
function recheckMs({ conflicts, failures, deleting }: Plan, conditions: readonly Condition[], now: Date): number {
  if (conflicts.length === 0 && failures.length === 0 && !deleting) return RESYNC_MS;
  const since = Math.max(...conditions.map(({ lastTransitionTime }) => Date.parse(lastTransitionTime)));
  return Math.min(RESYNC_MS, Math.max(FIRST_RECHECK_MS, now.getTime() - since));
}
