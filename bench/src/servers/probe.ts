/**
 * Loaded into a process that is measured (`node --import`): answers its parent's questions about memory, processor time and the longest time for which
 * the event loop did nothing else.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What may be asked; `loop` begins the search for the longest block anew. */
export interface Answers {
  usage: Usage;
  loop: { longestBlockMs: number };
}
export interface Usage {
  /** Bytes, after a garbage collection. */
  rss: number;
  heapUsed: number;
  /** The most that was resident so far. */
  peakRss: number;
  /** Seconds of processor time, of all its threads, since it was started. */
  cpuSeconds: number;
}

const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

const ANSWERS: { [Q in keyof Answers]: () => Answers[Q] } = {
  usage: () => {
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const peakRss = 1024 * process.resourceUsage().maxRSS;
    return { rss, heapUsed, peakRss, cpuSeconds: (user + system) / 1e6 };
  },
  loop: () => {
    const longestBlockMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
    delay.reset();
    return { longestBlockMs };
  },
};

process.on('message', ({ ask, id }: { ask: keyof Answers; id: number }) => {
  if (ask in ANSWERS) process.send?.({ id, answer: ANSWERS[ask]() });
});
// A question may come, and nothing else is to keep the process alive for it.
process.channel?.unref();
