/** Wrong input and missing things: each is told with a reason and a sentence that says what to do, and heals by itself once its cause is gone. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  KINDS,
  NODE_LABELS,
  REASONS,
  type Bfb,
  type Condition,
  type Dpu,
  type DPUFlavor,
  type Node,
  type Reason,
  type Secret,
} from '@dpf/api';
import { generateBfb } from '@dpf/dpu-sim';
import { CORE } from '@dpf/kube';
import { NAMESPACE, TENANT } from '../fleet/control-plane.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { describeDpu, DpuWatching, isReady, Watching } from '../fleet/watching.ts';
import { announcedOn, claimAs } from './agent-call.ts';
import { example } from './example.ts';
import { onBothControlPlanes } from './on-both.ts';
import { mountSmallVolume, type SmallVolume } from './small-volume.ts';

/** What is wrong is told within so many seconds of being detectable. */
const TOLD_SECONDS = 5;
/** What is retried by the clock heals within its first pause (30 s ± 20 %) and the work after it. */
const RETRY_SECONDS = 60;
/** An agent that takes no operation for so long is told to be silent. */
const SILENT_SECONDS = 3;
const PCI = '0000-4b-00';

interface Told {
  phase?: string;
  conditions?: Condition[];
  waitingFor?: string;
  lastError?: { reason: string; message: string };
}
const tellsOf = (status: Told | undefined, reason: Reason) =>
  status?.conditions?.some((one) => one.status === 'False' && one.reason === reason);

