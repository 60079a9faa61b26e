/** The servers that the stories are told on: ours and, where one can be had, a real one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onRealApi } from '@dpf/control-plane/testing';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { parse } from 'yaml';
import { startKubeSim, type KubeSim } from '../src/index.ts';
import { clientOf, type Body, type Client } from './client.ts';

export const WIDGET_CRD = join(import.meta.dirname, 'widget-crd.yaml');
export const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

let counter = 0;
/** A name that no other story uses. */
export const fresh = (prefix = 'w'): string => `${prefix}-${++counter}`;

/** A widget of the definition in widget-crd.yaml. */
export const widget = (name: string, spec: Body = {}, metadata: Body = {}): Body => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec: { size: 3, ...spec },
});

/** Installs the definition and waits until its resources are served. */
export async function installWidgets(client: Client): Promise<void> {
  const created = await client.post(DEFINITIONS, parse(readFileSync(WIDGET_CRD, 'utf8')));
  if (created.code !== 201) throw new Error(created.text);
  const watch = await client.watch(`${DEFINITIONS}?watch=1&fieldSelector=metadata.name=widgets.example.com`);
  for (;;) {
    const { object } = await watch.next();
    const conditions = (object['status']?.conditions ?? []) as Body[];
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) break;
  }
  watch.stop();
  // A real server says Established a moment before it serves the resource.
  while ((await client.get(WIDGETS)).code !== 200);
}

export type Stories = (client: () => Client) => void;

/** Tells stories on both servers. */
export function onEveryServer(stories: Stories): void {
  tell('the embedded API server', () => startKubeSim(), stories);
  onRealApi((start) => tell('a real kube-apiserver', start, stories));
}

function tell(name: string, start: () => Promise<{ kubeconfig: string; close(): Promise<void> }>, stories: Stories): void {
  describe(name, () => {
    let running: { server: { close(): Promise<void> }; client: Client };
    beforeAll(async () => {
      const server = await start();
      running = { server, client: clientOf(server.kubeconfig) };
      await installWidgets(running.client);
    }, 90_000);
    afterAll(async () => {
      running.client.close();
      await running.server.close();
    });
    stories(() => running.client);
  });
}

/** The embedded server alone, with the widgets installed. */
export async function embedded(options: Parameters<typeof startKubeSim>[0] = {}): Promise<{ sim: KubeSim; client: Client }> {
  const sim = await startKubeSim({ crds: [WIDGET_CRD], ...options });
  return { sim, client: clientOf(sim.kubeconfig) };
}
