/** The two servers of the suite: a real kube-apiserver, and the embedded one. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knownAssets, startControlPlane } from '@dpf/control-plane';
import { startKubeSim } from '@dpf/kube-sim';
import { parse } from 'yaml';
import { clientOf, type Body, type Client } from '../../sim/kube-sim/test/client.ts';
import type { Side } from './case.ts';

export const WIDGET_CRD = join(import.meta.dirname, '../../sim/kube-sim/test/widget-crd.yaml');
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface Server {
  side: Side;
  client: Client;
  /** Environment of kubectl: its configuration and a home of its own. */
  env: Record<string, string>;
  /** Makes it forget its history. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

interface Started {
  kubeconfig: string;
  compact(): Promise<void>;
  close(): Promise<void>;
}

async function serverOf(side: Side, { kubeconfig, compact, close }: Started): Promise<Server> {
  const home = mkdtempSync(join(tmpdir(), 'dpf-conformance-'));
  mkdirSync(join(home, 'cache'));
  writeFileSync(join(home, 'config'), kubeconfig, { mode: 0o600 });
  const client = clientOf(kubeconfig);
  await installWidgets(client);
  return {
    side,
    client,
    env: { HOME: home, KUBECONFIG: join(home, 'config'), KUBECACHEDIR: join(home, 'cache'), PATH: '/usr/bin:/bin' },
    compact,
    close: async () => {
      client.close();
      await close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Installs the definition of widgets and waits until they are served: a real server says Established a moment before. */
async function installWidgets(client: Client): Promise<void> {
  const created = await client.post(DEFINITIONS, parse(readFileSync(WIDGET_CRD, 'utf8')));
  if (created.code !== 201) throw new Error(created.text);
  const served = async (): Promise<boolean> => {
    const { body } = await client.get(`${DEFINITIONS}/widgets.example.com`);
    const established = ((body['status']?.conditions ?? []) as Body[]).some(
      ({ type, status }) => type === 'Established' && status === 'True',
    );
    return established && (await client.get('/apis/example.com/v1/widgets')).code === 200;
  };
  while (!(await served()));
}

async function startEmbedded(): Promise<Server> {
  const sim = await startKubeSim();
  const compact = async () => sim.compact();
  return serverOf('embedded', { kubeconfig: sim.kubeconfig, compact, close: () => sim.close() });
}

/** A whole control plane. @param assets folder with its programs */
async function startReal(assets: string): Promise<Server> {
  const plane = await startControlPlane({ assets, name: 'conformance' });
  const compact = async (): Promise<void> => {
    const { body } = await server.client.get('/api/v1/namespaces');
    const answer = await fetch(`${plane.etcdUrl}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify({ revision: body['metadata'].resourceVersion, physical: true }),
    });
    if (!answer.ok) throw new Error(`etcd does not compact: ${answer.status} ${await answer.text()}`);
    // Its cache remembers what etcd forgot.
    await plane.restart({ signal: 'SIGKILL' });
  };
  const started = { kubeconfig: plane.adminKubeconfig, compact, close: () => plane.stop() };
  const server: Server = await serverOf('real', started);
  return server;
}

const assets = knownAssets('all');

/** How each is started; the real one only where its programs are. */
export const START: Record<Side, (() => Promise<Server>) | undefined> = {
  real: 'folder' in assets ? () => startReal(assets.folder) : undefined,
  embedded: startEmbedded,
};
