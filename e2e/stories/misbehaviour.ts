/** API servers that misbehave while the founding document's objects are provisioned: told on whatever control plane a fleet was started. */
import { setTimeout as delay } from 'node:timers/promises';
import { KINDS, type Bfb } from '@dpf/api';
import type { FaultSpec } from '@dpf/kube-faults';
import type { ControlPlane } from '../fleet/control-plane.ts';
import { arm, asked, askedSince, type Armed } from '../fleet/faults.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { judgeFlashes, judgeResets } from '../fleet/judge.ts';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { Watching, type DpuWatching } from '../fleet/watching.ts';
import type { Controller } from '../fleet/workspace.ts';
import { applyExample, deleteExample, example } from './example.ts';

export interface Misbehaviour {
  /** What goes wrong, as a sentence. */
  says: string;
  /** From before the objects are applied until every DPU is Ready. */
  throughout?: readonly Aimed[];
  /** From the moment on at which the first DPU is being installed. */
  atInstall?: readonly Aimed[];
}

interface Aimed extends FaultSpec {
  /** Default: all of them. */
  services?: readonly Controller[];
  /** Default: those of both clusters. */
  of?: 'host' | 'tenant';
}

const dpus = { match: { resources: ['dpus'] }, services: ['dpu-controller'], of: 'host' } as const satisfies Partial<Aimed>;

export const MISBEHAVIOUR: readonly Misbehaviour[] = [
  { says: 'every answer takes a quarter of a second longer', throughout: [{ kind: 'latency', milliseconds: 250 }] },
  {
    says: 'a third of the requests is told to come back later, and all of them for a while',
    throughout: [{ kind: 'throttle', share: 0.3, retryAfterSeconds: 1 }],
    atInstall: [{ kind: 'throttle', retryAfterSeconds: 2, seconds: 3 }],
  },
  {
    says: 'a third of the writes is made, and then answered 500 or not at all',
    throughout: [
      { kind: 'errorAfterWrite', share: 0.2 },
      { kind: 'resetAfterWrite', share: 0.15 },
    ],
    atInstall: [{ kind: 'errorAfterWrite', count: 3 }],
  },
  { says: 'all open watches fall silent', atInstall: [{ kind: 'silentWatch', seconds: 0.5 }] },
  {
    says: 'the news of new objects is lost',
    throughout: [
      { kind: 'dropEvent', count: 3, ...dpus },
      { kind: 'dropEvent', count: 1, match: { resources: ['dpuflavors'] }, of: 'host' },
      { kind: 'dropEvent', count: 1, match: { resources: ['dpusets'] }, of: 'host' },
      { kind: 'dropEvent', count: 1, match: { resources: ['bfbs'] }, of: 'host' },
    ],
  },
  {
    says: 'the news of changed Dpus and Nodes is lost, all of it',
    atInstall: [
      { kind: 'dropEvent', ...dpus },
      { kind: 'dropEvent', match: { resources: ['nodes'] }, services: ['dpu-controller'], of: 'host' },
    ],
  },
  { says: 'the history is forgotten', atInstall: [{ kind: 'compact' }] },
  { says: 'the API server restarts', atInstall: [{ kind: 'restart', milliseconds: 2_000, of: 'host' }] },
];

/** A run has so many seconds to get everything Ready, and as many to be gone again. */
const RUN_SECONDS = 120;
/** In this time nobody asks anything any more; looked at so often before it is a problem. */
const IDLE_MS = 5_000;
/** Work that failed at the end is tried again after pauses that grow; within so many looks it is over, which a loop never is. */
const LOOKS = 8;

export interface Told {
  /** From the objects' creation to the last Ready. */
  seconds: number;
  /** Requests of the services per Dpu, those of the tenant cluster too, watches not counted. */
  perDpu: number;
  watches: number;
  /** How often the faults were dealt. */
  dealt: number;
  byKind: ReadonlyMap<string, number>;
  /** What is wrong with flashes, resets and the quiet afterwards. */
  problems: string[];
}

