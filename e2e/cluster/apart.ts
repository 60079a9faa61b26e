/** Two releases in two namespaces, each with hosts of its own. */
import { GROUP, KINDS, type Dpu, type DpuSet } from '@dpf/api';
import { setTimeout as delay } from 'node:timers/promises';
import { TENANT } from '../fleet/control-plane.ts';
import { auditLength, readAudit, type AuditEvent } from '../fleet/audit.ts';
import { judgeFlashes } from '../fleet/judge.ts';
import { describeDpu, isReady, Watching } from '../fleet/watching.ts';
import { example } from '../stories/example.ts';
import { connectTo, DPUS_PER_NODE, install, RELEASE, uninstall, type Installation } from './installation.ts';
import { applyObjects, must } from './provision.ts';
import { mustBeGone } from './remains.ts';

const LABEL = 'dpf-e2e-release';
const READY_SECONDS = 300;
const CONFLICT_SECONDS = 60;
/** How long the cards of the other release are watched. */
const IDLE_MS = 20_000;

interface Side {
  installation: Installation;
  tenantNamespace: string;
  values: string[];
}

export async function apart(whole: Installation): Promise<void> {
  const { report, nodes, options, kubectl } = whole;
  if (nodes.length < 2) return report.say('  one node only: two releases are not told of');
  const began = new Date();
  const lines = options.auditLog === undefined ? 0 : await auditLength(options.auditLog);
  const { commands: _, ...green } = await connectTo(options, report, { release: 'green', namespace: 'dpf-green' });
  const sides: [Side, Side] = [
    { installation: { ...whole, nodes: nodes.slice(0, -1) }, tenantNamespace: TENANT.namespace, values: [] },
    { installation: { ...green, nodes: nodes.slice(-1) }, tenantNamespace: 'tenant-green-ns', values: ['crds.install=false'] },
  ];
  try {
    for (const side of sides) await toReady(side);
    const [first, second] = sides;
    await report.step("a set of one release that selects the other's hosts changes nothing there", () => reachOver(second, first));
    await report.step('every card was flashed once', async () => {
      for (const { installation } of sides)
        must(judgeFlashes(await installation.hosts.journal(began), installation.nodes.length * DPUS_PER_NODE));
    });
    for (const { installation, tenantNamespace } of [second, first]) {
      const { release } = installation.place;
      await report.step(`helm uninstall of ${release}, nothing of it is left`, async () => {
        await uninstall(installation);
        await mustBeGone(installation, tenantNamespace);
      });
      if (installation.place === second.installation.place)
        await report.step(`the DPUs of ${RELEASE} are Ready as before`, async () => must((await notReady(first)).map(describeDpu)));
    }
    const { auditLog } = options;
    if (auditLog !== undefined)
      await report.step('neither asked for an object of the other', async () =>
        must(
          foreign(
            await readAudit(auditLog, lines),
            sides.map(({ installation }) => installation.place.namespace),
          ),
        ),
      );
  } finally {
    for (const node of nodes) await kubectl('label', 'node', node, `${LABEL}-`);
    await kubectl('delete', 'namespace', green.place.namespace, '--ignore-not-found', '--wait=false');
    await green.close();
  }
}

async function toReady({ installation, tenantNamespace, values }: Side): Promise<void> {
  const { report, kubectl, nodes, place } = installation;
  const count = nodes.length * DPUS_PER_NODE;
  await report.step(`helm install ${place.release} in ${place.namespace}, to ${count} DPUs Ready`, async () => {
    for (const node of nodes) await kubectl('label', 'node', node, `${LABEL}=${place.release}`, '--overwrite');
    const own = [`dmsAgent.nodeSelector.${LABEL}=${place.release}`, `simulator.tenant.namespace=${tenantNamespace}`];
    await install(installation, '--set', [...own, ...values].join(','));
    await applyObjects(kubectl, ...objectsOf(place.namespace, tenantNamespace, place.release));
    await within(installation, `${count} DPUs Ready`, (dpus) => dpus.length === count && dpus.every(isReady));
  });
}

/** The founding document's objects in another namespace; their set selects the hosts of a release. */
function objectsOf(namespace: string, tenantNamespace: string, hostsOf: string, name = example().set.metadata.name): object[] {
  const { bfb, flavor, set } = structuredClone(example());
  for (const { metadata } of [bfb, flavor, set]) metadata.namespace = namespace;
  set.metadata.name = name;
  set.spec.nodeSelector.matchLabels = { ...set.spec.nodeSelector.matchLabels, [LABEL]: hostsOf };
  const { cluster } = set.spec.dpuTemplate.spec;
  if (cluster) cluster.namespace = tenantNamespace;
  return [bfb, flavor, set];
}

/** A set that wants cards which the other release works says so, makes no Dpu of them, and nothing happens to them. */
async function reachOver(from: Side, to: Side): Promise<void> {
  const { installation, tenantNamespace } = from;
  const { place, kubectl, cluster, nodes } = installation;
  const name = 'reaching-over';
  await applyObjects(kubectl, ...objectsOf(place.namespace, tenantNamespace, to.installation.place.release, name));
  const sets = await Watching.start<DpuSet>(cluster, KINDS.DpuSet, place.namespace);
  const isTold = ({ metadata, status }: DpuSet) =>
    metadata.name === name && status?.conditions?.some(({ type, reason }) => type === 'Conflict' && reason === 'CardTaken');
  try {
    await sets.until('the set says that another one has its cards', (all) => all.some(isTold), CONFLICT_SECONDS);
  } finally {
    await sets.stop();
  }
  await delay(IDLE_MS);
  const { items } = await cluster.resource<Dpu>(KINDS.Dpu).list({ namespace: place.namespace });
  must(items.filter(({ spec }) => !nodes.includes(spec.nodeName)).map(describeDpu));
  must((await notReady(to)).map(describeDpu));
}

async function within({ cluster, place }: Installation, what: string, is: (dpus: Dpu[]) => boolean): Promise<void> {
  const dpus = await Watching.start<Dpu>(cluster, KINDS.Dpu, place.namespace);
  try {
    await dpus.until(what, is, READY_SECONDS, describeDpu);
  } finally {
    await dpus.stop();
  }
}

const notReady = async ({ installation: { cluster, place } }: Side): Promise<Dpu[]> =>
  (await cluster.resource<Dpu>(KINDS.Dpu).list({ namespace: place.namespace })).items.filter((dpu) => !isReady(dpu));

/** Requests of a service account of one of these namespaces for objects of ours in another one. */
function foreign(events: readonly AuditEvent[], namespaces: readonly string[]): string[] {
  const asked = events.flatMap(({ user, verb, objectRef }) => {
    const [, kind, namespace = ''] = user.username.split(':');
    if (kind !== 'serviceaccount' || !namespaces.includes(namespace) || objectRef?.apiGroup !== GROUP) return [];
    if (objectRef.namespace === namespace) return [];
    return [`${user.username}: ${verb} ${objectRef.resource} in ${objectRef.namespace ?? 'all namespaces'}`];
  });
  return [...new Set(asked)];
}
