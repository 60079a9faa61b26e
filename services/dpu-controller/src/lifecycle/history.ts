/** The last ten attempts: result, reason, seconds per phase. */
import type { DpuStatus, Phase } from '@dpf/api';

const LONGEST = 10;
type Entry = NonNullable<DpuStatus['history']>[number];
export type Result = 'Running' | 'Succeeded' | 'Failed' | 'Superseded';

/** The history with the seconds of the phase that is being left added to the present attempt, whose result is stated. */
export const inHistory =
  (status: DpuStatus, leaving: Phase, now: number) =>
  (result: Result, reason?: string): Entry[] => {
    const history = status.history ?? [];
    const number = status.attempt?.number ?? 1;
    const old = history.find(({ attempt }) => attempt === number);
    const spent = Math.max(0, Math.round((now - Date.parse(status.phaseSince ?? new Date(now).toISOString())) / 1000));
    const counted = leaving !== 'Ready' && leaving !== 'Error';
    const seconds = counted ? { ...old?.seconds, [leaving]: (old?.seconds?.[leaving] ?? 0) + spent } : old?.seconds;
    // An attempt that ended stays as it ended: what follows it is another one.
    const ended = old?.result === 'Failed' || old?.result === 'Succeeded' ? old : { result, ...(reason ? { reason } : {}) };
    const entry: Entry = {
      attempt: number,
      result: ended.result,
      ...(ended.reason ? { reason: ended.reason } : {}),
      ...(seconds ? { seconds } : {}),
    };
    return [...history.filter((other) => other !== old), entry].slice(-LONGEST);
  };
