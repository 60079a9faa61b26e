/** act: performs the effects of a decision. Each may be performed twice; each is fenced by the version or the uid that it was decided on. */
import { FINALIZERS, operationId, type Dpu, type Node } from '@dpf/api';
import { isNotFound } from '@dpf/kube';
import { claimCard, hold, ownerOf, release, releaseByForce, unhold } from './host/entries.ts';
import { nodePatch } from './host/patch.ts';
import { sweep } from './host/sweep.ts';
import type { Effect } from './lifecycle/outcome.ts';
import type { ClusterName } from './lifecycle/observed.ts';
import { TenantError, type TenantUser } from './ports.ts';
import type { World } from './world.ts';

/**
 * In the order of the list; all changes of the Node are one patch, made where the first of them stands.
 * @param dpu as it stands after the status was written
 * @param node as it was observed
 * @throws ApiError conflict when the Node or the Dpu moved on: observe again
 */
export async function act(world: World, dpu: Dpu, node: Node | undefined, effects: readonly Effect[], signal?: AbortSignal): Promise<void> {
  let current = dpu;
  let nodeDone = false;
  for (const effect of effects) {
    if (isNodeEffect(effect)) {
      if (!nodeDone && node) await writeNode(world, node, await changedNode(world, dpu, node, effects), signal);
      nodeDone = true;
    } else current = (await perform(world, current, effect, signal)) ?? current;
  }
}

type NodeEffect = Extract<Effect, { do: 'claimCard' | 'hold' | 'unhold' | 'release' | 'releaseByForce' | 'sweep' }>;
const NODE_EFFECTS: ReadonlySet<Effect['do']> = new Set(['claimCard', 'hold', 'unhold', 'release', 'releaseByForce', 'sweep']);
const isNodeEffect = (effect: Effect): effect is NodeEffect => NODE_EFFECTS.has(effect.do);

async function changedNode(world: World, dpu: Dpu, node: Node, effects: readonly Effect[]): Promise<Node> {
  const owner = ownerOf(dpu);
  let changed = node;
  for (const effect of effects.filter(isNodeEffect)) {
    switch (effect.do) {
      case 'claimCard':
        changed = claimCard(changed, owner);
        break;
      case 'hold':
        if (!effect.again || (await isCurrent(world, dpu))) changed = hold(changed, owner, effect.attempt, dpu.spec.nodeEffect);
        break;
      case 'unhold':
        changed = unhold(changed, owner.uid, effect.attempt);
        break;
      case 'release':
        changed = release(changed, owner.uid);
        break;
      case 'releaseByForce':
        changed = releaseByForce(changed, owner.uid);
        break;
      case 'sweep':
        changed = await sweep(changed, effect.uids, (ref) => world.api.dpus.get(ref));
    }
  }
  return changed;
}

/**
 * Another worker may have finished the Dpu and released its Node, and only the Node's change be known here. The Node was read before, the Dpu is read now,
 * live, and the Node is written with the first read's resourceVersion: a release in between makes that write fail.
 */
async function isCurrent({ api }: World, { metadata: { namespace, name, resourceVersion } }: Dpu): Promise<boolean> {
  return (await api.dpus.get({ namespace, name }))?.metadata.resourceVersion === resourceVersion;
}

/** Writes what differs, by compare-and-swap on the version that was read. No request when nothing does. */
export async function writeNode({ api }: World, before: Node, after: Node, signal?: AbortSignal): Promise<Node> {
  const patch = nodePatch(before, after);
  if (!patch) return before;
  return api.nodes.patch({ name: before.metadata.name }, patch, { resourceVersion: before.metadata.resourceVersion, signal });
}

async function perform(world: World, dpu: Dpu, effect: Exclude<Effect, NodeEffect>, signal?: AbortSignal): Promise<Dpu | undefined> {
  const { operations, tenants } = world;
  const { nodeName } = dpu.spec;
  const cluster = (('cluster' in effect ? effect.cluster : undefined) ?? dpu.spec.cluster) as ClusterName;
  switch (effect.do) {
    case 'addFinalizer':
      return setFinalizers(world, dpu, [...(dpu.metadata.finalizers ?? []), FINALIZERS.dpu], signal);
    case 'removeFinalizer':
      return setFinalizers(
        world,
        dpu,
        (dpu.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZERS.dpu),
        signal,
      );
    case 'submit':
      return void (await operations.submit(nodeName, effect.id));
    case 'withdraw':
      return void (await operations.withdraw(nodeName, effect.id));
    case 'submitReset':
      return void (await operations.submit(nodeName, resetId(nodeName, effect.boot)));
    case 'deleteTenantNode':
      return void (await tenants.cordonAndDeleteNode(cluster, userOf(dpu), effect.uid, { signal }));
    case 'labelTenantNode':
      return void (await tenants.labelNode(cluster, userOf(dpu), effect.uid, effect.labels, { signal }));
    case 'extendToken':
      return void (await extendToken(world, dpu, cluster, effect.attempt, signal));
    case 'deleteToken':
      return void (await tenants.deleteToken(cluster, userOf(dpu), { signal }));
  }
}

/** A tenant that cannot be used now fails nothing: half an hour of looks is left to try again. */
async function extendToken({ tenants, log }: World, dpu: Dpu, cluster: ClusterName, attempt: number, signal?: AbortSignal): Promise<void> {
  try {
    await tenants.extendToken(cluster, userOf(dpu), attempt, { signal });
  } catch (error) {
    if (!(error instanceof TenantError)) throw error;
    log.warn(
      { dpu: dpu.metadata.name, reason: error.facts.state },
      `the token of a DPU that has not joined is not extended: ${error.message}`,
    );
  }
}

const resetId = (node: string, boot: number): string => operationId({ kind: 'reset', node, boot });

export const userOf = ({ metadata: { namespace = '', name, uid = '' } }: Dpu): TenantUser => ({ namespace, name, uid });

async function setFinalizers({ api }: World, dpu: Dpu, finalizers: string[], signal?: AbortSignal): Promise<Dpu | undefined> {
  const { namespace, name, resourceVersion } = dpu.metadata;
  try {
    return await api.dpus.patch({ namespace, name }, { metadata: { finalizers } }, { resourceVersion, signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
