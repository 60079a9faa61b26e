/** observe: the only reads of a decision. From the stores where they do, live where they must; nothing that the phase does not need. */
import type { Bfb, Dpu, DPUFlavor, Node, Phase, Report } from '@dpf/api';
import { hostFacts } from './host/records.ts';
import { capsOf } from './caps.ts';
import { hashOf, previewBfcfg, readValues } from './flavor-inputs.ts';
import { at, clustersOf, hasFinalizer, isBeingDeleted, isClaimed, isSameCluster, phaseOf } from './lifecycle/facts.ts';
import type { BfbFacts, FlavorFacts, FormerCluster, Observed, Seen, Sibling, TenantFacts } from './lifecycle/observed.ts';
import { placeOf } from './place.ts';
import { isKnown, type World } from './world.ts';

export interface Observation {
  observed: Observed;
  /** The host Node that the facts are of: what is written on it is written on this version. */
  node: Node | undefined;
}

export interface ObserveOptions {
  /** Reads the Node from the API server (a write on the stored one met a conflict, or an answer to an agent rests on it). */
  fresh?: boolean;
  /** The Node as it was just read. */
  node?: Node;
  report?: Report;
  /** Reads all that the parameters of the phase's operation are made of, whatever its state. */
  forClaim?: boolean;
  signal?: AbortSignal;
}

type Need = 'flavor' | 'hash' | 'bfb' | 'bfcfg' | 'tenant' | 'caps';
/** What the phase, and those that the same facts may lead on to, ask for. */
const NEEDS: Record<Phase, readonly Need[]> = {
  Initializing: ['flavor', 'hash', 'bfb', 'bfcfg', 'tenant', 'caps'],
  Pending: ['flavor', 'hash', 'bfb', 'bfcfg', 'tenant', 'caps'],
  NodeEffect: ['flavor', 'hash', 'bfb', 'tenant'],
  OSInstalling: ['flavor', 'hash', 'bfb', 'tenant'],
  Rebooting: ['flavor'],
  HostNetworkConfiguration: ['flavor', 'tenant'],
  DPUClusterConfig: ['tenant'],
  Ready: ['flavor', 'hash', 'bfb', 'tenant'],
  Error: ['flavor', 'hash', 'bfb', 'tenant'],
  Deleting: ['tenant'],
};

export async function observe(world: World, dpu: Dpu, options: ObserveOptions = {}): Promise<Observation> {
  const { stores, api, clock, chance } = world;
  const { report, signal } = options;
  const { namespace = '' } = dpu.metadata;
  const name = { name: dpu.spec.nodeName };
  const node = options.node ?? (options.fresh ? await api.nodes.get(name, { signal }) : stores.nodes.get(name));
  const siblings = stores.dpus.byIndex('host', dpu.spec.nodeName).filter(({ metadata }) => metadata.uid !== dpu.metadata.uid);
  const base: Observed = {
    now: clock.now(),
    chance: chance(),
    agentSilentMs: world.settings.agentSilentSeconds * 1_000,
    dpu,
    host: node ? hostFacts(node, (uid, namespace) => uid === dpu.metadata.uid || isKnown(world, uid, namespace)) : 'absent',
    siblings: siblings.map(siblingOf),
    flavor: 'unread',
    bfb: 'unread',
    bfcfg: 'unread',
    tenant: 'unread',
    caps: {},
    ...(report ? { report } : {}),
  };
  const needs = options.forClaim ? new Set(NEEDS[phaseOf(base)]) : needsOf(base);
  const stored = needs.has('flavor') ? stores.flavors.get({ namespace, name: dpu.spec.dpuFlavor }) : undefined;
  // As long as the flavor is missing nothing else matters, and nobody is asked for anything.
  if (needs.has('flavor') && !stored && needs.has('hash'))
    return { observed: { ...base, flavor: 'absent', tenant: await tenantAtEnd() }, node };

  const [bfb, tenant, former, flavor] = await Promise.all([
    needs.has('bfb') ? readBfb(world, namespace, dpu.spec.bfb, signal) : ('unread' as const),
    needs.has('tenant') ? readTenant(world, dpu, signal) : ('unread' as const),
    needs.has('tenant') ? readFormer(world, dpu, signal) : undefined,
    needs.has('flavor') ? readFlavor(world, stored, dpu, needs, base.now, signal) : ({ flavor: 'unread', bfcfg: 'unread' } as const),
  ]);
  const caps = needs.has('caps') ? capsOf(dpu, stores, world.settings) : {};
  return { observed: { ...base, bfb, tenant, former, caps, ...flavor }, node };

  /** Past its installation a Dpu is followed in its cluster, flavor or not. */
  async function tenantAtEnd(): Promise<Seen<TenantFacts>> {
    return dpu.status?.phase === 'Ready' ? readTenant(world, dpu, signal) : 'unread';
  }
}

