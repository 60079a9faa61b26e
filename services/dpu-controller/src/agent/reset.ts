/** The reset of a host, asked for and reported by its agent. It stands on the Node, for all Dpus of the host. */
import type { ClaimRequest, Dpu, Node, OperationRef, Report } from '@dpf/api';
import { writeNode } from '../act.ts';
import { needsPowerCycle, resetSpec } from '../answers.ts';
import { claimReset, giveUpReset } from '../host/reset.ts';
import { recordsOf } from '../host/records.ts';
import { decide } from '../lifecycle/decide.ts';
import { afterResetFailed } from '../lifecycle/report.ts';
import { observe } from '../observe.ts';
import type { ClaimAnswer, ReportAnswer } from '../ports.ts';
import { untilNoConflict } from '../step.ts';
import { writeStatus } from '../status-patch.ts';
import type { World } from '../world.ts';
import { stale } from './find.ts';

type ResetRef = Extract<OperationRef, { kind: 'reset' }>;

const notYours = (ref: ResetRef, node: string) =>
  ({ status: 403, refused: { reason: 'NotYours', message: `node ${node} cannot speak of the reset of node ${ref.node}` } }) as const;

/** Granted while a Dpu of the host would submit it, or once more when it stands on the Node already. */
export async function claimHostReset(
  world: World,
  ref: ResetRef,
  node: string,
  request: ClaimRequest,
  signal?: AbortSignal,
): Promise<ClaimAnswer> {
  if (ref.node !== node) return notYours(ref, node);
  return untilNoConflict(async () => {
    const host = await world.api.nodes.get({ name: node }, { signal });
    if (!host || request.boot !== ref.boot || recordsOf(host).agent?.boot !== ref.boot)
      return stale(`node ${node} is not in boot ${ref.boot} any more`);
    const waiting = await waitingForReset(world, host, ref.boot, signal);
    const [first] = waiting;
    const { reset } = recordsOf(host);
    if (!reset && !first) return stale(`no Dpu of node ${node} asks for a reset now`);
    if (!reset && first) {
      const requestedAt = new Date(world.clock.now()).toISOString();
      const record = { boot: ref.boot, uid: first.metadata.uid ?? '', attempt: first.status?.attempt?.number ?? 0, requestedAt };
      await writeNode(world, host, claimReset(host, record), signal);
    }
    const cards = waiting.length > 0 ? waiting.map(({ spec }) => spec.pciAddress) : Object.keys(recordsOf(host).claims);
    return { granted: resetSpec(host, ref.boot, cards, waiting.some(needsPowerCycle)) };
  });
}

/** The Dpus of the host that a reset is due for, as a reconcile of each would find now. */
async function waitingForReset(world: World, host: Node, boot: number, signal?: AbortSignal): Promise<Dpu[]> {
  const waiting: Dpu[] = [];
  for (const { metadata } of world.stores.dpus.byIndex('host', host.metadata.name)) {
    const dpu = await world.api.dpus.get({ namespace: metadata.namespace, name: metadata.name }, { signal });
    if (dpu?.status?.phase !== 'Rebooting') continue;
    const { observed } = await observe(world, dpu, { node: host, signal });
    if (decide(observed).effects.some((effect) => effect.do === 'submitReset' && effect.boot === boot)) waiting.push(dpu);
  }
  return waiting;
}

/** What was issued is seen by the next boot. What was given up is tried again after a pause, which the Dpus that wait for it bear. */
export async function reportHostReset(
  world: World,
  ref: ResetRef,
  node: string,
  said: Report,
  signal?: AbortSignal,
): Promise<ReportAnswer> {
  if (ref.node !== node) return notYours(ref, node);
  return untilNoConflict(async () => {
    const host = await world.api.nodes.get({ name: node }, { signal });
    if (!host || recordsOf(host).reset?.boot !== ref.boot) return stale(`no reset of boot ${ref.boot} is claimed on node ${node}`);
    if (said.state === 'running' || said.state === 'succeeded') return { accepted: {} };
    for (const { metadata } of world.stores.dpus.byIndex('host', node)) {
      const dpu = await world.api.dpus.get({ namespace: metadata.namespace, name: metadata.name }, { signal });
      if (dpu?.status?.phase === 'Rebooting')
        await writeStatus(world, dpu, afterResetFailed(dpu.status, said, world.clock.now(), world.chance()), signal);
    }
    await writeNode(world, host, giveUpReset(host, ref.boot), signal);
    return { accepted: {} };
  });
}
