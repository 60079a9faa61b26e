/**
 * Kills swept, not sampled: every kind of blow in every phase, dealt at the moment when a DPU enters the phase plus a chance of delay.
 * The blows of a run are drawn from all pairs (blow, moment) by its seed; a run provisions the fleet and deletes it again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Phase } from '@dpf/api';
import type { Fleet } from '../fleet/fleet.ts';
import { judgeFlashes, judgeResets } from '../fleet/judge.ts';
import type { DpuWatching } from '../fleet/watching.ts';
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
/** A run has so many seconds to get everything Ready, and as many to be gone again. */
const RUN_SECONDS = 180;

export interface Hit {
  blow: Blow;
  moment: Moment;
}

/** A small generator of chances (mulberry32): the same seed, the same run. */
export function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
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
  const chance = chances(seed);
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
    stopWatching();
    await Promise.all(pending);
  }
  return { seed, hits, problems, seconds: (Date.now() - began) / 1000 };
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