const dpuController = { AGENT_SILENT_SECONDS: String(SILENT_SECONDS) };
onBothControlPlanes({ hosts: 3, speed: 120, imageBytes: 1 << 20, dpuController }, (started, kind) => {
  let fleet: Fleet;
  let dpus: DpuWatching;
  let bfbs: Watching<Bfb>;
  let volume: SmallVolume | undefined;
  /** Healing that takes a retry, awaited at the end: meanwhile the other stories are told. */
  const healing: Promise<unknown>[] = [];
  const healsLater = (healed: Promise<unknown>) => {
    healed.catch(() => undefined);
    healing.push(healed);
  };
  /** How long it took until each was told, for people. */
  const told: string[] = [];

  beforeAll(async () => {
    fleet = started();
    volume = mountSmallVolume(fleet.services.bfbVolume, 32 << 20);
    const { cluster } = fleet.host;
    [dpus, bfbs] = [await DpuWatching.start(cluster), await Watching.start<Bfb>(cluster, KINDS.Bfb, NAMESPACE)];
    const { bfb, flavor } = example();
    await cluster.resource<Bfb>(KINDS.Bfb).create(bfb);
    await cluster.resource<DPUFlavor>(KINDS.DPUFlavor).create(flavor);
    await bfbs.until('the image Ready', (all) => all.some(({ status }) => status?.phase === 'Ready'), 30);
  }, 60_000);

  afterAll(async () => {
    await Promise.allSettled(healing);
    await Promise.all([dpus?.stop(), bfbs?.stop()]);
    // The volume goes once nobody uses it, and before its folder does.
    await fleet?.services.stop();
    await fleet?.agents.stop();
    volume?.remove();
  }, 60_000);

  // ── what tests say

  /** Within {@link TOLD_SECONDS}: a condition with the reason, and a sentence about it that ends in what to do. */
  async function expectTold(kind: Watching<Bfb> | Watching<Dpu>, name: string, reason: Reason, about: RegExp): Promise<void> {
    const find = (all: { metadata: { name: string }; status?: Told }[]) => all.find(({ metadata }) => metadata.name === name)?.status;
    const began = performance.now();
    const tells = (all: (Bfb | Dpu)[]) => tellsOf(find(all), reason) === true;
    const describeOne = (one: Bfb | Dpu) => `${one.metadata.name}: ${JSON.stringify(one.status)}`;
    const all = await (kind as Watching<Bfb | Dpu>).until(`${name} tells ${reason}`, tells, TOLD_SECONDS, describeOne);
    told.push(`${reason} ${Math.round(performance.now() - began)} ms`);
    const status = find(all);
    const condition = status?.conditions?.find((one) => one.status === 'False' && one.reason === reason);
    for (const sentence of [condition?.message, status?.waitingFor ?? status?.lastError?.message]) {
      expect(sentence).toMatch(about);
      expect(sentence).toContain(REASONS[reason].fix);
    }
  }

  const createBfb = (name: string, spec: Bfb['spec']) =>
    fleet.host.cluster.resource<Bfb>(KINDS.Bfb).create({ metadata: { namespace: NAMESPACE, name }, spec });
  const correctBfb = (name: string, spec: Partial<Bfb['spec']>) =>
    fleet.host.cluster.resource<Bfb>(KINDS.Bfb).patch({ namespace: NAMESPACE, name }, { spec });
  const bfbReady = (name: string, seconds: number) =>
    bfbs.until(
      `Bfb ${name} Ready`,
      (all) => all.some(({ metadata, status }) => metadata.name === name && status?.phase === 'Ready'),
      seconds,
      ({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`,
    );
  const onServer = (path: string) => `${fleet.images.url}/${path}`;

  const createDpu = (name: string, nodeName: string, change: Partial<Dpu['spec']> = {}) =>
    fleet.host.cluster.resource<Dpu>(KINDS.Dpu).create({
      metadata: { namespace: NAMESPACE, name },
      spec: { nodeName, pciAddress: PCI, bfb: 'doca-24.04', dpuFlavor: 'hbn', ...change },
    });
  const correctDpu = (name: string, spec: Partial<Dpu['spec']>) =>
    fleet.host.cluster.resource<Dpu>(KINDS.Dpu).patch({ namespace: NAMESPACE, name }, { spec });
  const createFlavor = (name: string, spec: DPUFlavor['spec']) =>
    fleet.host.cluster.resource<DPUFlavor>(KINDS.DPUFlavor).create({ metadata: { namespace: NAMESPACE, name }, spec });
  /** A host that discovery has labelled and where no agent runs. */
  const createNode = (name: string) =>
    fleet.host.cluster
      .resource<Node>(CORE.Node)
      .create({ metadata: { name, labels: { [NODE_LABELS.dpuEnabled]: 'true', [NODE_LABELS.pciAddress(0)]: PCI } } });
  const dpuIs = (name: string, what: string, is: (dpu: Dpu) => boolean, seconds: number) =>
    dpus.watching.until(`Dpu ${name} ${what}`, (all) => all.some((dpu) => dpu.metadata.name === name && is(dpu)), seconds, describeDpu);
  /** All references resolve and the flavor renders: what is awaited next is the agent, which these hosts do not have. */
  const movesOn = (name: string) => dpuIs(name, 'moves on', ({ status }) => tellsOf(status, 'AgentNotSeen') === true, TOLD_SECONDS);

  // ── images

  // What is wrong with an image is between bfb-downloader, a server and a disk: its own stories are told on both API servers.
  if (kind === 'embedded')
    describe('an image', () => {
      test('from a server that is not there: UrlUnreachable; ready once the URL is corrected', async () => {
        await createBfb('wrong-host', { url: 'http://127.0.0.2:1/image.bfb' });
        await expectTold(bfbs, 'wrong-host', 'UrlUnreachable', /127\.0\.0\.2:1\/image\.bfb/);
        fleet.images.put('right.bfb', generateBfb({ bytes: 1 << 20, seed: 1 }));
        await correctBfb('wrong-host', { url: onServer('right.bfb') });
        await bfbReady('wrong-host', 10);
      }, 30_000);

      test('that the server does not have (404): UrlRefused; ready with the next try once it has', async () => {
        await createBfb('not-there', { url: onServer('later.bfb') });
        await expectTold(bfbs, 'not-there', 'UrlRefused', /later\.bfb was answered with 404/);
        fleet.images.put('later.bfb', generateBfb({ bytes: 1 << 20, seed: 2 }));
        healsLater(bfbReady('not-there', RETRY_SECONDS));
        const next = bfbs.all.find(({ metadata }) => metadata.name === 'not-there')?.status?.nextRetryTime ?? '';
        expect(Date.parse(next) - Date.now()).toBeLessThan(37_000);
      }, 30_000);

      test('with another sha256 than asked for: DigestMismatch; ready once the digest is corrected', async () => {
        const image = generateBfb({ bytes: 1 << 20, seed: 3 });
        fleet.images.put('digest.bfb', image);
        await createBfb('wrong-digest', { url: onServer('digest.bfb'), sha256: '0'.repeat(64) });
        await expectTold(bfbs, 'wrong-digest', 'DigestMismatch', new RegExp(image.sha256));
        await correctBfb('wrong-digest', { sha256: image.sha256 });
        await bfbReady('wrong-digest', 10);
      }, 30_000);

      test('that finds the disk full: VolumeFull; ready with the next try once there is room', async () => {
        if (!volume) return console.warn('not told: a small volume cannot be mounted here');
        fleet.images.put('large.bfb', generateBfb({ bytes: 4 << 20, seed: 4 }));
        await volume.fill(1 << 20);
        await createBfb('no-room', { url: onServer('large.bfb') });
        await expectTold(bfbs, 'no-room', 'VolumeFull', /the image needs \d+ more bytes and the BFB volume has \d+/);
        volume.makeRoom();
        healsLater(bfbReady('no-room', RETRY_SECONDS));
      }, 30_000);
    });

  // ── what a Dpu refers to

  describe('a DPU', () => {
    test('of a host that is no Node: NodeNotFound; goes on once the host joined', async () => {
      await createDpu('unknown-node', 'ghost');
      await expectTold(dpus.watching, 'unknown-node', 'NodeNotFound', /Node ghost to exist/);
      await createNode('ghost');
      await movesOn('unknown-node');
    }, 20_000);

    test('whose flavor is missing: FlavorNotFound; goes on once it is created', async () => {
      await createNode('bare-1');
      await createDpu('no-flavor', 'bare-1', { dpuFlavor: 'forgotten' });
      await expectTold(dpus.watching, 'no-flavor', 'FlavorNotFound', /DPUFlavor dpf-provisioning\/forgotten to exist/);
      await createFlavor('forgotten', {});
      await movesOn('no-flavor');
    }, 20_000);

    test('whose cluster has no admin kubeconfig: ClusterNotFound; goes on once the Secret is there', async () => {
      await createNode('bare-2');
      await createDpu('no-cluster', 'bare-2', { cluster: { name: 'tenant-01', namespace: TENANT.namespace } });
      await expectTold(dpus.watching, 'no-cluster', 'ClusterNotFound', /Secret tenant-00-ns\/tenant-01-admin-kubeconfig/);
      await fleet.host.cluster.resource<Secret>(CORE.Secret).create({
        metadata: { name: 'tenant-01-admin-kubeconfig', namespace: TENANT.namespace },
        data: { 'admin.conf': Buffer.from(readFileSync(fleet.tenant.kubeconfig, 'utf8')).toString('base64') },
      });
      await movesOn('no-cluster');
    }, 20_000);

    test('whose cluster is not granted to its namespace: ClusterNotGranted; goes on once it names one that is', async () => {
      await createNode('bare-3');
      await createDpu('not-granted', 'bare-3', { cluster: { name: 'tenant-00', namespace: 'somebody-else' } });
      await expectTold(dpus.watching, 'not-granted', 'ClusterNotGranted', /somebody-else/);
      await correctDpu('not-granted', { cluster: TENANT });
      await movesOn('not-granted');
    }, 20_000);

    test('whose bf.cfg is too large: ConfigTooLarge; goes on with a smaller flavor', async () => {
      await createNode('bare-4');
      const file = (path: string) => ({ path, operation: 'override' as const, raw: 'x'.repeat(90_000) });
      await createFlavor('too-large', { configFiles: [file('/etc/one'), file('/etc/two')] });
      await createDpu('large-config', 'bare-4', { dpuFlavor: 'too-large' });
      await expectTold(dpus.watching, 'large-config', 'ConfigTooLarge', /it has \d+ bytes, a card reads \d+; DPUFlavor too-large/);
      await correctDpu('large-config', { dpuFlavor: 'hbn' });
      await movesOn('large-config');
    }, 20_000);

    test('whose rshim the BMC owns: RshimOwnedByBmc; Ready once the host owns it', async () => {
      await fleet.hardware.request({ op: 'fault', arm: 'rshim.bmcOwned', host: 'worker-1', pci: '0000:4b:00' });
      await createDpu('bmc-owned', 'worker-1');
      await expectTold(dpus.watching, 'bmc-owned', 'RshimOwnedByBmc', /card 0000-4b-00 is in drop mode: its BMC owns it/);
      await fleet.hardware.request({ op: 'fault-clear', name: 'rshim.bmcOwned' });
      healsLater(dpuIs('bmc-owned', 'Ready', isReady, RETRY_SECONDS));
    }, 20_000);

    test('on a host whose agent has not come yet: AgentNotSeen; goes on by itself once it has', async () => {
      // As a host that joins the cluster anew.
      await fleet.agents.hostDown('worker-3');
      await fleet.host.cluster.resource<Node>(CORE.Node).delete({ name: 'worker-3' });
      await createNode('worker-3');
      await createDpu('no-agent', 'worker-3');
      await expectTold(dpus.watching, 'no-agent', 'AgentNotSeen', /the agent of host worker-3 to announce itself/);
      fleet.agents.hostUp('worker-3');
      healsLater(dpuIs('no-agent', 'Ready', isReady, RETRY_SECONDS));
    }, 20_000);

    test('whose agent hangs: AgentSilent; Ready once it goes on', async () => {
      const agent = fleet.agents.byHost.get('worker-2');
      agent?.signal('SIGSTOP');
      try {
        await createDpu('silent', 'worker-2');
        await dpuIs('silent', 'waits for its agent', ({ status }) => status?.operation?.state === 'Open', TOLD_SECONDS);
        await dpuIs(
          'silent',
          'is past its deadline',
          ({ status }) => tellsOf(status, 'AgentSilent') === true,
          SILENT_SECONDS + TOLD_SECONDS,
        );
        await expectTold(dpus.watching, 'silent', 'AgentSilent', /for more than 3 s: the agent of host worker-2 to examine card/);
      } finally {
        agent?.signal('SIGCONT');
      }
      healsLater(dpuIs('silent', 'Ready', isReady, RETRY_SECONDS));
    }, 30_000);
  });

  // ── who may ask for what

  describe('the agents’ endpoint', () => {
    test('answers 403 to an agent that asks for an operation of another node', async () => {
      const token = await fleet.agents.tokenOf('worker-1');
      const own = await announcedOn(fleet, 'worker-1');
      const uid = dpus.watching.all.find(({ metadata }) => metadata.name === 'silent')?.metadata.uid;
      for (const id of [`preflight.${uid}.1`, `install.${uid}.1`, 'reset.worker-2.1']) {
        const { code, answer } = await claimAs(fleet, token, id, own);
        expect([id, code, answer.reason]).toEqual([id, 403, 'NotYours']);
      }
    });

    test('answers 401 to a token that is none of an agent’s', async () => {
      const own = await announcedOn(fleet, 'worker-1');
      for (const token of ['x.y.z', '', (await fleet.agents.tokenOf('worker-1')).replace(/\.[^.]+$/, '.AAAA')]) {
        const { code, answer } = await claimAs(fleet, token, 'preflight.some-uid.1', own);
        expect([code, answer.reason]).toEqual([401, 'Unauthenticated']);
      }
    });
  });

  test(
    'what a retry heals has healed',
    async () => {
      console.info(`${kind}: told after: ${told.join(', ')}`);
      await Promise.all(healing);
    },
    (RETRY_SECONDS + 5) * 1000,
  );
});
