/** The two servers of the suite: a real kube-apiserver, and the embedded one. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPki, startKubeSim } from '@dpf/kube-sim';
import { parse } from 'yaml';
import { startKubeApiServer } from '../../libs/kube/test/kube-apiserver.ts';
import { clientOf, type Body, type Client } from '../../sim/kube-sim/test/client.ts';
import type { Case, Side } from './case.ts';

export const WIDGET_CRD = join(import.meta.dirname, '../../sim/kube-sim/test/widget-crd.yaml');
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface Server {
  side: Side;
  client: Client;
  /** Environment of kubectl: its configuration and a home of its own. */
  env: Record<string, string>;
  /** What cases may need of it. */
  offers: NonNullable<Case['needs']>[];
  compact(): Promise<void>;
  close(): Promise<void>;
}

interface Started {
  kubeconfig: string;
  compact?: () => Promise<void>;
  close(): Promise<void>;
}

async function serverOf(side: Side, { kubeconfig, compact, close }: Started, offers: Server['offers']): Promise<Server> {
  const home = mkdtempSync(join(tmpdir(), 'dpf-conformance-'));
  mkdirSync(join(home, 'cache'));
  writeFileSync(join(home, 'config'), kubeconfig, { mode: 0o600 });
  const client = clientOf(kubeconfig);
  await installWidgets(client);
  return {
    side,
    client,
    env: { HOME: home, KUBECONFIG: join(home, 'config'), KUBECACHEDIR: join(home, 'cache'), PATH: '/usr/bin:/bin' },
    offers: [...offers, ...(compact ? ['compaction' as const] : [])],
    compact: compact ?? (() => Promise.reject(new Error(`the ${side} server cannot be told to forget`))),
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

export async function startEmbedded(): Promise<Server> {
  const sim = await startKubeSim();
  const compact = async () => sim.compact();
  return serverOf('embedded', { kubeconfig: sim.kubeconfig, compact, close: () => sim.close() }, ['controllers']);
}

/** @param assets folder with etcd and kube-apiserver */
export async function startReal(assets: string): Promise<Server> {
  return serverOf('real', await startKubeApiServer(assets, await createPki()), []);
}
