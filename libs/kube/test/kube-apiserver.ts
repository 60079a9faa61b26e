/** A real kube-apiserver with its etcd, on free loopback ports, as envtest does it: KUBEBUILDER_ASSETS names the folder of both binaries. */
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../src/index.ts';

/** A certificate authority for loopback, as the embedded API server has one. */
export interface Pki {
  caPem: string;
  server(): Promise<{ certPem: string; keyPem: string }>;
  client(commonName: string, organizations?: string[]): Promise<{ certPem: string; keyPem: string }>;
}

export interface ApiServer {
  url: string;
  /** Text of an admin's kubeconfig. */
  kubeconfig: string;
  close(): Promise<void>;
}

const START_MS = 60_000;

/** @throws Error with the end of its log when it is not ready within a minute */
export async function startKubeApiServer(assets: string, pki: Pki): Promise<ApiServer> {
  const dir = await mkdtemp(join(tmpdir(), 'dpf-kube-'));
  const [etcdPort, peerPort, port] = await freePorts(3);
  const file = async (name: string, text: string) => {
    await writeFile(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const [server, admin] = await Promise.all([pki.server(), pki.client('admin', ['system:masters'])]);
  const accounts = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ca = await file('ca.crt', pki.caPem);
  const key = await file('accounts.key', accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const pub = await file('accounts.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const etcd = `http://127.0.0.1:${etcdPort}`;
  const url = `https://127.0.0.1:${port}`;
  const children = [
    start(dir, join(assets, 'etcd'), {
      'data-dir': join(dir, 'etcd'),
      'listen-client-urls': etcd,
      'advertise-client-urls': etcd,
      'listen-peer-urls': `http://127.0.0.1:${peerPort}`,
      'unsafe-no-fsync': 'true',
    }),
    start(dir, join(assets, 'kube-apiserver'), {
      'etcd-servers': etcd,
      'bind-address': '127.0.0.1',
      'secure-port': String(port),
      'tls-cert-file': await file('server.crt', server.certPem),
      'tls-private-key-file': await file('server.key', server.keyPem),
      'client-ca-file': ca,
      'service-account-key-file': pub,
      'service-account-signing-key-file': key,
      'service-account-issuer': issuer,
      'authorization-mode': 'RBAC',
      'disable-admission-plugins': 'ServiceAccount',
      'service-cluster-ip-range': '10.96.0.0/16',
    }),
  ];
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': base64(pki.caPem) } }],
    users: [{ name: 'admin', user: { 'client-certificate-data': base64(admin.certPem), 'client-key-data': base64(admin.keyPem) } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
  const close = async () => {
    await Promise.all(children.map(stop));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await ready(kubeconfig, children);
  } catch (error) {
    const log = await readFile(join(dir, 'kube-apiserver.log'), 'utf8').catch(() => '');
    await close();
    throw new Error(`kube-apiserver did not start:\n${log.slice(-2_000)}`, { cause: error });
  }
  return { url, kubeconfig, close };
}

function start(dir: string, program: string, flags: Record<string, string>): ChildProcess {
  const child = spawn(
    program,
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  child.stderr?.pipe(createWriteStream(join(dir, `${program.split('/').at(-1)}.log`)));
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Ready: it answers, and the namespace `default` exists. */
async function ready(kubeconfig: string, children: ChildProcess[]): Promise<void> {
  const cluster = await connect({ kubeconfig, userAgent: 'dpf-test' });
  const end = Date.now() + START_MS;
  try {
    for (;;) {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
      const there = await cluster
        .resource(namespace)
        .get({ name: 'default' })
        .catch((error: unknown) => {
          if (Date.now() > end || children.some((child) => child.exitCode !== null)) throw error;
        });
      if (there) return;
      await sleep(100);
    }
  } finally {
    await cluster.close();
  }
}

/** Ports that nobody uses at this moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