/** Provisions the fleet, judges, and takes everything away again. @throws Error when DPUs do not become Ready, or do not go */
export async function tell(
  fleet: Fleet,
  watching: DpuWatching,
  { throughout = [], atInstall = [] }: Omit<Misbehaviour, 'says'>,
): Promise<Told> {
  const count = fleet.hosts.length + 1;
  const planes: ControlPlane[] = [fleet.host, fleet.tenant];
  const before = planes.map(asked);
  const since = () => sumOf(planes.map((plane, i) => askedSince(plane, before[i]!)));
  const journal = fleet.hardware.journal().length;
  const history = watching.history.length;
  const armed: Promise<Armed>[] = [];
  const aim = (faults: readonly Aimed[]) => {
    for (const { services, of, ...spec } of faults)
      for (const plane of planes) if (of === undefined || plane === fleet[of]) armed.push(arm(plane, spec, services));
  };
  const stopWatching = watching.onMoment(({ phase }) => {
    if (phase !== 'OSInstalling') return;
    stopWatching();
    aim(atInstall);
  });
  aim(throughout);
  await Promise.all(armed);
  try {
    const began = performance.now();
    await applyExample(fleet);
    await watching.allReady(count, RUN_SECONDS);
    const seconds = (performance.now() - began) / 1000;
    const byKind = since();
    const faults = await Promise.all(armed);
    for (const fault of faults) fault.end();
    await watching.allReady(count, RUN_SECONDS);
    const attempts = (host: string) =>
      Math.max(
        ...watching.history
          .slice(history)
          .filter((moment) => moment.host === host)
          .map(({ attempt }) => attempt),
      );
    const flashes = fleet.hardware.journal().slice(journal);
    return {
      seconds,
      perDpu: sum(byKind, (what) => !isWatch(what)) / count,
      watches: sum(byKind, isWatch),
      dealt: faults.reduce((all, fault) => all + fault.dealt(), 0),
      byKind,
      problems: [...judgeFlashes(flashes, count), ...judgeResets(flashes, fleet.hosts, attempts), ...(await noisy(planes))],
    };
  } finally {
    stopWatching();
    for (const fault of await Promise.all(armed)) fault.end();
    await takeAway(fleet);
  }
}

/** Requests per Dpu, against a run that nothing disturbs. */
const DEARER = 3;
/** Watches that are opened per second, of those that are open (about eight), and once more for each fault: more is a tight loop. */
const WATCHES_PER_SECOND = 6;
const WATCHES_AT_ONCE = 20;

/** Whether somebody asked again and again, as sentences with what was asked most. */
export function judgeRequests({ perDpu, watches, seconds, byKind }: Told, undisturbed: Told): string[] {
  const most = [...byKind].sort(([, a], [, b]) => b - a).slice(0, 10);
  const table = most.map(([what, count]) => `${what} ${count}`).join(', ');
  const dear = perDpu > DEARER * undisturbed.perDpu;
  const tight = watches > WATCHES_AT_ONCE + WATCHES_PER_SECOND * seconds;
  return [
    ...(dear ? [`${perDpu.toFixed(1)} requests per Dpu, undisturbed ${undisturbed.perDpu.toFixed(1)}: ${table}`] : []),
    ...(tight ? [`${watches} watches in ${seconds.toFixed(1)} s: ${table}`] : []),
  ];
}

const isWatch = (what: string) => what.split(' ')[1] === 'watch';
const sum = (counts: ReadonlyMap<string, number>, counted: (what: string) => boolean) =>
  [...counts].reduce((all, [what, count]) => all + (counted(what) ? count : 0), 0);

function sumOf(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const [what, count] of maps.flatMap((map) => [...map])) all.set(what, (all.get(what) ?? 0) + count);
  return all;
}

/** What is asked when nothing is left to do, as sentences. */
async function noisy(planes: readonly ControlPlane[]): Promise<string[]> {
  for (let look = 1; ; look++) {
    const before = planes.map(asked);
    await delay(IDLE_MS);
    const asking = [...sumOf(planes.map((plane, i) => askedSince(plane, before[i]!)))].filter(([what]) => !isWatch(what));
    if (asking.length === 0) return [];
    if (look === LOOKS) return asking.map(([what, count]) => `with all Ready, in ${IDLE_MS / 1000} s: ${what}, ${count} times`);
  }
}

/** So that the next story begins with nothing. */
async function takeAway(fleet: Fleet): Promise<void> {
  const { cluster } = fleet.host;
  const { bfb, flavor } = example();
  await deleteExample(fleet, RUN_SECONDS);
  for (const [kind, object] of [
    [KINDS.DPUFlavor, flavor],
    [KINDS.Bfb, bfb],
  ] as const)
    await cluster.resource(kind).delete({ namespace: NAMESPACE, name: object.metadata.name });
  const bfbs = await Watching.start<Bfb>(cluster, KINDS.Bfb, NAMESPACE);
  await bfbs.until('the Bfb is gone', (all) => all.length === 0, RUN_SECONDS).finally(() => bfbs.stop());
}
