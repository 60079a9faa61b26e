/** `npm run e2e -- --kubeconfig FILE`: the chart in simulator mode on a real cluster. The last line is `e2e: N passed, N failed`. */
import { KINDS, type Dpu, type Pod } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { connectTo, uninstall, type Installation } from './installation.ts';
import { readOptions } from './options.ts';
import { Report } from './report.ts';
import { STORIES, type Story } from './stories.ts';

const options = readOptions(process.argv.slice(2));
const report = new Report();
const installation = await connectTo(options, report);
try {
  for (const name of options.stories) await tell(STORIES[name], installation);
} catch (error) {
  process.exitCode = 1;
  report.say((error as Error).message);
  await explain(installation).catch(() => undefined);
} finally {
  if (!options.keep && process.exitCode === 1) await uninstall(installation, '--ignore-not-found').catch(() => undefined);
  await installation.close();
}
report.end();
// What a failed story still waits for is of no interest.
process.exit();

async function tell({ tell, reboots }: Story, { commands, ...others }: Installation): Promise<void> {
  if (!reboots || !commands) return tell(others);
  const over = new AbortController();
  const rebooting = others.hosts.rebootOnDemand(commands, (text) => report.say(`  ${text}`), over.signal);
  try {
    await tell({ ...others, commands });
  } finally {
    over.abort();
    await rebooting;
  }
}

/** What a person looks at first: the hosts that do not come along, what their agents and hardware said last, the objects. */
async function explain({ kubectl, cluster, hosts }: Installation): Promise<void> {
  const inNamespace = (...argv: string[]) => kubectl('-n', NAMESPACE, ...argv).catch((error: Error) => error.message);
  const dpus = (await cluster.resource<Dpu>(KINDS.Dpu).list()).items;
  const waiting = new Set(dpus.filter(({ status }) => status?.phase !== 'Ready').map(({ spec }) => spec.nodeName));
  const pods = (await cluster.resource<Pod>(CORE.Pod).list({ namespace: NAMESPACE })).items;
  for (const { metadata, spec } of pods.filter(({ spec }) => waiting.has(spec?.nodeName ?? '')))
    report.say(`${spec?.nodeName}: ${metadata.name}:\n${await inNamespace('logs', '--all-containers', '--tail=12', metadata.name)}`);
  report.say(`hosts: ${JSON.stringify(await hosts.states())}, rebooted: ${JSON.stringify([...hosts.reboots])}`);
  for (const what of ['nodes', 'pods', 'dpus']) process.stdout.write(`${await inNamespace('get', what, '-o', 'wide')}\n\n`);
}
