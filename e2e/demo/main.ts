/** `npm run demo`: the founding document's objects, unchanged, to Ready DPUs on this machine. Exit 0 when all are Ready. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KINDS, type Dpu } from '@dpf/api';
import { parseAllDocuments } from 'yaml';
import { forbidden, readAudit } from '../fleet/audit.ts';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { providerOf } from '../fleet/control-planes.ts';
import { startFleet, type Fleet } from '../fleet/fleet.ts';
import { FOUNDING_DOCUMENT } from '../fleet/workspace.ts';
import { FAULTS } from './faults.ts';
import { readOptions, type DemoOptions } from './options.ts';
import { createView, type View } from './view.ts';

/** The set of the founding document asks for a flavor `hbn` that does not exist; the demo makes it so many milliseconds after all DPUs have said so. */
const FLAVOR_DELAY_MS = 2000;
const REDRAW_MS = 200;

const options = readOptions(process.argv.slice(2));
const view = createView(process.stdout, Date.now);
let fleet: Fleet | undefined;
const interrupted = new AbortController();
// Heard several times: from the terminal, from npm and from hack/run.mjs. The first one counts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)));

try {
  const faults = options.fault !== undefined && FAULTS[options.fault]?.ofApi === true;
  const controlPlane = await providerOf(options.controlPlane, (line) => view.say(line), { faults });
  fleet = await startFleet({ hosts: options.hosts, speed: options.speed, controlPlane, onStep: (step) => view.say(`starting ${step}`) });
  await provision(fleet, options, view, interrupted.signal);
  view.end();
  await printTables(fleet);
  if ((await refusals(fleet)).length > 0) throw new Error('a service asked for what its role does not grant');
  if (options.hold) await hold(fleet, interrupted.signal);
} catch (error) {
  view.end();
  const wanted = interrupted.signal.aborted;
  console.error(wanted ? `\n${(interrupted.signal.reason as Error).message}` : `\ndemo failed: ${(error as Error).message}`);
  if (!wanted && fleet) {
    for (const refused of await refusals(fleet)) console.error(`refused: ${refused}`);
    console.error(`The logs are in ${fleet.folder}/logs`);
  }
  process.exitCode = wanted ? 130 : 1;
} finally {
  await fleet?.stop({ keep: options.keep || process.exitCode === 1 });
}
process.exit();

/** Applies the objects and waits until every DPU is Ready. */
async function provision(system: Fleet, { fault, hosts, timeout }: DemoOptions, show: View, signal: AbortSignal): Promise<void> {
  if (fault) {
    show.say(`fault: ${FAULTS[fault]?.story}`);
    await FAULTS[fault]?.arm(system);
  }
  const dpus = system.host.cluster.reflect<Dpu>(KINDS.Dpu, { namespace: NAMESPACE });
  dpus.start();
  try {
    await dpus.synced(signal);
    show.say('applying the three objects of the founding document, unchanged');
    await system.kubectl('apply', '-f', FOUNDING_DOCUMENT);
    const began = Date.now();
    let flavor: Promise<unknown> | undefined;
    let saidSo = 0;
    while (true) {
      const all = dpus.store.list();
      show.show(all);
      if (all.length === hosts + 1 && all.every((dpu) => dpu.status?.phase === 'Ready')) break;
      if (Date.now() - began > timeout * 1000) throw new Error(`not all DPUs are Ready after ${timeout} s`);
      if (all.length === hosts + 1 && all.every((dpu) => dpu.status?.waitingFor?.includes('hbn'))) saidSo ||= Date.now();
      if (!flavor && saidSo > 0 && Date.now() - saidSo > FLAVOR_DELAY_MS) {
        show.say('creating the flavor `hbn` that the set asks for');
        flavor = createFlavor(system);
      }
      await delay(REDRAW_MS, undefined, { signal });
    }
    await flavor;
    show.say(`all ${hosts + 1} DPUs are Ready, ${((Date.now() - began) / 1000).toFixed(1)} s after they were asked for`);
  } finally {
    await dpus.stop();
  }
}

/** The example flavor of the founding document, under the name that its set refers to. */
async function createFlavor({ host }: Fleet): Promise<void> {
  const documents = parseAllDocuments(readFileSync(FOUNDING_DOCUMENT, 'utf8')).map((document) => document.toJS());
  const example = documents.find((object) => object?.kind === 'DPUFlavor');
  await host.cluster.resource(KINDS.DPUFlavor).create({ ...example, metadata: { name: 'hbn', namespace: NAMESPACE } });
}

/** What services asked for and their roles do not grant, as sentences. */
async function refusals({ host: { auditLog } }: Fleet): Promise<string[]> {
  return auditLog === undefined ? [] : forbidden(await readAudit(auditLog));
}

async function printTables({ kubectl }: Fleet): Promise<void> {
  // A set hears of its last Dpu a moment after that Dpu is Ready.
  await kubectl('wait', '--for=condition=Ready', 'dpuset', '--all', '-n', NAMESPACE, '--timeout=60s');
  for (const kind of ['bfb', 'dpuset', 'dpu'])
    console.log(`\n$ kubectl get ${kind} -n ${NAMESPACE}\n${await kubectl('get', kind, '-n', NAMESPACE)}`);
  console.log();
}

async function hold({ host, folder }: Fleet, signal: AbortSignal): Promise<void> {
  console.log(
    `Everything keeps running until Ctrl+C. Use it with:\n\n  export KUBECONFIG=${host.kubeconfig}\n  kubectl get dpu -n ${NAMESPACE} -w\n\nLogs: ${folder}/logs`,
  );
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
