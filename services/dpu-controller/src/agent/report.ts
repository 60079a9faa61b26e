/** An agent reports: a fact like any other. Result and what follows from it stand in one status write. */
import { operationId, type OperationRef, type Report } from '@dpf/api';
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
  return untilNoConflict(async (fresh) => {
    const dpu = await findDpu(world, ref.uid, node, signal);
    if ('refused' in dpu) return dpu;
    const { operation } = dpu.status ?? {};
    if (operation?.id !== id || !awaitsReport(operation)) return stale(`${id} is not what Dpu ${dpu.metadata.name} waits for`);
    const after = await step(world, dpu, { fresh, report: said, signal });
    const state = after.dpu.status?.operation;
    if (state?.id !== id || state.state !== 'Cancelling') return { accepted: {} };
    return { accepted: { cancel: cancelOf(dpu) } };
  });
}
