/**
 * Kills swept, not sampled: every kind of blow in every phase, dealt at the moment when a DPU enters the phase plus a chance of delay.
 * The blows of a run are drawn from all pairs (blow, moment) by its seed; a run provisions the fleet and deletes it again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Node, Phase } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { seeded } from '@dpf/queue/testing';
import type { Fleet } from '../fleet/fleet.ts';
import { judgeFlashes, judgeResets } from '../fleet/judge.ts';
import { Watching, type DpuWatching } from '../fleet/watching.ts';
import { applyExample, deleteExample } from './example.ts';

export const BLOWS = [
  'dpuset-controller',
  'dpu-controller',
  'bfb-downloader',
  'dms-agent',
  'everything',
  'FLUSHALL',
  'redis restart',
] as const;
export type Blow = (typeof BLOWS)[number];
export const MOMENTS = [
  'Initializing',
  'Pending',
  'NodeEffect',
  'OSInstalling',
  'push',
  'Rebooting',
  'HostNetworkConfiguration',
  'DPUClusterConfig',
  'Ready',
  'Deleting',
] as const satisfies readonly (Phase | 'push')[];
export type Moment = (typeof MOMENTS)[number];

/** Longest delay between the moment and the blow, in milliseconds. */
const DELAY_MS = 700;
/** How long a held join takes once its Dpu waits for it, in milliseconds. */
const JOIN_MS = 2000;
/** A run has so many seconds to get everything Ready, and as many to be gone again. */
const RUN_SECONDS = 180;

export interface Hit {
  blow: Blow;
  moment: Moment;
}

/** Every pair of blow and moment, dealt out over the seeds: `runs` consecutive seeds hit each pair at least once. */
export function planOf(seed: number, runs: number): Hit[] {
  const all = MOMENTS.flatMap((moment) => BLOWS.map((blow) => ({ blow, moment })));
  const perRun = Math.max(3, Math.ceil(all.length / runs));
  return Array.from({ length: perRun }, (_, i) => all[(seed + i * Math.max(1, runs)) % all.length] as Hit);
}

export interface SweepResult {
  seed: number;
  hits: Hit[];
  problems: string[];
  seconds: number;
}

/** One run. Never throws: what is wrong is in `problems`. */
export async function sweepRun(fleet: Fleet, dpus: DpuWatching, seed: number, runs: number): Promise<SweepResult> {
  const began = Date.now();
  const chance = seeded(seed);
  const plan = planOf(seed, runs);
  const hits: Hit[] = [];
  const pending = new Set<Promise<unknown>>();
  const journalBefore = fleet.hardware.journal().length;
  const historyBefore = dpus.history.length;

  const strike = (hit: Hit) => {
    const blow = delay(Math.floor(chance() * DELAY_MS)).then(() => deal(fleet, hit.blow));
    hits.push(hit);
    pending.add(blow.finally(() => pending.delete(blow)));
  };
  const left = new Set(plan);
  const seen = (moment: string) => {
    for (const hit of left) if (hit.moment === moment && left.delete(hit)) return strike(hit);
  };
  const stopWatching = dpus.onMoment((moment) => seen(moment.phase));
  const pushes = watchPushes(fleet, () => seen('push'));
  const problems: string[] = [];
  const slowJoin = plan.some(({ moment }) => moment === 'DPUClusterConfig') ? await holdJoins(fleet, dpus) : undefined;
  try {
    await applyExample(fleet);
    const ready = await dpus.allReady(fleet.hosts.length + 1, RUN_SECONDS);
    await Promise.all(pending);
    await dpus.allReady(fleet.hosts.length + 1, RUN_SECONDS);
    const journal = fleet.hardware.journal().slice(journalBefore);
    const history = dpus.history.slice(historyBefore);
    const attempts = (host: string) => Math.max(...history.filter((moment) => moment.host === host).map((moment) => moment.attempt));
    problems.push(...judgeFlashes(journal, ready.length), ...judgeResets(journal, fleet.hosts, attempts));
    await deleteExample(fleet, RUN_SECONDS);
  } catch (error) {
    problems.push((error as Error).message);
  } finally {
    pushes.stop();
    await slowJoin?.stop();
    stopWatching();
    await Promise.all(pending);
  }
  return { seed, hits, problems, seconds: (Date.now() - began) / 1000 };
}

/** A DPU that has joined is Ready at once, and nobody sees it wait: here its Node is not Ready until a while after its Dpu waits for that. */
async function holdJoins({ tenant }: Fleet, dpus: DpuWatching): Promise<{ stop(): Promise<void> }> {
  const nodes = await Watching.start<Node>(tenant.cluster, CORE.Node);
  const setReady = (name: string, status: 'True' | 'False') =>
    tenant.cluster
      .resource<Node>(CORE.Node)
      .patchStatus({ name }, { status: { conditions: [{ type: 'Ready', status, reason: 'Story', message: 'set by the sweep' }] } })
      .catch(() => undefined);
  const released = new Set<string>();
  const unsubscribe = nodes.reflector.onEvent(({ type, object }) => {
    if (type === 'added') released.delete(object.metadata.name);
    const ready = object.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
    if (type !== 'deleted' && ready && !released.has(object.metadata.name)) void setReady(object.metadata.name, 'False');
  });
  const stopWatching = dpus.onMoment(({ phase, name }) => {
    if (phase !== 'DPUClusterConfig') return;
    void delay(JOIN_MS).then(() => {
      released.add(name);
      return setReady(name, 'True');
    });
  });
  return {
    stop: () => {
      unsubscribe();
      stopWatching();
      return nodes.stop();
    },
  };
}

/** The journal of the hardware says when the first byte of a push arrives. */
function watchPushes(fleet: Fleet, onPush: () => void): { stop(): void } {
  let read = fleet.hardware.journal().length;
  const timer = setInterval(() => {
    const journal = fleet.hardware.journal();
    for (const entry of journal.slice(read)) if (entry.event === 'first-byte') onPush();
    read = journal.length;
  }, 50);
  return { stop: () => clearInterval(timer) };
}

async function deal(fleet: Fleet, blow: Blow): Promise<void> {
  const { services, agents, redis } = fleet;
  switch (blow) {
    case 'dms-agent':
      await Promise.all([...agents.byHost.values()].map((agent) => agent.crash()));
      return;
    case 'everything':
      await Promise.all([...Object.values(services.byName), ...agents.byHost.values()].map((process) => process.crash()));
      return;
    case 'FLUSHALL':
      await redis.flush();
      return;
    case 'redis restart':
      await redis.restart();
      return;
    default:
      await services.byName[blow].crash();
  }
}

/** Hits per moment and blow, as a table for people. */
export function hitTable(results: readonly SweepResult[]): string {
  const count = (moment: Moment, blow: Blow) =>
    results.reduce((sum, { hits }) => sum + hits.filter((hit) => hit.moment === moment && hit.blow === blow).length, 0);
  const head = ['moment'.padEnd(26), ...BLOWS.map((blow) => blow.padStart(18))].join('');
  return [
    head,
    ...MOMENTS.map((moment) => [moment.padEnd(26), ...BLOWS.map((blow) => String(count(moment, blow)).padStart(18))].join('')),
  ].join('\n');
}
