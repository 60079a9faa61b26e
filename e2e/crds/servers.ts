/** The servers that the tables are read on, with our kinds installed, and what one of them makes of an object. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { API_VERSION, GROUP, KINDS, VERSION } from '@dpf/api';
import { knownAssets, startControlPlane } from '@dpf/control-plane';
import { startKubeSim } from '@dpf/kube-sim';
import { parse } from 'yaml';
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

interface Running {
  kubeconfig: string;
  close(): Promise<void>;
}

/** Tells the same stories on the embedded API server and on a real one; without its programs they are counted as skipped. */
export function onBothServers(stories: (server: () => Server) => void): void {
  describe('on the embedded API server', () => tell(() => startKubeSim(), stories));
  const assets = knownAssets('api');
  if ('skip' in assets)
    describe.skip(`on a real kube-apiserver: ${assets.skip}`, () => tell(() => Promise.reject(new Error(assets.skip)), stories));
  else describe('on a real kube-apiserver', () => tell(() => startReal(assets.folder), stories));
}

async function startReal(assets: string): Promise<Running> {
  const plane = await startControlPlane({ assets, name: 'crds', controllers: false });
  return { kubeconfig: plane.adminKubeconfig, close: () => plane.stop() };
}

function tell(start: () => Promise<Running>, stories: (server: () => Server) => void): void {
  let api: Running | undefined;
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
