/** Works the keys of the dpu queue, and answers agents through the same observe → decide → status → act. */
import { parseWakeUpKey, wakeUpKey, type Dpu } from '@dpf/api';
import type { WorkResult } from '@dpf/queue';
import { writeNode } from './act.ts';
import { announce } from './agent/announce.ts';
import { claim } from './agent/claim.ts';
import { report } from './agent/report.ts';
import { hostFacts } from './host/records.ts';
import { sweep } from './host/sweep.ts';
import type { Reconciler } from './ports.ts';
import { step, untilNoConflict } from './step.ts';
import { isKnown, type World } from './world.ts';

export function createReconciler(world: World, compare: (a: string | undefined, b: string | undefined) => number): Reconciler {
  return {
    reconcile: async (key, { resourceVersion, signal }) => {
      const parsed = parseWakeUpKey(key);
      if (parsed?.kind === 'dpu') return reconcileDpu(world, parsed, { resourceVersion, compare, signal });
      if (parsed?.kind === 'bfb') return fanOut(world, `${parsed.namespace}/${parsed.name}`);
      if (parsed?.kind === 'node') return sweepNode(world, parsed.name, signal);
      return undefined;
    },
    claim: (ref, node, request, signal) => claim(world, ref, node, request, signal),
    report: (ref, node, said, signal) => report(world, ref, node, said, signal),
    announce: (node, announcement, signal) => announce(world, node, announcement, signal),
  };
}

interface Wake {
  resourceVersion: string | undefined;
  compare: (a: string | undefined, b: string | undefined) => number;
  signal: AbortSignal;
}

async function reconcileDpu(world: World, ref: { namespace: string; name: string }, wake: Wake): Promise<WorkResult> {
  return untilNoConflict(async (fresh) => {
    const dpu = await readDpu(world, ref, fresh, wake);
    if (!dpu) return undefined;
    const { decision } = await step(world, dpu, { fresh, signal: wake.signal });
    return { requeueAfterMs: decision.recheckMs };
  });
}

/** From the store, unless it is older than what caused the wake-up. */
async function readDpu(
  { stores, api }: World,
  ref: { namespace: string; name: string },
  fresh: boolean,
  wake: Wake,
): Promise<Dpu | undefined> {
  const stored = stores.dpus.get(ref);
  const current =
    stored && (wake.resourceVersion === undefined || wake.compare(stored.metadata.resourceVersion, wake.resourceVersion) >= 0);
  const gone = !stored && wake.resourceVersion === undefined;
  return !fresh && (current || gone) ? stored : api.dpus.get(ref, { signal: wake.signal });
}

async function fanOut({ stores, wake }: World, bfb: string): Promise<void> {
  for (const { metadata } of stores.dpus.byIndex('bfb', bfb)) await wake(wakeUpKey('dpu', metadata.namespace ?? '', metadata.name));
}

/** The sweep of a host on which no Dpu is left to see what others left behind. */
async function sweepNode(world: World, name: string, signal: AbortSignal): Promise<void> {
  const { stores, api } = world;
  await untilNoConflict(async (fresh) => {
    const node = fresh ? await api.nodes.get({ name }, { signal }) : stores.nodes.get({ name });
    if (!node) return;
    const { strangers } = hostFacts(node, (uid, namespace) => isKnown(world, uid, namespace));
    if (strangers.length > 0) await writeNode(world, node, await sweep(node, strangers, (ref) => api.dpus.get(ref, { signal })), signal);
  });
}
