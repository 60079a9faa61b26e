/** What an API server takes: creates from one client, and the answers of others while a long list is asked for. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KINDS, type Dpu } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { newRunFolder } from '../../../e2e/fleet/workspace.ts';
import { inLanes } from '../light/parallel.ts';
import { atLeast, atMost, shown, type Figure, type Result } from '../report/result.ts';
import { median } from '../report/statistics.ts';
import { Probed } from '../servers/probed.ts';
import type { Server } from '../servers/servers.ts';
import type { Benchmark, Run } from './benchmark.ts';

/** Connections of the one client. */
const LANES = 32;
const GOAL_CREATES = 2_000;
const GOAL_BLOCK_MS = 50;
const ROUNDS = 5;
const CLIENT = fileURLToPath(new URL('../servers/client.ts', import.meta.url));
const NAMESPACE = 'bench';

export const api: Benchmark = {
  name: 'api',
  story: 'N Dpus created by one client with 32 connections; then all of them are listed while another client asks for small things',
  size: 10_000,
  tiny: 20,
  async run({ servers, size, say }: Run) {
    const folder = newRunFolder();
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const host = await servers.start(folder, 'host');
    try {
      await host.cluster.resource(CORE.Namespace).create({ metadata: { name: NAMESPACE } });
      say(`${size} creates`);
      const creates = await created(host, size);
      say(`lists of ${size}`);
      const lists = await listed(host, folder, size);
      return {
        benchmark: 'api',
        on: servers.name,
        figures: [creates, ...lists],
        notes: [],
        counts: { objects: await count(host) },
      } satisfies Result;
    } finally {
      await host.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const dpus = ({ cluster }: Server) => cluster.resource<Dpu>(KINDS.Dpu);
const count = async (host: Server) => (await dpus(host).list({ namespace: NAMESPACE })).items.length;

/** Median over tenths of the creates: the first ones pay for connections and compiled code. */
async function created(host: Server, size: number): Promise<Figure> {
  const tenth = Math.ceil(size / 10);
  const rates: number[] = [];
  for (let from = 0; from < size; from += tenth) {
    const part = Array.from({ length: Math.min(tenth, size - from) }, (_, i) => dpu(from + i));
    const began = performance.now();
    await inLanes(part, LANES, (object) => dpus(host).create(object));
    rates.push((1000 * part.length) / (performance.now() - began));
  }
  const rate = median(rates);
  return {
    what: 'creates of a Dpu per second',
    measured: `${shown(rate)}/s`,
    beside: `best tenth ${shown(Math.max(...rates))}/s`,
    ...(host.process && { goal: atLeast(rate, GOAL_CREATES, '/s') }),
  };
}

const dpu = (i: number): Dpu => ({
  apiVersion: KINDS.Dpu.apiVersion,
  kind: 'Dpu',
  metadata: { name: `worker-${i}-0000-4b-00`, namespace: NAMESPACE, labels: { 'provisioning.dpu.nvidia.com/dpuset-name': 'bench' } },
  spec: { nodeName: `worker-${i}`, pciAddress: '0000-4b-00', bfb: 'bench', dpuFlavor: 'bench', nodeEffect: { noEffect: true } },
});

/** In one piece and in pages of 500, as kubectl and our reflectors do. */
async function listed(host: Server, folder: string, size: number): Promise<Figure[]> {
  const lister = new Probed([CLIENT, host.kubeconfig, NAMESPACE], { log: join(folder, 'logs', 'client.log') });
  await lister.announced();
  try {
    const figures: Figure[] = [];
    for (const [how, limit] of [
      ['in one piece', size + 1],
      ['in pages of 500', 500],
    ] as const) {
      const [waits, quiet, blocks, quietBlocks] = [[], [], [], []] as number[][] as [number[], number[], number[], number[]];
      for (let round = 0; round < ROUNDS; round++) {
        for (const [work, times, longest] of [
          [() => sleep(300), quiet, quietBlocks],
          [() => lister.request(`list ${limit}`), waits, blocks],
        ] as const) {
          await host.process?.ask('loop');
          times.push(await longestWait(() => host.cluster.version(), work));
          if (host.process) longest.push((await host.process.ask('loop')).longestBlockMs);
        }
      }
      figures.push({
        what: `longest answer to others while ${size} are listed ${how}`,
        measured: `${shown(median(waits))} ms`,
        beside: `${shown(median(quiet))} ms (nothing is listed)`,
      });
      if (host.process)
        figures.push({
          what: `longest block of the event loop, ${how}`,
          measured: `${shown(median(blocks))} ms`,
          beside: `${shown(median(quietBlocks))} ms (nothing is listed)`,
          goal: atMost(median(blocks), GOAL_BLOCK_MS, ' ms'),
        });
    }
    return figures;
  } finally {
    await lister.stop();
  }
}

/** Milliseconds of the slowest of the questions that are asked one after the other while work goes on. */
async function longestWait(ask: () => Promise<unknown>, work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let over = false;
  const end = work().finally(() => (over = true));
  while (!over) {
    const began = performance.now();
    await ask();
    longest = Math.max(longest, performance.now() - began);
  }
  await end;
  return longest;
}
