/** A real Kubernetes control plane on loopback: etcd, kube-apiserver and, unless told otherwise, kube-controller-manager. */
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientKubeconfig, createPki, type Pki } from '@dpf/pki';
import { clientOf, type Client } from './client.ts';
import { AUDIT_POLICY } from './audit-policy.ts';
import { apiServerFlags, controllerManagerFlags, etcdFlags, MEMORY } from './flags.ts';
import { allowJoining } from './joining.ts';
import { freePorts } from './ports.ts';
import { Processes, type Running } from './processes.ts';
import { serviceAccountKubeconfig } from './service-account.ts';

export interface ControlPlaneOptions {
  /** The folder with the programs: `knownAssets()` or `controlPlaneAssets()`. */
  assets: string;
  /** For people, in messages and the name of its folder; default `cluster`. */
  name?: string;
  /** Whether the controller manager runs (default). Without it a control plane is etcd and an API server, up in half the time. */
  controllers?: boolean;
  /** audit.k8s.io/v1 Policy; default: AUDIT_POLICY. */
  auditPolicy?: object;
  /** The CA to use; default: a new one. */
  pki?: Pki;
}

export interface ControlPlane {
  name: string;
  url: string;
  /** Text of an administrator's kubeconfig. */
  adminKubeconfig: string;
  caPem: string;
  pki: Pki;
  /** Path of the audit log: a JSON object (audit.k8s.io/v1 Event) per line, there before its answer is sent. */
  auditLog: string;
  /** URL of etcd, for faults (compaction). */
  etcdUrl: string;
  /** Folder of logs and state; removed by stop. */
  folder: string;
  /** Process ids of what runs now. */
  pids(): number[];
  /** Text of a kubeconfig with a token (of a day) for an existing service account, `<namespace>/<name>`. Throws with what the API server answers. */
  kubeconfigFor(serviceAccount: string): Promise<string>;
  /** Stops the API server (SIGTERM; SIGKILL as a crash), does what is given, and starts it again on the same port with the same state. */
  restart(options?: { signal?: 'SIGTERM' | 'SIGKILL'; meanwhile?: () => Promise<void> }): Promise<void>;
  /** Stops everything, the API server before etcd, and removes the folder. May be called again. */
  stop(): Promise<void>;
}

const START_MS = 60_000;
const LOOK_MS = 50;
/** Another process may take a port between the look and the start. */
const TRIES = 3;

/** Starts a control plane; resolves once it answers, its first namespaces and, with controllers, their work are there. Throws with the end of the log. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt++) {
    const processes = new Processes(options.name ?? 'cluster');
    try {
      return await start(options, processes);
    } catch (error) {
      await processes.close();
      if (attempt === TRIES || !/address already in use/.test((error as Error).message)) throw error;
    }
  }
}

async function start(options: ControlPlaneOptions, processes: Processes): Promise<ControlPlane> {
  const { assets, name = 'cluster', controllers = true, auditPolicy = AUDIT_POLICY, pki = await createPki() } = options;
  const { folder } = processes;
  const [etcdPort, peerPort, port] = (await freePorts(3)) as [number, number, number];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const url = `https://127.0.0.1:${port}`;
  const etcd = processes.start(join(assets, 'etcd'), etcdFlags(folder, etcdUrl, `http://127.0.0.1:${peerPort}`), MEMORY.etcd);

  const [serving, administrator, manager] = await Promise.all([
    pki.server(['localhost', '127.0.0.1', '::1', 'kubernetes', 'kubernetes.default.svc']),
    pki.client('kubernetes-admin', ['system:masters']),
    pki.client('system:kube-controller-manager'),
  ]);
  const accounts = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ca = processes.file('ca.crt', pki.caPem);
  const accountsKey = processes.file('accounts.key', accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const auditLog = processes.file('audit.log', '');
  const apiFlags = apiServerFlags(
    port,
    etcdUrl,
    {
      serverCert: processes.file('server.crt', serving.certPem),
      serverKey: processes.file('server.key', serving.keyPem),
      ca,
      accountsKey,
      accountsPublicKey: processes.file('accounts.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      auditPolicy: processes.file('audit-policy.json', JSON.stringify(auditPolicy)),
      auditLog,
    },
    controllers,
  );
  const admin = clientOf(url, pki.caPem, administrator);
  const startApiServer = async () => {
    const server = processes.start(join(assets, 'kube-apiserver'), apiFlags, MEMORY['kube-apiserver']);
    await answers(admin, '/readyz', [etcd, server]);
    return server;
  };
  const running: Running[] = [];
  let apiServer = await startApiServer();
  await Promise.all(
    ['default', 'kube-public', 'kube-system'].map((space) => answers(admin, `/api/v1/namespaces/${space}`, [etcd, apiServer])),
  );
  await allowJoining(admin, url, pki.caPem);
  if (controllers) {
    const flags = controllerManagerFlags({
      kubeconfig: processes.file('controller-manager.conf', clientKubeconfig(url, pki.caPem, manager)),
      ca,
      caKey: processes.file('ca.key', pki.caKeyPem),
      accountsKey,
    });
    const controllerManager = processes.start(join(assets, 'kube-controller-manager'), flags, MEMORY['kube-controller-manager']);
    running.push(controllerManager);
    await answers(admin, '/api/v1/namespaces/default/serviceaccounts/default', [etcd, apiServer, controllerManager]);
  }
  return {
    name,
    url,
    adminKubeconfig: clientKubeconfig(url, pki.caPem, administrator),
    caPem: pki.caPem,
    pki,
    auditLog,
    etcdUrl,
    folder,
    pids: () => [etcd, apiServer, ...running].filter((child) => child.ended() === undefined).map(({ pid }) => pid),
    kubeconfigFor: (account) => serviceAccountKubeconfig(admin, url, pki.caPem, account),
    restart: async ({ signal = 'SIGTERM', meanwhile } = {}) => {
      await apiServer.stop(signal);
      await meanwhile?.();
      apiServer = await startApiServer();
    },
    stop: async () => {
      admin.close();
      for (const child of running) await child.stop();
      await apiServer.stop();
      await etcd.stop();
      await processes.close();
    },
  };
}

/** Waits until a GET is answered 200. Throws with the end of its log when a program has ended, or nothing came in a minute. */
async function answers(admin: Client, path: string, programs: Running[]): Promise<void> {
  for (const end = Date.now() + START_MS; ; await sleep(LOOK_MS)) {
    const answer = await admin.call('GET', path).catch((error: Error) => ({ code: 0, body: error.message }));
    if (answer.code === 200) return;
    const dead = programs.find((program) => program.ended() !== undefined);
    if (dead) throw new Error(`the control plane did not start: a program ended with ${dead.ended()}:\n${dead.log()}`);
    if (Date.now() > end)
      throw new Error(`the control plane did not start: GET ${path} is answered ${answer.code} ${answer.body}\n${programs.at(-1)?.log()}`);
  }
}
