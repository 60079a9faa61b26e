/** helm uninstall when nobody is left who could clean up. */
import { CORE } from '@dpf/kube';
import { NODE_ANNOTATIONS, type AgentRecord, type Node } from '@dpf/api';
import { TENANT, NAMESPACE } from '../fleet/control-plane.ts';
import { DpuWatching, Watching } from '../fleet/watching.ts';
import { DPUS_PER_NODE, discovered, install, uninstall, type Installation } from './installation.ts';
import { applyExample, must } from './provision.ts';
import { marksLeft, mustBeGone } from './remains.ts';

const DEADLINE_SECONDS = 45;
/** For the Pods of the two hooks, and for the release's own Pods to end. */
const MORE_SECONDS = 90;
const READY_SECONDS = 300;
const UNDO_SECONDS = 120;

export async function abandoned(installation: Installation): Promise<void> {
  const { report, cluster, kubectl, nodes, place } = installation;
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
    const { stdout, stderr } = await uninstall(installation);
    said = stdout + stderr;
    const seconds = (performance.now() - began) / 1000;
    if (seconds > DEADLINE_SECONDS + MORE_SECONDS) throw new Error(`it took ${seconds.toFixed(0)} s`);
  });
  await report.step('it says what is left, host by host', async () => {
    const lines = (node: string) => [`left on host ${node}: of Dpu `, `left on host ${node}: /var/lib/dpf-provisioning: it tells of `];
    must(nodes.flatMap(lines).flatMap((line) => (said.includes(line) ? [] : [`it does not say: ${line}`])));
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
  await report.step('agents that are installed again undo what is left on their hosts', async () => {
    await install(installation);
    await nothingHeld(installation);
  });
  await report.step('after helm uninstall nothing is left', async () => {
    await uninstall(installation);
    await mustBeGone(installation, TENANT.namespace);
  });
}

/** Every agent has announced that it holds nothing of any Dpu. */
async function nothingHeld({ cluster, nodes }: Installation): Promise<void> {
  const watching = await Watching.start<Node>(cluster, CORE.Node);
  const holdsNothing = ({ metadata }: Node) => {
    const record = metadata.annotations?.[NODE_ANNOTATIONS.agent];
    return record !== undefined && (JSON.parse(record) as AgentRecord).holds.length === 0;
  };
  try {
    await watching.until('no agent holds anything', (all) => all.filter(holdsNothing).length === nodes.length, UNDO_SECONDS);
  } finally {
    await watching.stop();
  }
}
