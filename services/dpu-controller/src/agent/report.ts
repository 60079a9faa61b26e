/** An agent reports: a fact like any other. Result and what follows from it stand in one status write. */
import { operationId, type Dpu, type OperationRef, type Report } from '@dpf/api';
import { cancelOf } from './cancel.ts';
import { awaitsReport } from '../lifecycle/report.ts';
import type { ReportAnswer } from '../ports.ts';
import { step, untilNoConflict } from '../step.ts';
import type { World } from '../world.ts';
import { findDpu, stale } from './find.ts';
import { reportHostReset } from './reset.ts';

export async function report(world: World, ref: OperationRef, node: string, said: Report, signal?: AbortSignal): Promise<ReportAnswer> {
  if (ref.kind === 'reset') return reportHostReset(world, ref, node, said, signal);
  const id = operationId(ref);
  const awaitsThis = ({ status }: Dpu) => status?.operation?.id === id && awaitsReport(status.operation);
  // What ends an operation is always written, by compare-and-swap: the store serves as long as it is not behind. All else is answered by a live read.
  const known = said.state === 'running' ? undefined : world.stores.dpus.byIndex('uid', ref.uid)[0];
  return untilNoConflict(async (fresh) => {
    const isKnown = !fresh && known?.spec.nodeName === node && awaitsThis(known);
    const dpu = isKnown ? known : await findDpu(world, ref.uid, node, signal);
    if ('refused' in dpu) return dpu;
    if (!awaitsThis(dpu)) return stale(`${id} is not what Dpu ${dpu.metadata.name} waits for`);
    const after = await step(world, dpu, { fresh, report: said, signal });
    const state = after.dpu.status?.operation;
    if (state?.id !== id || state.state !== 'Cancelling') return { accepted: {} };
    return { accepted: { cancel: cancelOf(dpu) } };
  });
}
