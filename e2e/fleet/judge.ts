/** What must be true of every run, judged by what the hardware remembers and by what the API showed. Each returns sentences about what is wrong. */
import type { JournalEntry } from '@dpf/dpu-sim';
import type { DpuMoment } from './watching.ts';

type Flash = JournalEntry & { event: 'flash-completed'; bfbSha256: string; host: string; pci: string };

const flashesOf = (journal: readonly JournalEntry[]): Flash[] =>
  journal.filter((entry): entry is Flash => entry.event === 'flash-completed');

/** Completed flashes by card and Dpu uid: `worker-1/0000:4b:00 <uid> <image>` → count. */
export function flashCounts(journal: readonly JournalEntry[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { host, pci, marker = '', bfbSha256 } of flashesOf(journal)) {
    const key = `${host}/${pci} ${marker.split('/')[0]} ${bfbSha256.slice(0, 12)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Exactly one completed flash per card, Dpu and version. */
export function judgeFlashes(journal: readonly JournalEntry[], cards: number): string[] {
  const counts = flashCounts(journal);
  const wrong = [...counts].filter(([, count]) => count !== 1).map(([card, count]) => `${card} was flashed ${count} times`);
  return counts.size === cards ? wrong : [...wrong, `${counts.size} cards were flashed, expected ${cards}`];
}

/** One reset per host and round of attempts: never more than the attempts of the host's busiest card. */
export function judgeResets(journal: readonly JournalEntry[], hosts: readonly string[], attempts: (host: string) => number): string[] {
  return hosts.flatMap((host) => {
    const resets = journal.filter((entry) => entry.event === 'reset' && entry.host === host && entry.kind !== 'operator').length;
    const most = attempts(host);
    return resets >= 1 && resets <= most ? [] : [`${host} was reset ${resets} times for ${most} attempts`];
  });
}

/** No disruptive step starts on a host while DPUs of other hosts use up the budget. */
export function judgeBudget(history: readonly DpuMoment[], maxUnavailable: number): string[] {
  return history
    .filter((moment) => moment.phase === 'NodeEffect')
    .flatMap(({ name, host, others }) => {
      const away = [...others.values()].filter((other) => other.host !== host && other.phase !== 'Ready').length;
      return away < maxUnavailable
        ? []
        : [`${name} was disrupted while ${away} DPUs of other hosts were unavailable, ${maxUnavailable} may be`];
    });
}
