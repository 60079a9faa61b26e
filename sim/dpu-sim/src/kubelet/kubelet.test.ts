import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { knownAssets, startControlPlane } from '@dpf/control-plane';
import { startKubeSim } from '@dpf/kube-sim';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generateBfb } from '../images/generate.ts';
import type { JournalEntry } from '../journal.ts';
import { startDpuSim, type DpuSim } from '../simulator.ts';
import { bfCfg } from '../test/bf-cfg.ts';
import { JoinableCluster, type RunningCluster } from '../test/cluster.ts';
import { socketClient, type HostClient } from '../test/host-client.ts';
import { BF3, push, TWO_CARDS } from '../test/sim-process.ts';
import { request } from './api-request.ts';
import { requestCertificate } from './bootstrap.ts';
import { parseJoin } from './cluster-info.ts';
import { newKey } from './signing-request.ts';

const SMALL = generateBfb({ bytes: 20_000 });
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const WRONG_HASH = `sha256:${'0'.repeat(64)}`;

function stories(title: string, tell: typeof describe.skip, start: () => Promise<RunningCluster>): void {
  tell(`on ${title}, a DPU that was told to join`, () => {
    let cluster: JoinableCluster;
    let folder: string;
    let sim: DpuSim;
    let host: HostClient;
    let node: string;
    let nodes = 0;
    beforeAll(async () => {
      cluster = new JoinableCluster(await start());
    }, 60_000);
    afterAll(() => cluster.stop());
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'dpu-sim-'));
      sim = await startDpuSim({ stateDir: folder, hosts: TWO_CARDS, speed: 2000 });
      host = socketClient(sim.hosts()[0] as NonNullable<ReturnType<DpuSim['hosts']>[0]>);
      node = `dpu-${++nodes}`;
    });
    afterEach(async () => {
      host.close();
      await sim.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const next = <E extends JournalEntry['event']>(event: E) => {
      const after = sim.journal().length;
      const found = sim.journaled((entry) => entry.event === event, { after, timeoutMs: 20_000 });
      return found as Promise<JournalEntry & { event: E }>;
    };
    const joinArguments = (token: string, hash = cluster.caHash) => [
      ...[cluster.endpoint, '--token', token, '--discovery-token-ca-cert-hash', hash, '--node-name', node],
    ];
    const install = (token: string) => push(host, bfCfg({ join: joinArguments(token) }), SMALL);
    const installed = async (token: string) => {
      const join = next('join');
      await install(token);
      return join;
    };
    /** `kubeadm join` as a script of the card runs it, without an installation before. */
    const kubeadm = (argv: string[]) => {
      const env = { DPF_SIM_CTL: sim.ctl, DPF_SIM_HOST: 'h', DPF_SIM_PCI: BF3 };
      return promisify(execFile)(join(folder, 'dpu-tools/kubeadm'), ['join', ...argv], { env });
    };
    const joined = async (token: string) => {
      const join = next('join');
      await kubeadm(joinArguments(token));
      return join;
    };
    const onDisk = (path: string) => readFileSync(join(folder, 'h', BF3, 'emmc', path), 'utf8');
    /** Whether the card's log of the join has the sentence, a moment after the journal. */
    const logged = async (why: string) => {
      for (let looks = 0; looks < 100; looks++, await delay(20)) {
        const log = join(folder, 'h', BF3, 'emmc/var/log/dpf-sim/join.log');
        if (existsSync(log) && readFileSync(log, 'utf8').includes(why)) return true;
      }
      return false;
    };
    const nodePath = () => `/api/v1/nodes/${node}`;
    const leasePath = () => `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${node}`;
    /** What it says when it fails. */
    const complaint = async (argv: string[]): Promise<string> => {
      const failed: unknown = await kubeadm(argv).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 1 });
      expect((await cluster.get(nodePath())).status).toBe(404);
      return (failed as { stderr: string }).stderr;
    };

    test('makes its Node with nothing but endpoint, token and CA hash, and sets it Ready', async () => {
      const token = await cluster.signedToken();
      const { uid } = await installed(token);
      const { metadata, status } = (await cluster.get(nodePath())).body;
      expect(metadata.uid).toBe(uid);
      expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
      expect(status.nodeInfo).toMatchObject({
        osImage: 'Ubuntu 22.04 (bf-bundle-2.7.0)',
        bootID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(JSON.stringify(sim.journal())).not.toContain(token.split('.')[1]);
    });

    test('pays with the token for one certificate, which is all that it keeps', async () => {
      const token = await cluster.signedToken();
      await joined(token);
      const { items } = (await cluster.get(CSRS)).body;
      const mine = items.filter(({ spec }: { spec: { username: string } }) => spec.username === `system:bootstrap:${token.split('.')[0]}`);
      expect(mine).toHaveLength(1);
      expect(mine[0]).toMatchObject({
        spec: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' },
        status: { certificate: expect.any(String), conditions: [{ type: 'Approved' }] },
      });
      const kept = ['etc/kubernetes/kubelet.conf', 'etc/kubernetes/pki/ca.crt', 'var/lib/kubelet/pki/kubelet-client-current.pem'];
      expect(kept.map(onDisk).join('')).not.toContain(token.split('.')[1]);
    });

    test("renews its Lease, which is its Node's and goes with it; the Node comes back only with a restart of the kubelet", async () => {
      const { uid } = await joined(await cluster.signedToken());
      const first = await cluster.until(leasePath(), ({ status }) => status === 200);
      expect(first).toMatchObject({
        metadata: { ownerReferences: [{ kind: 'Node', name: node, uid }] },
        spec: { holderIdentity: node, leaseDurationSeconds: 40 },
      });
      await cluster.until(leasePath(), ({ body }) => body.spec.renewTime > first.spec.renewTime);
      await cluster.call('DELETE', nodePath());
      await cluster.until(leasePath(), ({ status }) => status === 404);
      expect((await cluster.get(nodePath())).status).toBe(404);
      const again = next('join');
      sim.reboot('h');
      expect(await again).toMatchObject({ created: true });
      const { metadata } = await cluster.until(leasePath(), ({ status }) => status === 200);
      expect(metadata.ownerReferences[0].uid).toBe((await again).uid);
    });

    test('takes up its Node after a reboot, with the certificate that it has: the token may be gone', async () => {
      const token = await cluster.signedToken();
      const { uid } = await joined(token);
      const certificate = onDisk('var/lib/kubelet/pki/kubelet-client-current.pem');
      await cluster.removeToken(token);
      const again = next('join');
      sim.reboot('h');
      expect(await again).toMatchObject({ created: false, uid });
      expect(onDisk('var/lib/kubelet/pki/kubelet-client-current.pem')).toBe(certificate);
      expect(sim.journal().filter(({ event }) => event === 'certificate')).toHaveLength(1);
    });

    test('asks for another certificate after it was flashed again: nothing of the old software is left', async () => {
      const { uid } = await joined(await cluster.signedToken());
      const certificate = onDisk('var/lib/kubelet/pki/kubelet-client-current.pem');
      await cluster.call('DELETE', nodePath());
      const again = await installed(await cluster.signedToken());
      expect(again).toMatchObject({ created: true });
      expect(again.uid).not.toBe(uid);
      expect(onDisk('var/lib/kubelet/pki/kubelet-client-current.pem')).not.toBe(certificate);
    });

    test('joins nothing with a token that the cluster does not know, says so in its log, and tries on until there is one', async () => {
      const token = cluster.newToken();
      const refused = next('join-refused');
      await install(token);
      const why = `cluster-info is not signed for token ${token.split('.')[0]}: the cluster does not know the token, or not yet, or no longer`;
      expect(await refused).toMatchObject({ why });
      await expect(logged(why)).resolves.toBe(true);
      expect((await cluster.get(nodePath())).status).toBe(404);
      const join = next('join');
      await cluster.addToken(token);
      expect(await join).toMatchObject({ node, created: true });
    });

    test.each<[string, () => Promise<string[]>, RegExp]>([
      [
        'whose CA is not the one that was pinned',
        async () => joinArguments(await cluster.signedToken(), WRONG_HASH),
        /CA of the cluster is not the one/,
      ],
      [
        'that is not signed by its token',
        async () => joinArguments((await cluster.signedToken()).replace('.0123', '.ffff')),
        /signature of cluster-info is not by this token/,
      ],
      [
        'with a token that has expired',
        async () => {
          const token = cluster.newToken();
          await cluster.addToken(token, { expiration: new Date(Date.now() - 60_000).toISOString() });
          return joinArguments(token);
        },
        /cluster-info is not signed for token/,
      ],
      [
        'with a token that may sign and no more',
        async () => joinArguments(await cluster.signedToken({ 'usage-bootstrap-authentication': 'false' })),
        /does not let the node ask for its certificate: HTTP 401 Unauthorized/,
      ],
      [
        'with a token that is not of a group that may join',
        async () => joinArguments(await cluster.signedToken({ 'auth-extra-groups': 'system:bootstrappers:others' })),
        /ask for its certificate: HTTP 403 .*cannot create resource "certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope/,
      ],
    ])('joins no cluster %s', async (_, argv, because) => {
      expect(await complaint(await argv())).toMatch(because);
      expect(sim.journal().at(-1)).toMatchObject({ event: 'join-refused', why: expect.stringMatching(because) });
    });

    test('gets no further with its token than to a certificate', async () => {
      const token = await cluster.signedToken();
      const { url: server, caPem: ca } = cluster.running;
      const body = { apiVersion: 'v1', kind: 'Node', metadata: { name: node } };
      const answer = await request({ server, ca, token, method: 'POST', path: '/api/v1/nodes', body, signal: AbortSignal.timeout(5_000) });
      const message = `nodes is forbidden: User "system:bootstrap:${token.split('.')[0]}" cannot create resource "nodes" in API group "" at the cluster scope`;
      expect(answer).toMatchObject({ status: 403, body: { message } });
    });

    test('is told that nobody approved its request in time, and that somebody denied it', async () => {
      const access = await cluster.as('somebody', ['strangers']);
      await cluster.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: 'strangers' },
        roleRef: { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'system:node-bootstrapper' },
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'strangers' }],
      });
      const asked = { nodeName: node, keyPem: newKey() };
      const { signal } = new AbortController();
      // The authorizer of a real server sees a new binding a moment later.
      let failed: Error;
      do failed = (await requestCertificate(access, asked, { deadlineMs: 300, signal }).catch((error: Error) => error)) as Error;
      while (failed.message.includes('403'));
      expect(failed.message).toMatch(/^CertificateSigningRequest node-csr-[0-9a-f]{64} is not approved after 0 s$/);
      const name = /node-csr-\S+/.exec(failed.message)?.[0] ?? '';
      const { body } = await cluster.get(`${CSRS}/${name}`);
      const denied = { type: 'Denied', status: 'True', reason: 'Stranger', message: 'nobody knows it' };
      await cluster.call('PUT', `${CSRS}/${name}/approval`, { ...body, status: { conditions: [denied] } });
      await expect(requestCertificate(access, asked, { deadlineMs: 300, signal })).rejects.toThrow(
        `CertificateSigningRequest ${name} is denied: nobody knows it`,
      );
    });
  });
}

stories('the embedded API server', describe, async () => {
  const sim = await startKubeSim();
  return { url: sim.url, caPem: sim.caPem, pki: sim.pki, stop: () => sim.close() };
});
const assets = knownAssets();
const folderOf = () => ('folder' in assets ? assets.folder : '');
stories('a real control plane', 'folder' in assets ? describe : describe.skip, () =>
  startControlPlane({ assets: folderOf(), name: 'tenant' }),
);

describe('kubeadm', () => {
  test('reads its arguments in both forms', () => {
    const read = parseJoin(['join', '10.0.0.1:6443', '--token=a.b', '--discovery-token-ca-cert-hash', 'sha256:00', '--node-name', 'dpu']);
    expect(read).toEqual({ endpoint: '10.0.0.1:6443', token: 'a.b', caHash: 'sha256:00', nodeName: 'dpu' });
  });
  test.each([[['init']], [['join', '10.0.0.1:6443']], [['join', '10.0.0.1:6443', '--token', 'a.b', '--node-name', 'dpu']]])(
    'refuses %j',
    (argv) => {
      expect(() => parseJoin(argv)).toThrow(/kubeadm/);
    },
  );
});
