/** What must be true of every run, judged by what the hardware remembers and by what the API showed. Each returns sentences about what is wrong. */
import type { Dpu } from '@dpf/api';
import type { JournalEntry } from '@dpf/dpu-sim';
import type { DpuWrite } from './audit.ts';

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

/** In service once, and not now. What never was in service cannot be disrupted. */
const isUnavailable = ({ status }: Dpu): boolean =>
  status?.provisioned !== undefined &&
  (status.phase !== 'Ready' || status.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True');

/** The node effect is put on the Node, then the card is flashed and the host reset. */
const isDisruptive = (dpu: Dpu | undefined): boolean => ['NodeEffect', 'OSInstalling', 'Rebooting'].includes(dpu?.status?.phase ?? '');

/**
 * On the audit log of the host's API server: no disruptive step starts on a host while DPUs of other hosts use up the budget; a host with more DPUs than
 * the budget goes alone. DPUs of one host go together: they do not count against one another. Nor does what fails once the host was granted.
 */
export function judgeBudget(writes: readonly DpuWrite[], maxUnavailable: number): string[] {
  const now = new Map<string, Dpu>();
  /** A grant is a new spec. */
  const awayAtGrant = new Map<string, number>();
  const wrong: string[] = [];
  for (const { uid, at, dpu } of writes) {
    const before = now.get(uid);
    if (dpu) now.set(uid, dpu);
    else now.delete(uid);
    if (!dpu) continue;
    const host = dpu.spec.nodeName;
    const all = [...now.values()];
    const away = all.filter((other) => other.spec.nodeName !== host && isUnavailable(other)).length;
    if (dpu.metadata.generation !== (before?.metadata.generation ?? dpu.status?.observedGeneration)) awayAtGrant.set(uid, away);
    if (!dpu.status?.provisioned || !isDisruptive(dpu) || isDisruptive(before)) continue;
    // What failed after the grant cannot be undone by it.
    if (awayAtGrant.get(uid) === 0) continue;
    const size = all.filter((other) => other.spec.nodeName === host).length;
    if (away > 0 && away + size > maxUnavailable)
      wrong.push(
        `${dpu.metadata.name} was disrupted at ${at} while ${away} DPUs of other hosts were unavailable, ${maxUnavailable} may be`,
      );
  }
  return wrong;
}
