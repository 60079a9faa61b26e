/** What a DPU costs at the API from creation to Ready, and what a fleet at rest does, on simulated hosts and cards with the real agents. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KINDS, type Dpu } from '@dpf/api';
import { readAudit, writesPerDpu } from '../../../e2e/fleet/audit.ts';
import { NAMESPACE } from '../../../e2e/fleet/control-plane.ts';
import { startFleet, type Fleet } from '../../../e2e/fleet/fleet.ts';
import { describeDpu, isReady, Watching } from '../../../e2e/fleet/watching.ts';
import { applyExample } from '../../../e2e/stories/example.ts';
import { atMost, shown, type Figure, type Result } from '../report/result.ts';
import { sum } from '../report/statistics.ts';
import { requestsIn, type RequestCount, type Server } from '../servers/servers.ts';
import { since } from './instant.ts';
import type { Benchmark } from './benchmark.ts';

const GOAL_WRITES = 16;
const SPEED = 60;
const PATIENCE_SECONDS = 600;
const SETTLE_MS = 5_000;
/** How long a fleet at rest is watched: a minute, and less in a small one, which only shows that it runs. */
const idleSeconds = (size: number) => (size < 4 ? 10 : 60);
const SERVICES = ['dpu-controller', 'dpuset-controller', 'bfb-downloader'];

export const cost: Benchmark = {
  name: 'cost',
  story: 'N simulated hosts (N + 1 DPUs): requests and writes per Dpu from creation to Ready, and of the fleet at rest for a minute',
  size: 4,
  tiny: 1,
  async run({ servers, size, say }) {
    const fleet = await startFleet({ hosts: size, speed: SPEED, controlPlane: servers.whole, logLevel: 'warn', onStep: say });
    try {
      const dpus = await Watching.start<Dpu>(fleet.host.cluster, KINDS.Dpu, NAMESPACE);
      try {
        const before = await requestsOf(fleet);
        say('the set is applied');
        await applyExample(fleet);
        const count = size + 1;
        await dpus.until(`${count} DPUs Ready`, (all) => all.length === count && all.every(isReady), PATIENCE_SECONDS, describeDpu);
        await sleep(SETTLE_MS);
        const atRest = await requestsOf(fleet);
        const seconds = idleSeconds(size);
        say(`at rest for ${seconds} s`);
        await sleep(1000 * seconds);
        return await told(servers.name, fleet, count, since(before, atRest), since(atRest, await requestsOf(fleet)), seconds);
      } finally {
        await dpus.stop();
      }
    } finally {
      await fleet.stop();
    }
  },
};

async function told(
  on: string,
  { host }: Fleet,
  count: number,
  road: RequestCount[],
  rest: RequestCount[],
  seconds: number,
): Promise<Result> {
  const writes = writesPerDpu(await readAudit(host.auditLog as string), count);
  const total = sum(writes.values());
  const asked = (requests: RequestCount[], service: string, verbs?: string[]) =>
    sum(
      requests
        .filter(({ userAgent, verb }) => userAgent.startsWith(service) && verb !== 'watch' && (!verbs || verbs.includes(verb)))
        .map(({ count }) => count),
    );
  const lists = sum(SERVICES.map((service) => asked(rest, service, ['list'])));
  const all = sum(SERVICES.map((service) => asked(rest, service)));
  return {
    benchmark: 'cost',
    on,
    figures: [
      { what: 'host-API writes per Dpu', measured: shown(total), goal: atMost(total, GOAL_WRITES, '') },
      ...[...writes].map(([kind, each]): Figure => ({ what: `  ${kind}`, measured: shown(each) })),
      ...SERVICES.map((service): Figure => ({ what: `requests per Dpu of ${service}`, measured: shown(asked(road, service) / count) })),
      { what: `lists of the fleet at rest in ${seconds} s`, measured: String(lists), goal: atMost(lists, 0, '') },
      { what: `requests of the fleet at rest in ${seconds} s`, measured: String(all) },
    ],
    notes: [
      `asked by dpu-controller: ${requestLine(road, 'dpu-controller')}`,
      ...(all > 0 ? [`at rest: ${SERVICES.map((service) => requestLine(rest, service)).join(', ')}`] : []),
    ],
    counts: { dpus: count, lists },
  };
}

const requestLine = (requests: RequestCount[], service: string): string =>
  requests
    .filter(({ userAgent }) => userAgent.startsWith(service))
    .sort((a, b) => b.count - a.count)
    .map(({ verb, resource, count }) => `${verb} ${resource} ${count}`)
    .join(', ');

/** The embedded server counts, a real one has all of them in its audit log. */
async function requestsOf({ host }: Fleet): Promise<RequestCount[]> {
  const counted = host as Partial<Server>;
  return counted.requests ? counted.requests() : requestsIn(host.auditLog as string);
}
