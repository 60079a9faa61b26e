/** A large fleet at rest without provisioning it: clones of one Dpu that really became Ready, and of its host's Node. */
import { KINDS, NODE_ANNOTATIONS, type Bfb, type Dpu, type DPUFlavor, type Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { NAMESPACE, TENANT } from '../../../e2e/fleet/control-plane.ts';
import { EMBEDDED_SERVERS, type Server, type ServerProvider } from '../servers/servers.ts';
import { startLightFleet } from './fleet.ts';
import { inLanes } from './parallel.ts';

/** One host at rest, and what its Dpu refers to. */
export interface Pattern {
  dpu: Dpu;
  node: Node;
  bfb: Bfb;
  flavor: DPUFlavor;
}

const LANES = 16;
const PATIENCE_SECONDS = 120;

/** Provisions one DPU that joins no cluster, on the embedded API server. */
export async function provisionPattern(): Promise<Pattern> {
  const fleet = await startLightFleet({
    servers: EMBEDDED_SERVERS,
    hosts: 1,
    durations: () => ({ installs: [0], reboot: 0 }),
    joins: false,
  });
  try {
    await fleet.provision(PATIENCE_SECONDS);
    const { cluster } = fleet.host;
    const name = fleet.dpus.all[0]?.metadata.name ?? '';
    const nodes = cluster.resource<Node>(CORE.Node);
    // Its node effect goes after it is Ready.
    let node = await nodes.get({ name: 'worker-1' });
    for (let looks = 0; node?.metadata.annotations?.[NODE_ANNOTATIONS.holders] !== undefined; looks++) {
      if (looks > PATIENCE_SECONDS * 10) throw new Error('the node effect of the pattern does not go');
      await new Promise((resolve) => setTimeout(resolve, 100));
      node = await nodes.get({ name: 'worker-1' });
    }
    const [dpu, bfbs, flavors] = await Promise.all([
      cluster.resource<Dpu>(KINDS.Dpu).get({ namespace: NAMESPACE, name }),
      cluster.resource<Bfb>(KINDS.Bfb).list({ namespace: NAMESPACE }),
      cluster.resource<DPUFlavor>(KINDS.DPUFlavor).list({ namespace: NAMESPACE }),
    ]);
    return { dpu: dpu as Dpu, node: node as Node, bfb: bfbs.items[0] as Bfb, flavor: flavors.items[0] as DPUFlavor };
  } finally {
    await fleet.stop();
  }
}

/** Namespaces and accounts as after an installation, and what the pattern refers to. */
export async function installed(servers: ServerProvider, folder: string, { bfb, flavor }: Pattern): Promise<Server> {
  const host = await servers.start(folder, 'host');
  const { cluster } = host;
  for (const name of [NAMESPACE, TENANT.namespace]) await cluster.resource(CORE.Namespace).create({ metadata: { name } });
  await servers.grantAccess(host);
  const { status } = bfb;
  const bfbs = cluster.resource<Bfb>(KINDS.Bfb);
  await bfbs.create(asNew(bfb));
  await bfbs.patchStatus({ namespace: NAMESPACE, name: bfb.metadata.name }, { status });
  await cluster.resource<DPUFlavor>(KINDS.DPUFlavor).create(asNew(flavor));
  return host;
}

/** Makes `count` hosts like the pattern's, each with its Dpu. */
export async function makeClones({ cluster }: Server, pattern: Pattern, count: number): Promise<void> {
  const dpus = cluster.resource<Dpu>(KINDS.Dpu);
  await inLanes(Array.from({ length: count }), LANES, async (_, i) => {
    const host = `clone-${i + 1}`;
    const named = <T>(object: T, uid: string): T =>
      JSON.parse(
        JSON.stringify(object)
          .replaceAll('worker-1', host)
          .replaceAll(pattern.dpu.metadata.uid as string, uid),
      ) as T;
    const { status, ...made } = named(pattern.dpu, 'none');
    const created = await dpus.create(asNew(made));
    const { namespace, name, uid = '', generation } = created.metadata;
    const { status: of } = named(pattern.dpu, uid);
    const conditions = of?.conditions?.map((condition) => ({ ...condition, observedGeneration: generation }));
    await dpus.patchStatus(
      { namespace, name },
      { status: { ...status, ...of, conditions, observedGeneration: generation, attempt: { ...of?.attempt, generation } } },
    );
    await cluster.resource<Node>(CORE.Node).create(asNew(named(pattern.node, uid)));
  });
}

/** What a server fills in is left out. Owners would have to exist. */
function asNew<T extends { apiVersion?: string; kind?: string; metadata: Dpu['metadata'] }>(object: T): T {
  const { name, namespace, labels, annotations, finalizers } = object.metadata;
  const { status: _, ...rest } = object as T & { status?: unknown };
  return { ...rest, metadata: { name, namespace, labels, annotations, finalizers } } as unknown as T;
}
