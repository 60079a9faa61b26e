import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startKubeSim, type KubeSim } from '@dpf/kube-sim';
import { parse } from 'yaml';
import { generateBfb } from '../images/generate.ts';
import type { JournalEntry } from '../journal.ts';
import { startDpuSim, type DpuSim } from '../simulator.ts';
import { bfCfg } from '../test/bf-cfg.ts';
import { socketClient, type HostClient } from '../test/host-client.ts';
import { BF3, push, TWO_CARDS } from '../test/sim-process.ts';
import { parseJoin } from './cluster-info.ts';

const SMALL = generateBfb({ bytes: 20_000 });
const TOKEN = 'abcdef.0123456789abcdef';

describe('a DPU that was told to join', () => {
  let cluster: KubeSim;
  let folder: string;
  let sim: DpuSim;
  let host: HostClient;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dpu-sim-'));
    cluster = await startKubeSim();
    sim = await startDpuSim({ stateDir: folder, hosts: TWO_CARDS, speed: 2000 });
    host = socketClient(sim.hosts()[0] as NonNullable<ReturnType<DpuSim['hosts']>[0]>);
  });
  afterEach(async () => {
    host.close();
    await sim.close();
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const arguments_ = (changes: { token?: string; hash?: string } = {}) => {
    const { url, caPem } = cluster;
    const { token = TOKEN, hash = spkiHash(caPem) } = changes;
    return [new URL(url).host, '--token', token, '--discovery-token-ca-cert-hash', hash, '--node-name', 'worker-1-0000-4b-00'];
  };
  const next = (event: JournalEntry['event']) => {
    const after = sim.journal().length;
    return sim.journaled((entry) => entry.event === event, { after, timeoutMs: 15_000 });
  };
  const install = (join: string[]) => push(host, bfCfg({ join }), SMALL);
  /** The tool as a script of the card runs it, without an installation before. */
  const kubeadm = (argv: string[]) => {
    const env = { DPF_SIM_CTL: sim.ctl, DPF_SIM_HOST: 'h', DPF_SIM_PCI: BF3 };
    return promisify(execFile)(join(folder, 'dpu-tools/kubeadm'), ['join', ...argv], { env });
  };
  const getNode = () => admin(cluster, 'GET', '/api/v1/nodes/worker-1-0000-4b-00');

  test('makes its Node with nothing but endpoint, token and CA hash, and sets it Ready', async () => {
    await createToken(cluster);
    const joined = next('join');
    await install(arguments_());
    const { uid } = (await joined) as JournalEntry & { event: 'join' };
    const node = (await getNode()).body as {
      metadata: { uid: string };
      status: { nodeInfo: object; conditions: { type: string; status: string }[] };
    };
    expect(node.metadata.uid).toBe(uid);
    expect(node.status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
    expect(node.status.nodeInfo).toMatchObject({
      osImage: 'Ubuntu 22.04 (bf-bundle-2.7.0)',
      bootID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.stringify(sim.journal())).not.toContain('0123456789abcdef');
  });

  test('takes up the Node of its name after a reboot, and a Node that was deleted stays away once the token is gone', async () => {
    await createToken(cluster);
    const joined = next('join');
    await install(arguments_());
    await joined;
    const again = next('join');
    sim.reboot('h');
    expect(await again).toMatchObject({ created: false });
    await deleteToken(cluster);
    await admin(cluster, 'DELETE', '/api/v1/nodes/worker-1-0000-4b-00');
    const refused = next('join-refused');
    sim.reboot('h');
    await refused;
    expect((await getNode()).status).toBe(404);
  });

  test('joins nothing with a token that was revoked, and tries on until there is one', async () => {
    const refused = next('join-refused');
    await install(arguments_());
    expect(await refused).toMatchObject({ why: expect.stringContaining('HTTP 401') });
    expect((await getNode()).status).toBe(404);
    const joined = next('join');
    await createToken(cluster);
    expect(await joined).toMatchObject({ node: 'worker-1-0000-4b-00', created: true });
  });

  test('joins no cluster whose CA is not the one that was pinned', async () => {
    await createToken(cluster);
    const refused = next('join-refused');
    await expect(kubeadm(arguments_({ hash: `sha256:${'0'.repeat(64)}` }))).rejects.toMatchObject({ code: 1 });
    expect(await refused).toMatchObject({ why: 'the CA of the cluster is not the one that was pinned' });
    expect((await getNode()).status).toBe(404);
  });

  test('joins no cluster whose answer is not signed by its token', async () => {
    await createToken(cluster);
    await signedFor(cluster, 'abcdef');
    const refused = next('join-refused');
    await expect(kubeadm(arguments_({ token: 'abcdef.ffffffffffffffff' }))).rejects.toMatchObject({ code: 1 });
    expect(await refused).toMatchObject({ why: 'the signature of cluster-info is not by this token' });
  });
});

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

const spkiHash = (pem: string) =>
  `sha256:${createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;

const createToken = (cluster: KubeSim) =>
  admin(cluster, 'POST', '/api/v1/namespaces/kube-system/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    stringData: {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
    },
  });
/** The signature of a new token comes to cluster-info a moment after the token. */
async function signedFor(cluster: KubeSim, tokenId: string): Promise<void> {
  for (let looks = 0; looks < 200; looks++) {
    const { body } = await admin(cluster, 'GET', '/api/v1/namespaces/kube-public/configmaps/cluster-info');
    if ((body as { data: Record<string, string> }).data[`jws-kubeconfig-${tokenId}`]) return;
    await delay(20);
  }
  throw new Error(`cluster-info was not signed for token ${tokenId}`);
}

const deleteToken = (cluster: KubeSim) => admin(cluster, 'DELETE', '/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef');

function admin(cluster: KubeSim, method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const { user } = (parse(cluster.kubeconfig) as { users: { user: Record<string, string> }[] }).users[0] as {
    user: Record<string, string>;
  };
  const pem = (name: string) => Buffer.from(user[name] as string, 'base64');
  return new Promise((resolve, reject) => {
    const request = https.request(
      `${cluster.url}${path}`,
      {
        method,
        ca: cluster.caPem,
        cert: pem('client-certificate-data'),
        key: pem('client-key-data'),
        agent: false,
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
      },
    );
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}
