/** BM3: many DPUs to Ready on hardware at high speed, under a limit of parallel installs, against what the hardware and the API server need at least. */
import { availableParallelism } from 'node:os';
import { auditLength, isAcceptedWrite, readAudit, writesPerDpu, type AuditEvent } from '../../../e2e/fleet/audit.ts';
import { startLightFleet, type LightFleet } from '../light/fleet.ts';
import { drawHardware } from '../light/hardware.ts';
import { writeCeiling } from '../light/writes.ts';
import { atMost, shown, type Figure, type Result } from '../report/result.ts';
import { sum } from '../report/statistics.ts';
import { processorSeconds } from '../servers/processor.ts';
import type { Benchmark, Run } from './benchmark.ts';

/** 15 minutes as 2 s; half as long and twice as long are rare; 2 % are cut off once. The host boots in a tenth. */
const HARDWARE = { median: 2_000, sigma: 0.25, failEvery: 50, reboot: 200 };
const LIMITS = [50, 500];
const GOAL = 1.3;
/** On the way of a DPU that fails never; the second try of the others costs more. */
const GOAL_WRITES = 16;
const PATIENCE_SECONDS = 900;
const API_SERVERS = 'both API servers';
const AGENTS = 'agents and bench';

export const provision: Benchmark = {
  name: 'provision',
  story: 'BM3: N DPUs of one set to Ready, installs of 2 s (median, lognormal), at most 50 and 500 at a time, 2 % cut off once',
  size: 1_000,
  tiny: 6,
  async run(run) {
    const result: Result = { benchmark: 'provision', on: run.servers.name, figures: [], notes: [], counts: {} };
    const fast = run.size < LIMITS[0]!;
    for (const limit of fast ? [2] : LIMITS) await underLimit(run, limit, fast, result);
    return result;
  },
};

async function underLimit({ servers, size, say }: Run, limit: number, fast: boolean, result: Result): Promise<void> {
  say(`${size} hosts with a light agent each, at most ${limit} installs at a time`);
  const hardware = drawHardware(size, fast ? { ...HARDWARE, median: 100, failEvery: 5 } : HARDWARE);
  const fleet = await startLightFleet({
    servers,
    hosts: size,
    durations: (host) => hardware[host]!,
    dpuController: { MAX_PARALLEL_INSTALLS: String(limit) },
  });
  try {
    const ceiling = await writeCeiling(fleet.host, fast ? 50 : 3_000);
    const from = await auditLength(fleet.host.auditLog);
    const before = await processors(fleet);
    say('the set is applied');
    const makespan = await fleet.provision(PATIENCE_SECONDS);
    say(`all Ready after ${shown(makespan)} s`);
    const after = await processors(fleet);
    const audit = await readAudit(fleet.host.auditLog, from);
    const writes = audit.filter(isRoad).length;
    const perDpu = sum(writesPerDpu(audit, size).values());

    const times = hardware.map(({ installs, reboot }) => (sum(installs) + reboot) / 1000);
    const longest = Math.max(...times);
    const inSlots = sum(hardware.map(({ installs }) => sum(installs) / 1000)) / limit;
    const bound = Math.max(longest, inSlots, writes / ceiling);
    const boundIs = bound === longest ? 'the slowest DPU' : bound === inSlots ? `Σt/${limit}` : 'writes/ceiling';
    const spent = Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - before[name]!]));
    // What is not the product runs on the same processors: however little the controllers took, it would not be done before.
    const surroundings = (spent[API_SERVERS]! + spent[AGENTS]!) / availableParallelism();
    const under = `P=${limit}`;
    result.figures.push(
      {
        what: `makespan, ${under}`,
        measured: `${shown(makespan)} s`,
        beside: `${shown(bound)} s (${boundIs})`,
        ratio: makespan / bound,
        goal: atMost(makespan / bound, GOAL, ''),
      },
      {
        what: `makespan, ${under}, beside what API servers and agents take of ${availableParallelism()} processors`,
        measured: `${shown(makespan)} s`,
        beside: `${shown(surroundings)} s`,
        ratio: makespan / Math.max(bound, surroundings),
      },
      {
        what: `host-API writes per Dpu, ${under}`,
        measured: shown(perDpu),
        goal: atMost(perDpu, GOAL_WRITES, ''),
      },
      ...Object.entries(spent).map(([name, seconds]): Figure => ({
        what: `processor time per Dpu of ${name}, ${under}`,
        measured: `${shown((1000 * seconds) / size)} ms`,
      })),
    );
    result.notes.push(
      `${under}: slowest DPU ${shown(longest)} s, Σt/P ${shown(inSlots)} s, ${writes} writes at ${shown(ceiling)}/s ${shown(writes / ceiling)} s; ${sum(fleet.agents.map(({ repeated }) => repeated))} calls of agents were repeated`,
    );
    Object.assign(result.counts, { dpus: fleet.dpus.all.length, writes, installs: sum(fleet.agents.map(({ installs }) => installs)) });
  } finally {
    await fleet.stop();
  }
}

/** What the controllers have to write so that the DPUs become Ready; Events are not waited for. */
const isRoad = (event: AuditEvent): boolean =>
  isAcceptedWrite(event) && /^(dpu|dpuset)-controller\//.test(event.userAgent ?? '') && event.objectRef?.resource !== 'events';

const processors = async ({ host, tenant, services: { byName } }: LightFleet): Promise<Record<string, number>> => ({
  'dpu-controller': processorSeconds(byName['dpu-controller'].pid),
  'dpuset-controller': processorSeconds(byName['dpuset-controller'].pid),
  [API_SERVERS]: sum(await Promise.all([host, tenant].map((server) => server.cpuSeconds()))),
  [AGENTS]: (({ user, system }) => (user + system) / 1e6)(process.cpuUsage()),
});
