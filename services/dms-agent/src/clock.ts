/** The only clock of the agent, so that tests tell it the time. */
import { hrtime } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Clock {
  /**
   * Milliseconds since the host's boot: for durations, which a time of day that is set (NTP, soon after a boot) would make longer or shorter. Goes on
   * when the agent restarts, and begins anew with the host.
   */
  now(): number;
  /** Resolves after so many milliseconds, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  // CLOCK_MONOTONIC, the same for all processes of a boot.
  now: () => Number(hrtime.bigint() / 1_000_000n),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  },
};