function needsOf(o: Observed): ReadonlySet<Need> {
  if (isBeingDeleted(o)) return new Set(['tenant']);
  // While the agent is at work on the card nothing but its word counts.
  if (isClaimed(o)) return new Set();
  const phase = phaseOf(o);
  if (phase === 'Initializing' && (o.host === 'absent' || !hasFinalizer(o))) return new Set();
  return new Set(NEEDS[phase]);
}

async function readBfb({ api }: World, namespace: string, name: string, signal?: AbortSignal): Promise<Seen<BfbFacts>> {
  const bfb = await api.bfbs.get({ namespace, name }, { signal });
  return bfb ? bfbFacts(bfb) : 'absent';
}

function bfbFacts({ status = {} }: Bfb): BfbFacts {
  const { phase = 'Initializing', sha256, size, versions, lastError } = status;
  return { phase, sha256, size, version: versions?.doca ?? versions?.bsp, message: lastError?.message };
}

async function readFlavor(
  world: World,
  stored: DPUFlavor | undefined,
  dpu: Dpu,
  needs: ReadonlySet<Need>,
  now: number,
  signal?: AbortSignal,
): Promise<Pick<Observed, 'flavor' | 'bfcfg'>> {
  if (!stored) return { flavor: 'absent', bfcfg: 'unread' };
  const { spec } = stored;
  if (!needs.has('hash')) return { flavor: { spec }, bfcfg: 'unread' };
  const values = await readValues(world, dpu.metadata.namespace ?? '', spec, signal);
  const flavor: FlavorFacts = { spec, hash: hashOf(spec, values) };
  return { flavor, bfcfg: needs.has('bfcfg') ? previewBfcfg(dpu, spec, values, now) : 'unread' };
}

async function readTenant({ tenants }: World, { spec, metadata }: Dpu, signal?: AbortSignal): Promise<Seen<TenantFacts>> {
  if (!spec.cluster) return 'absent';
  const { namespace = '', name, uid = '' } = metadata;
  return tenants.observe(spec.cluster, { namespace, name, uid }, { signal });
}

async function readFormer({ tenants }: World, dpu: Dpu, signal?: AbortSignal): Promise<FormerCluster[]> {
  const { namespace = '', name, uid = '' } = dpu.metadata;
  const others = clustersOf(dpu).filter((cluster) => !isSameCluster(cluster, dpu.spec.cluster));
  return Promise.all(
    others.map(async (cluster) => ({ cluster, facts: await tenants.observe(cluster, { namespace, name, uid }, { signal }) })),
  );
}

function siblingOf(dpu: Dpu): Sibling {
  const { metadata, spec, status } = dpu;
  return {
    uid: metadata.uid ?? '',
    name: metadata.name,
    pci: spec.pciAddress,
    phase: status?.phase ?? 'Initializing',
    operation: status?.operation,
    deleting: metadata.deletionTimestamp !== undefined,
    paused: spec.paused,
    inLine: placeOf(dpu) === 'waiting',
    nextRetryAt: status?.phase === 'Rebooting' ? at(status.attempt?.nextRetryTime) : undefined,
  };
}
