/** BM2: what a Dpu costs at the API when hardware takes no time, alone and among many. */
import { auditLength, readAudit, writesPerDpu } from '../../../e2e/fleet/audit.ts';
import { startLightFleet } from '../light/fleet.ts';
import { atMost, shown, type Result } from '../report/result.ts';
import { sum } from '../report/statistics.ts';
import type { RequestCount } from '../servers/servers.ts';
import type { Benchmark, Run } from './benchmark.ts';

/** Host-API writes, from creation to Ready. */
const GOAL_WRITES = 16;
const GOAL_CONFLICTS = 0.01;
/** The Secret with the kubeconfig of a tenant cluster is watched from its first use on; a watch begins with a list. */
const TENANT_LISTS = 1;
const PATIENCE_SECONDS = 900;

export const instant: Benchmark = {
  name: 'instant',
  story: 'BM2: 1 and N DPUs from creation to Ready on hardware that takes no time: writes, lists and conflicts per Dpu',
  size: 1_000,
  tiny: 3,
  async run(run) {
    const result: Result = { benchmark: 'instant', on: run.servers.name, figures: [], notes: [], counts: {} };
    for (const hosts of [1, run.size]) await among(hosts, run, result);
    return result;
  },
};

async function among(hosts: number, { servers, say }: Run, result: Result): Promise<void> {
  say(`${hosts} hosts with a light agent each`);
  const fleet = await startLightFleet({ servers, hosts, durations: () => ({ installs: [0], reboot: 0 }) });
  try {
    const from = await auditLength(fleet.host.auditLog);
    const before = await fleet.host.requests();
    const measured = await fleet.metrics();
    const seconds = await fleet.provision(PATIENCE_SECONDS);
    const asked = since(before, await fleet.host.requests());
    const refused =
      sum((await fleet.metrics()).filter(({ code }) => code === '409').map(({ count }) => count)) -
      sum(measured.filter(({ code }) => code === '409').map(({ count }) => count));
    // What the image costs is no Dpu's.
    const audit = (await readAudit(fleet.host.auditLog, from)).filter(({ userAgent = '' }) => !userAgent.startsWith('bfb-downloader'));
    const writes = hosts * sum(writesPerDpu(audit, hosts).values());
    const listsOf = (service: string) =>
      sum(asked.filter(({ verb, userAgent }) => verb === 'list' && userAgent.startsWith(service)).map(({ count }) => count));
    const gets = sum(
      asked.filter(({ verb, userAgent }) => verb === 'get' && /^(dpu|dpuset)-controller\//.test(userAgent)).map(({ count }) => count),
    );
    const among = `among ${hosts}`;
    result.figures.push(
      { what: `writes per Dpu ${among}`, measured: shown(writes / hosts), goal: atMost(writes / hosts, GOAL_WRITES, '') },
      { what: `GETs per Dpu ${among}`, measured: shown(gets / hosts) },
      {
        what: `lists of dpu-controller ${among}`,
        measured: String(listsOf('dpu-controller')),
        goal: atMost(listsOf('dpu-controller'), TENANT_LISTS, ''),
      },
      { what: `lists of dpuset-controller ${among}`, measured: String(listsOf('dpuset-controller')) },
      {
        what: `409s per write ${among}`,
        measured: `${shown((100 * refused) / writes)} %`,
        goal: atMost((100 * refused) / writes, 100 * GOAL_CONFLICTS, ' %'),
      },
      { what: `seconds ${among}`, measured: `${shown(seconds)} s` },
    );
    Object.assign(result.counts, { [`dpus ${among}`]: fleet.dpus.all.length, [`writes ${among}`]: writes });
  } finally {
    await fleet.stop();
  }
}

/** What was asked since, by kind and client. */
export function since(before: readonly RequestCount[], after: readonly RequestCount[]): RequestCount[] {
  const keyOf = ({ verb, resource, userAgent }: RequestCount) => `${verb} ${resource} ${userAgent}`;
  const counts = new Map<string, RequestCount>();
  const add = (request: RequestCount, sign: 1 | -1) => {
    const known = counts.get(keyOf(request)) ?? { ...request, count: 0 };
    counts.set(keyOf(request), { ...known, count: known.count + sign * request.count });
  };
  for (const request of after) add(request, 1);
  for (const request of before) add(request, -1);
  return [...counts.values()].filter(({ count }) => count > 0);
}
