/** What counts as available, and how much may be unavailable at a time. */
import type { Dpu, DpuSet, Grant, Reason } from '@dpf/api';

/** The Dpus of one set on one host: they are granted, disrupted and counted together. */
export interface Host {
  name: string;
  dpus: Dpu[];
  /** DPUs that the set has or wants there. */
  size: number;
}

/** In service: Ready, and not on its way out. */
export const isReady = (dpu: Dpu): boolean =>
  dpu.metadata.deletionTimestamp === undefined &&
  dpu.status?.phase === 'Ready' &&
  dpu.status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

/** Provisioned once. What never was in service cannot be disrupted: a first provisioning is not counted against the budget. */
export const wasReady = (dpu: Dpu): boolean => dpu.status?.provisioned !== undefined;

/** Was in service and is not now. */
export const isDisrupted = (dpu: Dpu): boolean => wasReady(dpu) && !isReady(dpu);

/** DPUs that the set wants and that are not in service, or are granted a change that has not ended. */
export function unavailableOf(staying: readonly Dpu[], desired: number, granted: readonly Grant[]): number {
  const hosts = new Set(granted.map(({ host }) => host));
  return Math.max(0, desired - staying.filter((dpu) => isReady(dpu) && !hosts.has(dpu.spec.nodeName)).length);
}

/** A card that came to a host in service: dpu-controller waits with its first installation, which resets that host, until it is granted. */
export const waitsForGrant = (dpu: Dpu): boolean =>
  dpu.spec.grant === undefined &&
  dpu.status?.conditions?.some(({ type, reason }) => type === 'PreflightPassed' && reason === ('WaitingForGrant' satisfies Reason)) ===
    true;

export const isFailed = (dpu: Dpu): boolean => dpu.status?.phase === 'Error';

/** DPUs that a grant of this host puts out of service: all of it, for they share its node effect and its reset; none if none was ever in service. */
export const costOf = (host: Host): number => (host.dpus.some(wasReady) ? host.size : 0);

/** DPUs of a host that count as unavailable now: all of them while it is granted, else those that fell out of service. */
export const usedBy = (host: Host, isGranted: boolean): number => (isGranted ? costOf(host) : host.dpus.filter(isDisrupted).length);

/** `maxUnavailable` in DPUs: a percentage of the DPUs that the set wants, rounded down, never below 1. */
export function budgetOf(set: DpuSet, desired: number): number {
  const limit = set.spec.strategy?.rollingUpdate?.maxUnavailable ?? 1;
  const percent = typeof limit === 'string' ? /^(\d+)%$/.exec(limit)?.[1] : undefined;
  const count = percent === undefined ? Number(limit) : Math.floor((desired * Number(percent)) / 100);
  return Number.isFinite(count) ? Math.max(1, count) : 1;
}

/** Hosts in the order of their names, each with its Dpus in the order of theirs. `missing`: the nodes of cards that have no Dpu yet. */
export function byHost(dpus: readonly Dpu[], missing: readonly string[] = []): Host[] {
  const hosts = new Map<string, Host>();
  const ordered = [...dpus].sort(
    (a, b) => compareNames(a.spec.nodeName, b.spec.nodeName) || compareNames(a.metadata.name, b.metadata.name),
  );
  for (const dpu of ordered) {
    const host = hosts.get(dpu.spec.nodeName) ?? { name: dpu.spec.nodeName, dpus: [], size: 0 };
    host.dpus.push(dpu);
    host.size++;
    hosts.set(host.name, host);
  }
  for (const name of missing) {
    const host = hosts.get(name);
    if (host) host.size++;
  }
  return [...hosts.values()];
}

const collator = new Intl.Collator('en', { numeric: true });
/** worker2 before worker10. */
export const compareNames = (a: string, b: string): number => collator.compare(a, b);
