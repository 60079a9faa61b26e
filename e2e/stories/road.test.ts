import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { KINDS, NODE_LABELS, type Bfb, type Dpu, type DpuSet, type Node } from '@dpf/api';
import { generateBfb } from '@dpf/dpu-sim';
import { CORE } from '@dpf/kube';
import { NAMESPACE } from '../fleet/control-plane.ts';
import { auditLength, countRequests, dpuWrites, readAudit, writesPerDpu } from '../fleet/audit.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { judgeBudget, judgeFlashes, judgeResets } from '../fleet/judge.ts';
import { snapshot } from '../fleet/snapshot.ts';
import { describeDpu, DpuWatching, isReady, Watching } from '../fleet/watching.ts';
import { applyExample, deleteExample, example } from './example.ts';
import { onBothControlPlanes } from './on-both.ts';

const DPUS = 5;
/** Host-API writes per Dpu from nothing to Ready; Events and DpuSets not counted. */
const WRITES_PER_DPU = 16;
/** How long an idle fleet is listened to. */
const QUIET_MS = 5_000;

onBothControlPlanes({ speed: 120 }, (started, kind) => {
  let fleet: Fleet;
  let dpus: DpuWatching;
  let before: string[];
  beforeAll(async () => {
    fleet = started();
    dpus = await DpuWatching.start(fleet.host.cluster);
    const nodes = await Watching.start<Node>(fleet.host.cluster, CORE.Node);
    const announced = (all: Node[]) => all.every(({ metadata }) => metadata.labels?.[NODE_LABELS.dpuEnabled]);
    await nodes.until('every host is announced', announced, 90);
    await nodes.stop();
    before = await snapshot(fleet);
  }, 100_000);
  afterAll(() => dpus?.stop());

  /** What happened while a story was told: to the hardware, and at the API server. */
  const since = async () => {
    const journal = fleet.hardware.journal().length;
    const auditLog = fleet.host.auditLog!;
    const lines = await auditLength(auditLog);
    return { journal: () => fleet.hardware.journal().slice(journal), audit: () => readAudit(auditLog, lines) };
  };

  test('from three objects to Ready DPUs: one flash per card, one reset per host, few writes', async () => {
    const story = await since();
    await applyExample(fleet);
    await dpus.allReady(DPUS, 120);
    expect(judgeFlashes(story.journal(), DPUS)).toEqual([]);
    expect(judgeResets(story.journal(), fleet.hosts, () => 1)).toEqual([]);
    const writes = writesPerDpu(await story.audit(), DPUS);
    const sum = [...writes.values()].reduce((all, count) => all + count, 0);
    process.stderr.write(
      `${kind}: host-API writes per Dpu: ${sum} (${[...writes].map(([what, count]) => `${what} ${count}`).join(', ')})\n`,
    );
    expect(sum).toBeLessThanOrEqual(WRITES_PER_DPU);
  }, 150_000);

  // The embedded one's log holds no reads; stories of large fleets count its requests.
  if (kind === 'real')
    test('all Ready and left alone, no service lists anything', async () => {
      const listed = async () => {
        const story = await since();
        await delay(QUIET_MS);
        const lists = (await story.audit()).filter(
          ({ verb, user }) => verb === 'list' && user.username.startsWith('system:serviceaccount:'),
        );
        return countRequests(lists).map(({ kind: what, user, count }) => `${user}: ${what} ${count} times`);
      };
      // The last look at a set follows the last Dpu by a while.
      for (let tries = 0; tries < 3 && (await listed()).length > 0; tries++);
      expect(await listed()).toEqual([]);
    }, 60_000);

  test('another image in the set re-flashes every DPU, host by host, both DPUs of a host together with one reboot', async () => {
    const story = await since();
    const next = { ...example().bfb, metadata: { name: 'doca-2.9', namespace: NAMESPACE }, spec: { url: `${fleet.images.url}/next.bfb` } };
    fleet.images.put('next.bfb', generateBfb({ version: '2.9.0-1', seed: 2 }));
    await fleet.host.cluster.resource<Bfb>(KINDS.Bfb).create(next);
    const sets = fleet.host.cluster.resource<DpuSet>(KINDS.DpuSet);
    await sets.patch(
      { namespace: NAMESPACE, name: example().set.metadata.name },
      { spec: { dpuTemplate: { spec: { BFB: { bfb: 'doca-2.9' } } } } },
    );
    await dpus.watching.until(
      'every DPU runs the new image',
      (all) =>
        all.every(({ spec, status }) => spec.bfb === 'doca-2.9' && status?.phase === 'Ready' && status.attempt?.inputs?.bfb === 'doca-2.9'),
      240,
    );
    expect(judgeFlashes(story.journal(), DPUS)).toEqual([]);
    expect(judgeResets(story.journal(), fleet.hosts, () => 1)).toEqual([]);
    // From the beginning of the log: what was in service is known from what was written before.
    const written = dpuWrites(await readAudit(fleet.host.auditLog!));
    const disrupted = written.filter(({ dpu }) => dpu?.status?.provisioned && dpu.status.phase === 'OSInstalling').map(({ uid }) => uid);
    expect(new Set(disrupted).size).toBe(DPUS);
    expect(judgeBudget(written, 1)).toEqual([]);
  }, 260_000);

  test('a Dpu that is made anew beside one in service is installed once under a grant: its reset disturbs the other', async () => {
    const story = await since();
    const hosts = Map.groupBy(dpus.watching.all, ({ spec }) => spec.nodeName);
    const doomed = [...hosts.values()].flatMap(([, second]) => second?.metadata ?? [])[0];
    if (!doomed) throw new Error('no host has two DPUs');
    const { name, uid } = doomed;
    await fleet.host.cluster.resource<Dpu>(KINDS.Dpu).delete({ namespace: NAMESPACE, name });
    const isNew = (dpu: Dpu) => dpu.metadata.name === name && dpu.metadata.uid !== uid;
    const all = await dpus.watching.until('a new one is Ready', (all) => all.some(isNew) && all.every(isReady), 180, describeDpu);
    const made = all.find(isNew);
    expect(made?.spec.grant).toBeGreaterThan(0);
    expect(made?.status?.attempt?.grant).toBe(made?.spec.grant);
    expect(judgeFlashes(story.journal(), 1)).toEqual([]);
  }, 200_000);

  test('deleting the set, and then its Bfbs, leaves nothing behind', async () => {
    await deleteExample(fleet, 120);
    const { cluster } = fleet.host;
    await cluster.resource(KINDS.DPUFlavor).delete({ namespace: NAMESPACE, name: 'hbn' });
    for (const name of ['doca-24.04', 'doca-2.9']) await cluster.resource(KINDS.Bfb).delete({ namespace: NAMESPACE, name });
    const bfbs = await Watching.start<Bfb>(cluster, KINDS.Bfb, NAMESPACE);
    await bfbs.until('the Bfbs are gone', (all) => all.length === 0, 60);
    await bfbs.stop();
    // What is queued about the last changes is worked off; nothing announces that.
    for (let waited = 0; waited < 10_000 && (await fleet.redis.leftovers('dpf')).length > 0; waited += 100) await delay(100);
    expect(await snapshot(fleet)).toEqual(before);
  }, 200_000);
});
