/** The servers that the tables are read on, with our kinds installed, and what one of them makes of an object. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { API_VERSION, GROUP, KINDS, VERSION } from '@dpf/api';
import { createPki, startKubeSim } from '@dpf/kube-sim';
import { parse } from 'yaml';
import { startKubeApiServer } from '../../libs/kube/test/kube-apiserver.ts';
import { clientOf, type Answer, type Body, type Client } from '../../sim/kube-sim/test/client.ts';
import type { Kind, Spec } from './rows/row.ts';

export const CRDS = join(import.meta.dirname, '../../crds');
export const NAMESPACE = 'dpf-provisioning';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const INSTALL_MS = 20_000;

/** The definitions of our kinds, as they stand in crds/. */
export const definitions = (): Body[] =>
  readdirSync(CRDS)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => parse(readFileSync(join(CRDS, file), 'utf8')) as Body);

/** Where objects of a kind lie. */
export const pathOf = (kind: Kind): string => `/apis/${GROUP}/${VERSION}/namespaces/${NAMESPACE}/${KINDS[kind].plural}`;
/** An object as a user writes it. */
export const objectOf = (kind: Kind, name: string, spec: Spec): Body => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name, namespace: NAMESPACE },
  spec,
});

export interface Server {
  client: Client;
  kubeconfig: string;
  /** What the server answered to each definition. */
  installed: Answer[];
}

/** Tells the same stories on the embedded API server and, where KUBEBUILDER_ASSETS names its folder, on a real one. */
export function onBothServers(stories: (server: () => Server) => void): void {
  tell('the embedded API server', () => startKubeSim(), stories);
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets) tell('a real kube-apiserver', async () => startKubeApiServer(assets, await createPki()), stories);
  else test.todo('a real kube-apiserver: set KUBEBUILDER_ASSETS to read the tables on it');
}

function tell(
  name: string,
  start: () => Promise<{ kubeconfig: string; close(): Promise<void> }>,
  stories: (server: () => Server) => void,
): void {
  describe(`on ${name}`, () => {
    let api: { kubeconfig: string; close(): Promise<void> };
    let server: Server;
    beforeAll(async () => {
      api = await start();
      const client = clientOf(api.kubeconfig);
      server = { client, kubeconfig: api.kubeconfig, installed: await install(client) };
    }, 90_000);
    afterAll(async () => {
      server?.client.close();
      await api?.close();
    });
    stories(() => server);
  });
}

/** Installs our kinds and the namespace of the tables; ends when all of them are served. */
async function install(client: Client): Promise<Answer[]> {
  const answers = [];
  for (const definition of definitions()) answers.push(await client.post(DEFINITIONS, definition));
  await client.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  const end = Date.now() + INSTALL_MS;
  for (const kind of Object.keys(KINDS) as Kind[])
    for (let answer = await client.get(pathOf(kind)); answer.code !== 200; answer = await client.get(pathOf(kind)))
      if (Date.now() > end) throw new Error(`${kind} is not served: ${answers.map(({ text }) => text).join('\n')}`);
  return answers;
}

/** The definition of a kind as it stands on the server. */
export const definitionOf = async ({ client }: Server, kind: Kind): Promise<Body> =>
  (await client.get(`${DEFINITIONS}/${KINDS[kind].plural}.${GROUP}`)).body;

/** Sends an object that is not kept. */
export const tryOut = (client: Client, kind: Kind, name: string, spec: Spec): Promise<Answer> =>
  client.post(`${pathOf(kind)}?dryRun=All&fieldValidation=Strict`, objectOf(kind, name, spec));

/** What a user reads behind `is invalid: `; the whole answer where it is no such refusal. */
export function refusal({ code, body, text }: Answer, kind: Kind, name: string): string {
  const before = `${kind}.${GROUP} "${name}" is invalid: `;
  const message = body['message'] as string | undefined;
  return code === 422 && message?.startsWith(before) ? message.slice(before.length) : text;
}
