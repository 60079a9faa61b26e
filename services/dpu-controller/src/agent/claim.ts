/** An agent asks for an operation: it is granted if a reconcile would submit it right now. */
import { operationId, type ClaimRequest, type Node, type OperationRef } from '@dpf/api';
import { specOf } from '../answers.ts';
import { writeNode } from '../act.ts';
import { outdated } from '../host/announce.ts';
import { recordsOf } from '../host/records.ts';
import { decide } from '../lifecycle/decide.ts';
import { cancelOf } from './cancel.ts';
import { withClaim } from '../lifecycle/report.ts';
import { observe } from '../observe.ts';
import type { ClaimAnswer, Refusal } from '../ports.ts';
import { untilNoConflict } from '../step.ts';
import { writeStatus } from '../status-patch.ts';
import type { World } from '../world.ts';
import { findDpu, stale } from './find.ts';
import { claimHostReset } from './reset.ts';

export async function claim(
  world: World,
  ref: OperationRef,
  node: string,
  request: ClaimRequest,
  signal?: AbortSignal,
): Promise<ClaimAnswer> {
  const seen = await hostOf(world, node, request, false, signal);
  if ('refused' in seen) return seen;
  if (ref.kind === 'reset') return claimHostReset(world, ref, node, request, signal);
  const id = operationId(ref);
  return untilNoConflict(async (fresh) => {
    const dpu = await findDpu(world, ref.uid, node, signal);
    if ('refused' in dpu) return dpu;
    const host = fresh ? await hostOf(world, node, request, true, signal) : seen;
    if ('refused' in host) return host;
    const { observed } = await observe(world, dpu, { node: host, forClaim: true, signal });
    const decision = decide(observed);
    const operation = decision.status?.operation;
    if (dpu.status?.operation?.id !== id || operation?.id !== id) return stale(`${id} is not the operation of Dpu ${dpu.metadata.name}`);
    if (!decision.effects.some((effect) => effect.do === 'submit' && effect.id === id))
      return stale(`${id} is not to be done now: Dpu ${dpu.metadata.name} waits for ${decision.status?.waitingFor}`);

    const granted = await specOf(world, ref, observed, signal);
    if (ref.kind === 'install') await writeNode(world, host, outdated(host, request.sequence), signal);
    // Rule claim-recorded: a claim is answered 200 only once it stands in Dpu.status.operation.state, by compare-and-swap.
    // The other kinds are idempotent and touch nothing that a late claim could harm: theirs is not recorded.
    if (ref.kind === 'install' && operation.state === 'Open' && decision.status)
      await writeStatus(world, dpu, withClaim(decision.status, observed.now), signal);
    return { granted: operation.state === 'Cancelling' ? { ...granted, cancel: cancelOf(dpu) } : granted };
  });
}

/** The Node of an agent that has announced this very instance and boot. */
async function hostOf(
  { stores, api }: World,
  node: string,
  { instance, boot }: ClaimRequest,
  live: boolean,
  signal?: AbortSignal,
): Promise<Node | Refusal> {
  const announced = (candidate: Node | undefined) => {
    const agent = candidate && recordsOf(candidate).agent;
    return agent?.instance === instance && agent.boot === boot;
  };
  const stored = live ? undefined : stores.nodes.get({ name: node });
  const host = stored && announced(stored) ? stored : await api.nodes.get({ name: node }, { signal });
  return host && announced(host)
    ? host
    : {
        status: 409,
        refused: { reason: 'NotAnnounced', message: `instance ${instance} in boot ${boot} of node ${node} has not announced itself` },
      };
}
