/** An agent announces itself: boot, cards and what it holds stand on its Node, and it learns which Dpus of its host exist. */
import { wakeUpKey, type Announcement, type AnnounceReply, type Dpu, type Node } from '@dpf/api';
import { writeNode } from '../act.ts';
import { announced, lastAnnounced } from '../host/announce.ts';
import { recordsOf } from '../host/records.ts';
import { sweep } from '../host/sweep.ts';
import type { AnnounceAnswer } from '../ports.ts';
import { untilNoConflict } from '../step.ts';
import { isOurs, type World } from '../world.ts';

export async function announce(world: World, node: string, announcement: Announcement, signal?: AbortSignal): Promise<AnnounceAnswer> {
  if (announcement.node !== node)
    return { status: 403, refused: { reason: 'NotYours', message: `node ${node} cannot announce node ${announcement.node}` } };
  return untilNoConflict(async () => {
    const { api, stores, clock, settings } = world;
    // First the Node, then the Dpus: see host/sweep.ts.
    const host = await api.nodes.get({ name: node }, { signal });
    if (!host) throw new Error(`there is no Node ${node}`);
    const heard = announced(host, announcement, settings.discovery, clock.now());
    if (!heard)
      return {
        status: 409,
        refused: {
          reason: 'AnnouncementStale',
          message: `a later announcement of node ${node} was heard before, or its boot under another number`,
          announced: lastAnnounced(host),
        },
      };
    const known = stores.dpus.byIndex('host', node);
    const others = await readClaimants(world, heard, known, signal);
    const swept = await sweep(heard, others.goneUids, (ref) => api.dpus.get(ref, { signal }));
    await writeNode(world, host, swept, signal);
    const dpus = [...known, ...others.existing];
    for (const { metadata } of dpus) await world.wake(wakeUpKey('dpu', metadata.namespace ?? '', metadata.name));
    const ours = dpus.map(({ metadata, spec }) => ({
      uid: metadata.uid ?? '',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      pci: spec.pciAddress,
    }));
    return { accepted: { dpus: [...ours, ...others.foreign] } };
  });
}

/** Dpus with a claim on the Node that the store does not show (yet), or never does: an agent must never be told that one of those is gone. */
async function readClaimants(
  { api, settings }: World,
  host: Node,
  known: readonly Dpu[],
  signal?: AbortSignal,
): Promise<{ existing: Dpu[]; foreign: AnnounceReply['dpus']; goneUids: string[] }> {
  const existing: Dpu[] = [];
  const goneUids: string[] = [];
  const foreign: AnnounceReply['dpus'] = [];
  for (const [pci, { forced, ...claim }] of Object.entries(recordsOf(host).claims)) {
    if (!isOurs(settings, claim.namespace)) {
      foreign.push({ ...claim, pci });
      continue;
    }
    if (known.some(({ metadata }) => metadata.uid === claim.uid)) continue;
    const dpu = await api.dpus.get({ namespace: claim.namespace, name: claim.name }, { signal });
    if (dpu?.metadata.uid === claim.uid) existing.push(dpu);
    else if (!forced) goneUids.push(claim.uid);
  }
  return { existing, foreign, goneUids };
}
