/** What an agent reports, as a change of the facts: it goes through the same decision as a reconcile. */
import type { DpuOperation, DpuStatus, Report } from '@dpf/api';
import { harmlessPause } from './attempt.ts';
import { at } from './facts.ts';

/**
 * A write of progress is one of the few that a DPU may cost the API server: it is persisted in quarters, and not more often than every 10 s.
 * In between every 2 min, well before an agent counts as silent (deadlines.ts).
 */
const PROGRESS_PERCENT = 25;
const PROGRESS_MS = 10_000;
const SIGN_OF_LIFE_MS = 120_000;

/** Whether the operation still waits for the agent's word. An install has to be claimed before anything is said about it. */
export function awaitsReport(operation: DpuOperation): boolean {
  if (operation.kind === 'install') return operation.state === 'Claimed' || operation.state === 'Cancelling';
  return operation.state === 'Open';
}

/** The status with the report in it. The same object when the report is not worth a write. */
export function withReport(status: DpuStatus, report: Report, now: number): DpuStatus {
  const { operation } = status;
  if (!operation) return status;
  const told = { percent: Math.floor(report.percent), message: report.message, reportedAt: new Date(now).toISOString() };
  if (report.state === 'running') {
    const since = now - (at(operation.reportedAt) ?? 0);
    const news = told.percent >= (operation.percent ?? 0) + PROGRESS_PERCENT;
    return since >= (news ? PROGRESS_MS : SIGN_OF_LIFE_MS) ? { ...status, operation: { ...operation, ...told } } : status;
  }
  const state = report.state === 'succeeded' ? 'Succeeded' : 'Failed';
  // Rule boot-of-report: the boot to be left comes with the report that ends the install, not from the start of the attempt.
  const bootToLeave = operation.kind === 'install' ? { bootToLeave: report.boot } : {};
  return {
    ...status,
    operation: { ...operation, ...told, state, ...bootToLeave },
    ...(report.device ? { device: { ...status.device, ...report.device } } : {}),
    ...(report.firmware ? { firmware: { ...status.firmware, ...report.firmware } } : {}),
  };
}

/** The agent has the operation. It is told so only once this stands in `Dpu.status`. */
export const withClaim = (status: DpuStatus, now: number): DpuStatus => ({
  ...status,
  operation: status.operation && { ...status.operation, state: 'Claimed', openedAt: new Date(now).toISOString() },
});

/** The agent gave the reset of the host up: the next one is asked for after a pause. */
export function afterResetFailed(status: DpuStatus, { message, class: failureClass }: Report, now: number, chance: number): DpuStatus {
  const pause = harmlessPause('ResetFailed', status, now, chance);
  const lastError = { reason: 'ResetFailed', message, at: new Date(now).toISOString(), class: failureClass ?? 'transient' };
  return { ...status, lastError, attempt: status.attempt && { ...status.attempt, nextRetryTime: new Date(now + pause).toISOString() } };
}
