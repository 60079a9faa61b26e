/** helm uninstall when nobody is left who could clean up. */
import { TENANT, NAMESPACE } from '../fleet/control-plane.ts';
import { DpuWatching } from '../fleet/watching.ts';
import { DPUS_PER_NODE, discovered, install, type Installation } from './installation.ts';
import { applyExample, must } from './provision.ts';
import { marksLeft, mustBeGone } from './remains.ts';

const DEADLINE_SECONDS = 45;
/** For the Pods of the two hooks, and for the release's own Pods to end. */
const MORE_SECONDS = 90;
const READY_SECONDS = 300;

export async function abandoned(installation: Installation): Promise<void> {
  const { report, cluster, kubectl, helm, nodes, place } = installation;
  const count = nodes.length * DPUS_PER_NODE;
  await report.step(`helm install again, to ${count} DPUs Ready`, async () => {
    await install(installation, '--set', `uninstall.deadlineSeconds=${DEADLINE_SECONDS}`);
    await discovered(installation, 120);
    const dpus = await DpuWatching.start(cluster);
    try {
      await applyExample(installation);
      await dpus.allReady(count, READY_SECONDS);
    } finally {
      await dpus.stop();
    }
  });
  let said = '';
  await report.step('helm uninstall without dpu-controller ends', async () => {
    await kubectl('-n', NAMESPACE, 'delete', 'deployment', `${place.release}-dpu-controller`);
    const began = performance.now();
    const { stdout, stderr } = await helm('uninstall', place.release, '--wait', '--timeout', '290s');
    said = stdout + stderr;
    const seconds = (performance.now() - began) / 1000;
    if (seconds > DEADLINE_SECONDS + MORE_SECONDS) throw new Error(`it took ${seconds.toFixed(0)} s`);
  });
  await report.step('it says what is left, host by host', async () => {
    must(nodes.filter((node) => !said.includes(`left on host ${node}: `)).map((node) => `nothing is said of host ${node}`));
    const marks = await marksLeft(installation);
    must(
      marks
        .filter(
          ({ node, what }) => !said.split('\n').some((line) => line.includes(node) && line.includes(what.split('/').at(-1) as string)),
        )
        .map(({ node, what }) => `not named: ${what} on Node ${node}`),
    );
    for (const { node, what } of marks) await kubectl('annotate', 'node', node, `${what}-`);
  });
  await report.step('once those are removed by hand nothing is left', () => mustBeGone(installation, TENANT.namespace));
}
